"""``threadline pools`` as a script and a manager see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.settings import SettingsRefused

PROJECT = Path(__file__).parents[2]
Run = Callable[..., Result]

CSV = """external_id;channel;to_phone;offer_title;campaign;pool;offer_valid_until
a-1;sms;0171 39200 11;Strom;Spring sale;spring;2099-12-31T12:00:00Z
a-2;sms;0171 39200 12;Strom;;spring;2099-12-31T12:00:00Z
a-3;sms;0171 39200 13;Strom;;spring;2099-12-31T12:00:00Z
"""


@pytest.fixture
def run(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sent.csv").write_text(CSV)
    for name, value in {
        "SECRET": "s" * 32,
        "DATABASE": database_url,
        "FLOWS": str(PROJECT / "ivr_flows"),
        "SERVICE_NUMBER": "+493023125000",
        "NUMBER_POOLS": '{"spring": ["030 23125 101", "030 23125 102"], "letters": ["030 23125 110"]}',
    }.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    return lambda *words: CliRunner().invoke(cli.app, list(words))


def test_pools_are_shown_with_what_their_numbers_stand_for(run: Run) -> None:
    assert run("pools").exit_code == 0
    assert run("messages", "import", "sent.csv").exit_code == 0
    shown = run("pools")
    assert shown.exit_code == 1, "a pool is exhausted"
    lines = shown.stdout.splitlines()
    assert lines[0] == "spring: 0 free, 2 leased, 0 in quarantine; 1 message of the last 7 days found none"
    assert lines[1].split() == "+493023125101 leased until 2099-12-31".split() + lines[1].split()[4:]
    assert lines[1].endswith("to campaign Spring sale")
    assert lines[3:] == ["letters: 1 free, 0 leased, 0 in quarantine", "  +493023125110    free"]


def test_pools_as_json(run: Run) -> None:
    run("messages", "import", "sent.csv")
    spring, letters = json.loads(run("pools", "--json").stdout)
    assert (spring["pool"], spring["free"], spring["leased"], spring["overflows"]) == ("spring", 0, 2, 1)
    assert spring["numbers"][0] == {
        "number": "+493023125101",
        "state": "leased",
        "campaign": "Spring sale",
        "message_id": None,
        "until": "2099-12-31T12:00:00Z",
        "free_at": "2100-01-30T12:00:00Z",
    }
    assert letters["numbers"][0]["state"] == "free"


def test_the_number_dialled_tells_which_message_a_call_is_about(run: Run) -> None:
    rows = map(json.loads, run("messages", "import", "sent.csv", "--json").stdout.splitlines())
    handles = {row["external_id"]: row for row in rows}
    own = handles["a-2"]["service_number"]
    found = json.loads(run("match", "--withheld", "--to", own, "--json").stdout)
    assert [candidate["message_id"] for candidate in found["candidates"]] == [handles["a-2"]["id"]]
    assert "service_number" in [evidence["kind"] for evidence in found["candidates"][0]["evidence"]]
    general = handles["a-3"]["service_number"]
    assert json.loads(run("match", "--withheld", "--to", general, "--json").stdout)["candidates"] == []


def test_a_lease_is_ended_early(run: Run) -> None:
    run("messages", "import", "sent.csv")
    ended = run("pools", "release", "030/23125-102")
    assert ended.exit_code == 0
    assert ended.stdout == "the lease of +493023125102 has ended; it is in quarantine for 30 days\n"
    assert "+493023125102    in quarantine until" in run("pools").stdout
    again = run("pools", "release", "030/23125-102")
    assert (again.exit_code, again.output) == (1, "+493023125102 is not leased\n")


@pytest.mark.sqlite_only
def test_wrong_use_and_wrong_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("pools", "release", "12").exit_code == 2
    monkeypatch.setenv("THREADLINE_NUMBER_POOLS", '{"spring": ["030 23125 000"]}')
    for words in (["pools"], ["messages", "import", "sent.csv"], ["match", "--to", "030 23125 101"]):
        refused = run(*words).exception
        assert isinstance(refused, SettingsRefused)
        assert "the pool 'spring' is the general service number" in str(refused)
    faults = json.loads(run("doctor", "--json").stdout)
    assert (faults[0]["part"], faults[0]["health"]) == ("settings", "ill")
    monkeypatch.delenv("THREADLINE_NUMBER_POOLS")
    assert run("pools").stdout == "no pools are set up; THREADLINE_NUMBER_POOLS names them\n"
