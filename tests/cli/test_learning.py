"""Calibrating at the terminal: what is shown, what is refused, what is in force, and how to take it back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.matching.outcomes import Outcome
from router.store.database import Database
from router.store.tables import hearings, match_outcomes
from tests.matching.test_calibrate import imagined
from tests.matching.test_learn_confusions import losing
from tests.stored import a_call

PROJECT = Path(__file__).parents[2]
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    settings = {"SECRET": "s" * 32, "DATABASE": database_url, "FLOWS": str(PROJECT / "ivr_flows")}
    for name, value in settings.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    return lambda *words: CliRunner().invoke(cli.app, ["match", *words])


@pytest.fixture
def said(database_url: str) -> Callable[[list[Outcome]], None]:
    """Stores outcomes, a minute apart."""

    async def store(outcomes: list[Outcome]) -> None:
        database = Database(database_url)
        async with database.begin() as connection:
            await connection.execute(match_outcomes.insert(), [_row(n, each) for n, each in enumerate(outcomes)])
        await database.close()

    return lambda outcomes: asyncio.run(store(outcomes))


def _row(number: int, outcome: Outcome) -> dict[str, Any]:
    at = START + timedelta(minutes=number)
    candidates = [
        {
            "message_id": each.message_id,
            "probability": each.probability,
            "evidence": [{"kind": fact.kind, "log_odds": fact.log_odds} for fact in each.facts],
        }
        for each in outcome.candidates
    ]
    return {
        "call_id": outcome.call_id,
        "verdict": outcome.verdict.value,
        "message_id": outcome.message_id,
        "named_id": outcome.named_id,
        "decision": outcome.decision.value,
        "assurance": int(outcome.assurance),
        "none_probability": outcome.none_probability,
        "candidates": candidates,
        "called_at": at,
        "at": at,
    }


OFF = imagined(7, 600, {"recipient_number": -1.5, "service_number": 1.0})


def test_without_outcomes_there_is_nothing_to_apply(run: Run) -> None:
    shown = run("calibrate")
    assert shown.exit_code == 0
    assert "no outcomes to learn from" in shown.output
    applied = run("calibrate", "--apply", "--force")
    assert applied.exit_code == 1
    assert "the table of the code" in run("weights").output


def test_before_and_after_are_shown_and_nothing_changes(run: Run, said: Callable[[list[Outcome]], None]) -> None:
    said(OFF)
    shown = run("calibrate")
    assert shown.exit_code == 0
    for text in ("600 outcomes", "recipient_number", "log loss", "Brier score", "expected calibration error", "90%"):
        assert text in shown.output
    told = json.loads(run("calibrate", "--json").stdout)
    assert (told["in_force"], told["applied"], told["refusal"]) == ({}, False, None)
    assert told["held_out"]["after"]["log_loss"] < told["held_out"]["before"]["log_loss"]
    assert json.loads(run("weights", "--json").stdout)["adjustments"] == {}


def test_what_is_applied_is_in_force_until_it_is_taken_back(run: Run, said: Callable[[list[Outcome]], None]) -> None:
    said(OFF)
    applied = run("calibrate", "--apply")
    assert applied.exit_code == 0, applied.output
    weights = run("weights")
    assert "from 600 outcomes" in weights.output and "÷" in weights.output
    again = run("calibrate", "--apply")
    assert again.exit_code == 1
    assert "no better than those in force" in " ".join(again.output.split())
    assert run("calibrate", "--apply", "--force").exit_code == 0
    undone = run("calibrate", "--undo")
    assert "now in force: calibration of" in undone.output
    assert "now in force: the table of the code" in run("calibrate", "--undo").output
    assert run("calibrate", "--undo").exit_code == 1


def test_only_what_was_said_since_counts_and_too_little_is_refused(
    run: Run, said: Callable[[list[Outcome]], None]
) -> None:
    said(OFF)
    since = (START + timedelta(minutes=550)).isoformat()
    refused = run("calibrate", "--since", since, "--apply")
    assert refused.exit_code == 1
    assert "50 outcomes are too few: at least 200 are needed" in refused.output


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "words", [("calibrate", "--force"), ("calibrate", "--undo", "--apply"), ("calibrate", "--since", "lately")]
)
def test_wrong_use_is_told(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.sqlite_only
def test_the_weights_say_what_settings_changed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADLINE_MATCH_SURE", "0.97")
    line = next(line for line in run("weights").output.splitlines() if line.startswith("│ sure "))
    assert "0.97" in line and "your settings" in line


def test_how_numbers_are_heard_is_learnt_shown_and_taken_back(run: Run, database_url: str) -> None:
    async def store() -> None:
        database = Database(database_url)
        async with database.begin() as connection:
            for number, known in enumerate(losing(300, 0.12)):
                await a_call(connection, "+4930", None, id=f"heard{number}")
                heard: dict[str, Any] = {
                    "readings": [{"text": each.text, "weight": each.weight} for each in known.heard.readings]
                }
                heard |= {"recogniser": "whisper", "language": "de", "part": None}
                row: dict[str, Any] = {
                    "id": f"h{number}",
                    "call_id": f"heard{number}",
                    "recogniser": "whisper",
                    "language": "de",
                }
                row |= {"heard": heard, "verdict": "confirm", "number": known.number, "at": START}
                await connection.execute(hearings.insert(), [row])
        await database.close()

    asyncio.run(store())
    assert "How whisper hears numbers in de" in run("calibrate").output
    assert json.loads(run("weights", "--json").stdout)["confusions"] == {}
    applied = run("calibrate", "--apply")
    assert applied.exit_code == 0, applied.output
    learnt = json.loads(run("weights", "--json").stdout)["confusions"]["whisper:de"]
    assert 0.07 < learnt["lost"] < 0.15
    assert "whisper:de (learnt)" in run("weights").output
    assert run("calibrate", "--undo").exit_code == 0
    assert json.loads(run("weights", "--json").stdout)["confusions"] == {}
