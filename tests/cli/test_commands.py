"""The command line as a script sees it: what is printed, and the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.settings import SettingsRefused
from router.web.passwords import Passwords

PROJECT = Path(__file__).parents[2]
Run = Callable[..., Result]

CSV = """external_id;channel;to_phone;customer_name;customer_language;offer_title;offer_queue;body;sent_at
a-1;sms;0171 39200 11;Anna Beispiel;de;Strom Fix;sales;Ihr Angebot;2026-11-22T09:00:00+01:00
a-2;sms;12;Ben Beispiel;de;Gas Fix;sales;Ihr Angebot;2026-11-22T09:00:00+01:00
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "SECRET": "s" * 32,
        "DATABASE": f"sqlite:///{tmp_path}/threadline.db",
        "FLOWS": str(PROJECT / "ivr_flows"),
        "SERVICE_NUMBER": "+493023125000",
    }.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    return lambda *words, stdin=None: CliRunner().invoke(cli.app, list(words), input=stdin)


def test_every_command_has_help_with_an_example(run: Run) -> None:
    for command in (
        "serve", "demo", "dial", "match", "doctor", "flow check", "flow graph", "flow schema", "messages import",
        "messages status", "pools", "pools release",
        "keys create", "people add", "people password", "people link", "db upgrade",
    ):  # fmt: skip
        result = run(*command.split(), "--help")
        assert result.exit_code == 0
        assert "Example:" in result.output, command


def test_messages_from_a_file_are_found_again_by_number_and_by_code(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sent.csv").write_text(CSV)
    result = run("messages", "import", "sent.csv", "--json")
    good, bad = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1, "a row was refused"
    assert bad["external_id"] == "a-2"
    assert bad["errors"][0]["field"] == "to_phone"
    again = run("messages", "import", "sent.csv", "--json")
    assert json.loads(again.stdout.splitlines()[0])["callback_code"] == good["callback_code"]

    at = ("--at", "2026-11-22T12:00:00+01:00", "--json")
    by_number = json.loads(run("match", "--from", "0171/3920011", *at).stdout)
    by_code = json.loads(run("match", "--withheld", "--code", good["callback_code"], *at).stdout)
    assert by_number["candidates"][0]["message_id"] == good["id"]
    assert (by_code["decision"], by_code["assurance"]) == ("sure", "L2")
    nobody = run("match", "--from", "0171 39200 99", *at)
    assert nobody.exit_code == 1
    assert json.loads(nobody.stdout)["decision"] == "none"


def test_the_code_keyed_in_on_a_test_call_leads_to_the_offers_queue(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sent.csv").write_text(CSV)
    code = json.loads(run("messages", "import", "sent.csv", "--json").stdout.splitlines()[0])["callback_code"]
    result = run("dial", "--withheld", "--keys", code, "--at", "2026-11-23T10:00:00", "--json")
    call = json.loads(result.stdout)
    assert call["state"] == "queue"
    assert call["trace"][-1]["note"] == "to queue sales"
    assert code not in result.stdout


def test_dialling_by_hand_shows_prompts_and_what_the_flow_did(run: Run) -> None:
    result = run("dial", "--withheld", "--at", "2026-11-23T10:00:00", stdin="*\n\n")
    assert "Please say the reference or the callback code" in result.output
    assert "[to queue 'default']" in result.output
    assert re.search(r"recognise +match +key \*", result.output)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dial", "--from", "12"], "is not a telephone number"),
        (["match", "--from", "12"], "--from: is not a telephone number"),
        (["match"], "say what is known of the call"),
        (["match", "--from", "0171 39200 11", "--at", "yesterday"], "--at: 'yesterday' is not a time; write it like"),
        (["match", "--from", "0171 39200 11", "--at", "1900-01-01T10:00:00"], "--at: is not between"),
        (["dial", "--at", "yesterday"], "--at: 'yesterday' is not a time; write it like"),
        (["keys", "create", "--scope", "everything"], "there is no scope 'everything'"),
        (["messages", "import", "letters.doc"], "letters.doc: No such file"),
        (["messages", "import", "nothing.csv"], "No such file"),
    ],
)
def test_wrong_use_is_told_with_exit_code_2(run: Run, words: list[str], says: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("setting", ["PORT", "FASTAGI_PORT"])
def test_a_port_that_is_taken_is_told_in_words(run: Run, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        ports = {"PORT": free.getsockname()[1], "FASTAGI_PORT": free.getsockname()[1]}
        ports[setting] = taken.getsockname()[1]
        for name, port in ports.items():
            monkeypatch.setenv(f"THREADLINE_{name}", str(port))
        free.close()
        result = run("serve")
    assert result.exit_code == 2
    assert "cannot listen: " in result.output and "in use" in result.output.lower()
    assert "THREADLINE_FASTAGI_PORT" in result.output


def test_a_data_folder_that_cannot_be_used_is_told_in_words(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    monkeypatch.setenv("THREADLINE_DATA_DIR", str(tmp_path / "data"))
    for name in ("PORT", "FASTAGI_PORT"):
        with socket.create_server(("127.0.0.1", 0)) as free:
            monkeypatch.setenv(f"THREADLINE_{name}", str(free.getsockname()[1]))
    result = run("serve")
    assert result.exit_code == 2
    assert "THREADLINE_DATA_DIR (data_dir): audio cannot be kept in " in result.output
    assert "Traceback" not in result.output


def test_a_database_in_a_folder_that_is_not_there_is_told_in_words(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADLINE_DATABASE", f"sqlite:///{tmp_path}/nowhere/a.db")
    says = f"{tmp_path}/nowhere/a.db: the folder {tmp_path}/nowhere does not exist"
    for command in ("db upgrade", "serve"):
        result = run(*command.split())
        assert isinstance(result.exception, SettingsRefused)
        assert says in str(result.exception)
    assert says in run("doctor").output


def test_the_version_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "version_of", lambda name: "1.2.3")
    assert run("--version").stdout == "threadline 1.2.3\n"


def test_nobody_is_explained_in_words(run: Run) -> None:
    result = run("match", "--withheld", "--code", "1111111111", "--at", "2026-11-23T10:00:00")
    assert result.exit_code == 1
    assert "The code counts for nothing: it is none of ours" in result.stdout
    assert "nobody would be recognised" in result.stdout


def test_an_import_says_one_message_and_no_empty_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sent.csv").write_text(CSV)
    result = run("messages", "import", "sent.csv")
    assert "1 message registered, 1 refused" in result.stdout
    assert result.stderr == ""


def test_an_unknown_login_is_told_before_a_password_is_asked_for(run: Run) -> None:
    assert run("db", "upgrade").exit_code == 0
    result = run("people", "password", "nobody", stdin="")
    assert result.exit_code == 1
    assert "nobody with the login 'nobody'" in result.output
    assert "Password" not in result.output


def test_a_key_is_printed_once(run: Run) -> None:
    result = run("keys", "create", "--scope", "match", "--name", "crm")
    assert result.exit_code == 0
    assert len(result.stdout.strip().splitlines()) == 1


def test_people_are_added_once(run: Run) -> None:
    words = ("people", "add", "anna", "--name", "Anna Beispiel", "--queue", "sales")
    secret = "a long enough one\n"
    assert run(*words, stdin=secret).exit_code == 0
    assert run("people", "password", "anna", stdin=secret).exit_code == 0
    for wrong, says in {
        words: "somebody with the login anna already",
        ("people", "add", "ben", "--name", "Ben", "--queue", "nowhere"): "there is no queue 'nowhere'",
        ("people", "password", "nobody"): "nobody with the login 'nobody'",
    }.items():
        result = run(*wrong, stdin="")  # before a password is asked for
        assert result.exit_code == 1
        assert says in result.output


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        ("", "no password on standard input"),
        ("\n", "at least 10"),
        ("short\n", "at least 10"),
        ("x" * 1001, "at most 1000"),
        ("ü" * 3000, "at most 1000"),
        (b"a long enough \xfc", "not UTF-8"),
    ],
)
def test_a_piped_password_that_will_not_do_is_told(run: Run, stdin: str | bytes, says: str) -> None:
    result = run("people", "add", "ben", "--name", "Ben", stdin=stdin)
    assert result.exit_code == 2
    assert says in result.output


def test_a_piped_password_is_one_line_and_nothing_is_asked(tmp_path: Path, run: Run) -> None:
    run("db", "upgrade")
    program = [sys.executable, "-c", "from router.cli import main; main()"]
    done = subprocess.run(
        [*program, "people", "add", "anna", "--name", "Anna"],
        input="pässwörter mit Blank \r\nand more\n",
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "anna can sign in now\n", "")
    with contextlib.closing(sqlite3.connect(tmp_path / "threadline.db")) as database:
        (stored,) = database.execute("SELECT password_hash FROM people WHERE login = 'anna'").fetchone()
    assert asyncio.run(Passwords().fits("pässwörter mit Blank ", stored))


def test_a_link_signs_in_once(run: Run) -> None:
    assert run("people", "link", "anna").exit_code == 1
    run("people", "add", "anna", "--name", "Anna Beispiel", stdin="a long enough one\n")
    assert "/sign-in/link#" in run("people", "link", "anna", "--page", "admin").stdout
    assert run("people", "link", "anna", "--page", "kitchen").exit_code == 2


def test_flow_check_names_every_problem_and_its_place(run: Run) -> None:
    assert run("flow", "check", str(PROJECT / "ivr_flows")).exit_code == 0
    broken = PROJECT / "tests" / "broken_flows" / "unknown_type.yaml"
    result = run("flow", "check", str(broken))
    assert result.exit_code == 1
    assert f"{broken}:13:11: unknown-type" in result.stdout
    assert json.loads(run("flow", "check", str(broken), "--json").stdout)[0]["line"] == 13
    assert run("flow", "check", "nowhere").exit_code == 1


def test_flow_graph_and_schema_are_for_other_programs(run: Run) -> None:
    graph = run("flow", "graph", str(PROJECT / "ivr_flows" / "hotline.yaml")).stdout
    assert graph.startswith("flowchart TD")
    assert '-->|"sure, likely"| found' in graph
    picture = run("flow", "graph", str(PROJECT / "ivr_flows" / "hotline.yaml"), "--format", "svg").stdout
    assert picture.startswith("<svg ")
    assert 'id="step-recognise"' in picture
    assert "steps" in json.loads(run("flow", "schema").stdout)["properties"]


def test_doctor_says_what_is_off_and_what_to_do(run: Run) -> None:
    assert run("db", "upgrade").exit_code == 0
    findings = {finding["part"]: finding for finding in json.loads(run("doctor", "--json").stdout)}
    assert findings["database"]["health"] == "well"
    assert findings["flows"]["health"] == "well"
    assert findings["Asterisk"]["health"] == "off"
    assert "THREADLINE_AMI_SECRET" in findings["Asterisk"]["remedy"]


def test_doctor_finds_a_broken_flow_and_a_database_out_of_reach(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("THREADLINE_FLOWS", str(PROJECT / "tests" / "broken_flows" / "tag.yaml"))
    monkeypatch.setenv("THREADLINE_DATABASE", "postgresql://me:hunter2@127.0.0.1:1/none")
    result = run("doctor")
    assert result.exit_code == 1
    assert "FAULT flows" in result.stdout
    assert "FAULT database" in result.stdout
    assert "hunter2" not in result.output


def test_a_bad_setting_stops_with_its_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADLINE_PROT", "8080")
    result = run("serve")
    assert isinstance(result.exception, SettingsRefused)
    assert "THREADLINE_PROT: there is no such setting" in str(result.exception)


def test_doctor_finds_a_flow_that_hands_callers_to_a_queue_that_is_not_there(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flow = "version: 1\nname: hotline\nstart: go\nsteps: {go: {type: transfer, queue: sales}}\n"
    (tmp_path / "hotline.yaml").write_text(flow)
    monkeypatch.setenv("THREADLINE_FLOWS", str(tmp_path / "hotline.yaml"))
    monkeypatch.setenv("THREADLINE_QUEUES", '["sales"]')
    findings = {finding["part"]: finding for finding in json.loads(run("doctor", "--json").stdout)}
    assert findings["flows"]["health"] == "ill"
    assert "'default'" in findings["flows"]["found"]
