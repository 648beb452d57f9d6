"""Texts that break what trusts them, as they arrive at the far side: one command, one header, one element, one cell."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import SMTP
from pathlib import Path
from xml.etree import ElementTree

import pytest
import structlog

from router import logs
from router.admin.auditing import _line
from router.agents.ami.errors import AmiRefused
from router.agents.ami.link import _clean
from router.channels.agi import commands
from router.channels.agi.errors import LocalProtocolError
from router.channels.twilio.twiml import response, tag, text
from router.messages.mailing import Mailer
from router.settings import load
from tests.channels.agi.asterisk import parse_args
from tests.hostile.strings import ALL

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def test_asterisk_reads_one_command_with_the_text_as_its_value_or_none() -> None:
    sent = 0
    for each in ALL:
        try:
            line = commands.set_variable("THREADLINE_X", each).encode()
        except LocalProtocolError:
            assert re.search("[\r\n\0\ud800-\udfff]", each) or len(each) > 8000
            continue
        sent += 1
        assert line.count(b"\n") == 1
        assert parse_args(line[:-1]) == [b"SET", b"VARIABLE", b"THREADLINE_X", each.encode()]
    assert sent > 500


def test_the_manager_interface_reads_one_header() -> None:
    for each in ALL:
        try:
            headers = _clean("Setvar", {"Variable": "X", "Value": each})
        except AmiRefused:
            assert len(each) > 500
            continue
        assert list(headers) == ["Action", "Variable", "Value"]
        assert not re.search("[\r\n\0]", headers["Value"])


def test_twilio_reads_the_text_and_no_verb_of_it() -> None:
    for each in ALL:
        document = response(tag("Say", {"voice": each}, text(each) or "-"))
        read = ElementTree.fromstring(document.encode("utf-8"))
        (say,) = read
        assert (say.tag, list(say)) == ("Say", [])
        expected = NOT_XML.sub(" ", each).replace("\r\n", "\n").replace("\r", "\n")
        assert say.text == (expected or "-")


def test_a_mail_server_reads_one_recipient_and_one_subject(tmp_path: Path) -> None:
    mailer = Mailer(load({}, tmp_path, smtp_host="127.0.0.1", mail_sender="hotline@example.com"), lambda: NOW)
    known = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    sent = 0
    for each in ALL:
        try:
            raw = mailer.message("m1", "anna@example.net", each, each).as_bytes(policy=SMTP)
        except ValueError:
            continue
        sent += 1
        read = message_from_bytes(raw)
        assert set(read.keys()) <= {*known, "Content-Transfer-Encoding"}, each
        assert (read.get_all("To"), len(read.get_all("Subject") or ())) == (["anna@example.net"], 1)
        subject = str(make_header(decode_header(read["Subject"])))
        assert "\n" not in subject.replace("\r\n ", " ") or "\n" in each
    assert sent > 400


@pytest.mark.parametrize("behind", ["", "x"])
def test_a_spreadsheet_reads_cells_and_no_formula(behind: str) -> None:
    for each in ALL:
        (row,) = csv.reader(io.StringIO(_line((1, each + behind, "end")), newline=""))
        assert (row[0], row[2], len(row)) == ("1", "end", 3)
        assert not row[1].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert row[1].removeprefix("'") == (each + behind).removeprefix("'")


@pytest.mark.parametrize("as_json", [True, False])
def test_whoever_reads_the_log_reads_one_line_of_text_for_each_event(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", as_json=as_json)
    log = structlog.get_logger("far")
    for each in ALL:
        log.info("told", what=each, call=each, list=[each])
        logging.getLogger("library").warning("%s", each)
    lines = capsys.readouterr().err.splitlines()  # at everything that a terminal or a program may take for a line's end
    assert len(lines) == 2 * len(ALL)
    assert not [line for line in lines if re.search("[\0-\x08\x0b-\x1f\x7f-\x9f]", line)]
    if as_json:
        assert {json.loads(line)["level"] for line in lines} == {"info", "warning"}
    for personal in ("+491713920011", "0171 3920011", "4821390657"):
        log.info("told", what=f"\x1b[31m{personal}\u2028", said=f'{{"a":"{personal}"}}')
        assert personal not in capsys.readouterr().err
