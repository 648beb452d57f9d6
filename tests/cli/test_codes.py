"""`threadline codes`: what an operator is told of codes, and what becomes of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.settings import SettingsRefused

PROJECT = Path(__file__).parents[2]
OLD, NEW = "o" * 32, "n" * 32
CSV = "external_id;channel;to_phone;offer_title;offer_valid_until\n" + "".join(
    f"a-{number};sms;0171 39200 11;Strom Fix;2099-01-01T00:00:00Z\n" for number in range(5)
)

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sent.csv").write_text(CSV)

    def started(*words: str, **settings: str) -> Result:
        for name, value in {
            "SECRET": OLD,
            "OLD_SECRETS": "[]",
            "DATABASE": f"sqlite:///{tmp_path}/threadline.db",
            "FLOWS": str(PROJECT / "ivr_flows"),
            "CODE_GUESSES_A_DAY": "200",
            **settings,
        }.items():
            monkeypatch.setenv(f"THREADLINE_{name}", value)
        return CliRunner().invoke(cli.app, list(words))

    return started


def codes(run: Run, **settings: str) -> list[str | None]:
    result = run("messages", "import", "sent.csv", "--json", **settings)
    return [json.loads(line)["callback_code"] for line in result.stdout.splitlines()]


def found(run: Run, code: str | None, **settings: str) -> bool:
    assert code
    return run("match", "--withheld", "--code", code, "--json", **settings).exit_code == 0


def wrong_code(folder: Path, number: int, trunk: str) -> None:
    values = (datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"), f"call-{number}", b"c" * 32, trunk)
    with closing(sqlite3.connect(folder / "threadline.db")) as connection, connection:
        connection.execute("insert into wrong_codes (at, call_id, code_hash, trunk) values (?, ?, ?, ?)", values)


def test_status_tells_how_it_stands(run: Run, tmp_path: Path) -> None:
    assert run("db", "upgrade").exit_code == 0
    nothing = run("codes", "status")
    assert nothing.exit_code == 0
    assert "No code is live." in nothing.output
    codes(run)
    told = run("codes", "status").output
    assert "The next code has 10 digits" in told
    assert "no wrong codes were keyed in; at 200" in told
    report = json.loads(run("codes", "status", "--json").output)
    (length,) = report["lengths"]
    assert (length["digits"], length["live"], length["room"]) == (10, 5, 15_000)
    assert report["next_digits"] == 10
    assert report["locked_out"] == {"call": 0, "caller": 0, "trunk": 0, "overall": 0}


def test_status_and_doctor_tell_of_lockouts(run: Run, tmp_path: Path) -> None:
    codes(run)
    for number in range(3):
        wrong_code(tmp_path, number, "PJSIP/trunk")
    told = run("codes", "status", CODE_GUESSES_PER_TRUNK="3")
    assert "Locked out in that time: 1 trunk." in told.output
    assert "codes        locked on 1 trunk" in run("doctor", CODE_GUESSES_PER_TRUNK="3").output
    everybody = run("codes", "status", CODE_GUESSES_PER_TRUNK="100", CODE_GUESSES_A_DAY="3")
    assert everybody.exit_code == 1
    assert "No code is looked up at present" in everybody.output
    assert "codes        locked for all: 3 wrong ones" in run("doctor", CODE_GUESSES_A_DAY="3").output
    assert "codes        5 live codes, the next has 10 digits" in run("doctor").output


def test_where_no_code_may_be_issued_status_and_doctor_say_so(run: Run) -> None:
    codes(run)
    told = run("codes", "status", CODE_EXPECTED_HITS="1e-12")
    assert told.exit_code == 1
    assert "No further code is issued" in told.output
    assert "no further one is issued" in run("doctor", CODE_EXPECTED_HITS="1e-12").output


def test_a_revoked_code_is_none_any_more(run: Run) -> None:
    first, second, *_ = codes(run)
    result = run("codes", "revoke", "a-0", "a-0", "nobody")
    assert result.exit_code == 1
    assert "there is no message 'nobody'" in result.output
    assert not found(run, first)
    assert found(run, second)
    assert codes(run)[:2] == [None, second], "its sender is not given it again"
    assert run("codes", "revoke", "a-0").exit_code == 0


def test_a_name_that_no_message_can_have_is_not_known(run: Run) -> None:
    codes(run)
    result = run("codes", "revoke", "a-\udcff", "a-0")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "1 code revoked" in result.output


def test_a_new_secret_takes_the_codes_of_the_old_one_over(run: Run) -> None:
    issued = codes(run)
    both = {"SECRET": NEW, "OLD_SECRETS": f'["{OLD}"]'}
    assert not found(run, issued[0], SECRET=NEW)
    assert found(run, issued[0], **both)
    assert codes(run, **both) == issued
    too_early = run("codes", "rotate", SECRET=NEW)
    assert too_early.exit_code == 1
    assert "5 codes cannot be read" in too_early.output
    done = run("codes", "rotate", **both)
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "5 live codes, 5 renewed")
    assert found(run, issued[0], SECRET=NEW)
    assert codes(run, SECRET=NEW) == issued
    assert OLD not in done.output


def test_another_secret_than_the_database_was_used_with_is_refused_until_it_is_accepted(run: Run) -> None:
    issued = codes(run)
    assert run("codes", "accept-secret").exit_code == 0
    for command in ("serve", "codes status", f"match --withheld --code {issued[0]}"):
        refused = run(*command.split(), SECRET=NEW)
        assert isinstance(refused.exception, SettingsRefused), command
        assert "another one than this database was used with" in str(refused.exception)
        assert OLD not in str(refused.exception) and NEW not in str(refused.exception)
    assert "FAULT codes        THREADLINE_SECRET is another one" in run("doctor", SECRET=NEW).output
    assert "codes        5 live codes" in run("doctor", SECRET=NEW, OLD_SECRETS=f'["{OLD}"]').output
    assert found(run, issued[0])
    assert run("codes", "accept-secret", SECRET=NEW).exit_code == 0
    assert not found(run, issued[0], SECRET=NEW)
    assert isinstance(run("codes", "status").exception, SettingsRefused)


def test_without_a_secret_it_is_told_where_settings_were_looked_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("codes", "status")
    monkeypatch.delenv("THREADLINE_SECRET")
    told = CliRunner().invoke(cli.app, ["doctor"]).output
    assert f"no settings were found: there is no threadline.toml in {tmp_path}" in told
    assert "Only a new one needs a new secret" in told
    (tmp_path / "threadline.toml").write_text('region = "DE"')
    assert "no settings were found" not in CliRunner().invoke(cli.app, ["doctor"]).output


@pytest.mark.parametrize("command", ["status", "revoke", "rotate", "accept-secret"])
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    assert "Example:" in run("codes", command, "--help").output
