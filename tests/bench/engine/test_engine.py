"""`make bench-engine` runs what the scenarios are, the same ways with and without JSON between the events."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.engine.__main__ import main
from bench.engine.tapes import Tape, tapes_of

FLOWS = Path(__file__).parents[3] / "ivr_flows"
TAPES = tapes_of(FLOWS)


@pytest.mark.parametrize("tape", TAPES, ids=lambda tape: tape.name)
def test_a_tape_goes_the_same_way_with_and_without_json(tape: Tape) -> None:
    assert tape.run() == tape.run_stored()
    assert tape.run().steps == tape.steps


def test_the_report_has_every_call_and_the_room(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--flows", str(FLOWS), "--rounds", "1", "--turns", "1", "--sessions", "20"]) == 0
    told = capsys.readouterr().out
    for wanted in ("engine and JSON", "memory a session", "20 calls that wait", *(tape.name for tape in TAPES)):
        assert wanted in told


def test_a_folder_without_scenarios_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--flows", str(tmp_path)]) == 2
    assert "has no scenarios" in capsys.readouterr().err
