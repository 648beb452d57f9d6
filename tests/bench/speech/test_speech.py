"""The benchmark of speech counts what callers would notice."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from bench.speech import report
from bench.speech.baselines import Found, exactly, nearest
from bench.speech.listened import Listened, keep, kept
from bench.speech.outcome import Ended, Outcome, outcome
from bench.speech.recordings import NoRecordings, Recording, recordings
from bench.speech.stock import stocked
from router.core.hearing import Reading

TRUTH = "48213907"


def recording(truth: str = TRUTH) -> Recording:
    return Recording("one.wav", "de", "somebody", "single", "quiet", truth, b"")


def listened(*texts: str, weight: float = 0.95) -> Listened:
    readings = tuple(Reading(each, weight / len(texts)) for each in texts)
    return Listened("one.wav", readings, texts[0] if texts else "", "whisper", 0.5)


def folder(tmp_path: Path, rate: int = 8000) -> Path:
    with wave.open(str(tmp_path / "one.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\1\0" * 800)
    (tmp_path / "manifest.csv").write_text(
        "file,language,source,truth,style,condition\none.wav,de,somebody,ab12,letters,mid\n"
    )
    return tmp_path


def test_a_manifest_lists_what_is_heard(tmp_path: Path) -> None:
    (found,) = recordings(folder(tmp_path))
    assert (found.truth, found.condition, found.voice, len(found.audio)) == ("AB12", "20 dB", "somebody", 1600)
    assert found.listening.expected.value == "characters"


def test_what_cannot_be_heard_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoRecordings, match="8000"):
        recordings(folder(tmp_path, rate=16000))
    with pytest.raises(NoRecordings, match=r"manifest\.csv"):
        recordings(tmp_path / "nowhere")


def test_what_was_heard_can_be_kept(tmp_path: Path) -> None:
    file = tmp_path / "readings.json"
    keep(file, [listened("4 8 2", "4 8 3")])
    assert kept(file) == [listened("4 8 2", "4 8 3")]


async def test_callers_end_where_matching_takes_them() -> None:
    said, clear = recording(), listened("4 8 2 1 3 9 0 7")
    slip = listened("4 8 2 1 9 9 0 7", "4 8 2 1 3 9 0", weight=0.7)
    async with stocked(200, [TRUTH], seed=5) as stock, stock.database.read() as connection:
        assert len(stock.references) == 200
        assert (await outcome(connection, stock, said, clear)).outcome is Outcome.ACCEPTED
        asked = await outcome(connection, stock, said, slip)
        assert asked.outcome in (Outcome.ACCEPTED, Outcome.CONFIRMED)
        known = await outcome(connection, stock, said, slip, known=True)
        assert known.outcome in (Outcome.ACCEPTED, Outcome.CONFIRMED)
        nothing = await outcome(connection, stock, said, listened())
        assert (nothing.outcome, nothing.questions) == (Outcome.KEYS, 1)
        wrong = await outcome(connection, stock, recording(next(iter(stock.references - {TRUTH}))), clear)
        assert wrong.outcome is Outcome.WRONG


async def test_what_is_not_live_is_not_taken_for_what_is() -> None:
    async with stocked(200, [TRUTH], seed=5) as stock:
        await stock.forget()
        assert TRUTH not in stock.references
        async with stock.database.read() as connection:
            ended = await outcome(connection, stock, recording(), listened("4 8 2 1 3 9 0 7"))
    assert ended.outcome is Outcome.KEYS


def test_simpler_ways_take_the_text_as_it_is() -> None:
    live, near = frozenset({TRUTH, "11111111"}), listened("4 8 2 1 3 9 0")
    assert exactly(recording(), listened("4 8 2 1 3 9 0 7"), live) is Found.RIGHT
    assert exactly(recording(), near, live) is Found.NOTHING
    assert nearest(recording(), near, sorted(live)) is Found.RIGHT
    assert nearest(recording("48213900"), near, sorted(live)) is Found.WRONG


def test_the_table_has_a_line_for_each_group() -> None:
    ended = [Ended(recording(), Outcome.CONFIRMED, 1), Ended(recording(), Outcome.WRONG, 0)]
    lines = report.outcomes("title", ended)
    assert [line[:12].strip() for line in lines[3:-1]] == ["all", "de quiet", "de single", "de somebody"]
    assert "50.0" in lines[3]
