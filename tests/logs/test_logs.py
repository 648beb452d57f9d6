"""What goes wrong is logged with its kind and place, and without the values it went wrong with."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import structlog

from router import logs

NUMBER = "+4930666001"
DOCS = Path(__file__).parents[2] / "docs"


def _fails(caller: str) -> None:
    kept = {"caller": caller}
    raise ValueError(f"{kept['caller']} cannot be read")


def _fails_in_turn(caller: str) -> None:
    try:
        _fails(caller)
    except ValueError as error:
        raise ExceptionGroup(f"for {caller}", [RuntimeError(caller), error]) from error


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("logger", ["ours", "a library's"])
def test_a_traceback_in_the_log_has_no_values(as_json: bool, logger: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", as_json=as_json)
    try:
        _fails_in_turn(NUMBER)
    except ExceptionGroup:
        if logger == "ours":
            structlog.get_logger("ours").exception("went wrong")
        else:
            logging.getLogger("uvicorn.error").exception("went wrong")
    logged = capsys.readouterr().err
    assert "went wrong" in logged
    assert NUMBER not in logged
    for kind in ("ExceptionGroup", "ValueError", "RuntimeError", "_fails_in_turn", "test_logs.py"):
        assert kind in logged, kind


def test_an_error_that_leads_to_itself_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=True)
    first, second = ValueError("a"), KeyError("b")
    first.__cause__, second.__cause__ = second, first
    logging.getLogger("x").error("round", exc_info=first)
    assert "KeyError" in capsys.readouterr().err


def test_an_error_nobody_waited_for_is_logged_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=True)
    context = {"message": "Task exception was never retrieved", "exception": ValueError(NUMBER), "task": NUMBER}
    logs.of_the_loop(None, context)
    logged = capsys.readouterr().err
    assert "never retrieved" in logged
    assert "ValueError" in logged
    assert NUMBER not in logged


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


async def test_lines_are_about_what_was_said_at_the_entrance(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=True)
    log = structlog.get_logger("room")

    async def one(call: str) -> None:
        logs.about(call=call)
        await asyncio.sleep(0)
        log.info("moved", state="flow")
        with logs.While(request="r-1", call="other"):
            log.info("asked")
        await asyncio.create_task(deeper())

    async def deeper() -> None:
        log.warning("deeper", call="its own")
        log.warning("deeper still")

    await asyncio.gather(one("call-1"), one("call-2"))
    log.info("nobody's")
    lines = told(capsys)
    assert [line["call"] for line in lines if line["event"] == "moved"] == ["call-1", "call-2"]
    assert {(line["call"], line["request"]) for line in lines if line["event"] == "asked"} == {("other", "r-1")}
    assert {line["call"] for line in lines if line["event"] == "deeper"} == {"its own"}
    assert sorted(line["call"] for line in lines if line["event"] == "deeper still") == ["call-1", "call-2"]
    assert "call" not in lines[-1]


@pytest.mark.parametrize("as_json", [True, False])
def test_no_value_begins_a_line_of_its_own(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=as_json)
    log = structlog.get_logger("room")
    log.info("a\nb", reason="x\r\nlevel=error\x1b[2J", names=["y\nz"], call="c\nd")
    logging.getLogger("library").warning("one\ntwo")
    logged = capsys.readouterr().err
    assert logged.count("\n") == 2
    assert "\x1b" not in logged
    assert "\r" not in logged


def test_levels_below_the_chosen_one_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", as_json=True)
    structlog.get_logger("room").info("said in passing")
    logging.getLogger("library").info("said in passing")
    logging.getLogger("httpx").warning("heard")
    assert [line["event"] for line in told(capsys)] == ["heard"]


SCHEMA = json.loads(re.findall(r"```json\n(.*?)```", (DOCS / "logs.md").read_text("utf-8"), flags=re.DOTALL)[-1])


def test_lines_are_as_the_document_says(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", as_json=True)
    logs.about(call="1" * 32)
    log = structlog.get_logger("room")
    log.info("call", state="flow", sequence=1, seconds=0.2, ready=None, phones=("PJSIP/101",), more={"a": object()})
    try:
        _fails(NUMBER)
    except ValueError as error:
        log.exception("went wrong")
        log.error("went wrong", exc_info=error)
    logging.getLogger("library").critical("%s is gone", "disk")
    lines = told(capsys)
    assert len(lines) == 4
    for line in lines:
        jsonschema.validate(line, SCHEMA)
    assert all("ValueError" in line["exception"] for line in lines[1:3])
    example = re.findall(r"```json\n(.*?)```", (DOCS / "logs.md").read_text("utf-8"), flags=re.DOTALL)[0]
    for line in example.splitlines():
        jsonschema.validate(json.loads(line), SCHEMA)
