"""Recordings of what callers said: whole or not at all, for us alone, and gone when their time is over or nobody names
them."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete
from structlog.testing import capture_logs

from router.speech import kept as module
from router.speech.kept import LONGEST, NAMELESS, KeptSpeech
from router.speech.wav import read_wav
from router.store import speech_recordings
from router.store.database import Database, new_id
from router.store.tables import calls
from tests.stored import a_call

AUDIO = bytes(range(256)) * 100
START = datetime(2026, 11, 23, 10, tzinfo=UTC)


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(tmp_path: Path, database: Database, clock: Clock) -> KeptSpeech:
    return KeptSpeech(tmp_path / "speech", database, clock)


async def named(database: Database, call_id: str, recording: str, at: datetime = START) -> None:
    """The row of a recording, as the call's turn stores it."""
    async with database.begin() as connection:
        values = {"id": new_id(), "call_id": call_id, "step": "who", "recording": recording, "created_at": at}
        await speech_recordings.add(connection, values)


async def call(database: Database, call_id: str = "c1") -> None:
    async with database.begin() as connection:
        await a_call(connection, "+493023125011", None, id=call_id, channel_ref=call_id)


async def rows(database: Database, call_id: str = "c1") -> list[str]:
    async with database.read() as connection:
        return [row.recording for row in await speech_recordings.of_call(connection, call_id)]


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / "speech").iterdir())


@pytest.mark.sqlite_only
async def test_a_disk_that_hangs_costs_the_caller_the_recording_and_no_more(
    tmp_path: Path, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(KeptSpeech, "_write", lambda *_: goes_on.wait(30))
    try:
        with capture_logs() as logs:
            assert await KeptSpeech(tmp_path / "speech", database, clock, seconds=0.05).keep(AUDIO) is None
    finally:
        goes_on.set()
    assert [each["reason"] for each in logs] == ["not within 0.05 s"]


@pytest.mark.sqlite_only
async def test_a_recording_is_a_telephone_wav_for_us_alone(kept: KeptSpeech, tmp_path: Path) -> None:
    name = await kept.keep(AUDIO + b"x")
    assert name is not None
    path = kept.file(name)
    assert path is not None
    wav = read_wav(path.read_bytes())
    assert wav.is_telephone
    assert bytes(wav.data) == AUDIO
    assert kept.seconds(name) == len(AUDIO) / 16_000
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "speech").stat().st_mode) == 0o700
    assert files(tmp_path) == [f"{name}.wav"]


@pytest.mark.sqlite_only
async def test_none_is_longer_than_it_may_be(kept: KeptSpeech) -> None:
    name = await kept.keep(bytes(16_000 * (LONGEST + 5)))
    assert name is not None
    assert kept.seconds(name) == LONGEST


@pytest.mark.sqlite_only
@pytest.mark.parametrize("name", ["../secret", "x", "", "f" * 33, "0" * 31 + "/", "0" * 32])
async def test_only_what_is_here_is_found(kept: KeptSpeech, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.wav").write_bytes(b"x")
    assert kept.file(name) is None
    assert kept.seconds(name) is None


@pytest.mark.sqlite_only
async def test_a_disk_that_takes_nothing_costs_the_caller_nothing(
    kept: KeptSpeech, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "telephone_wav", full)
    with capture_logs() as logged:
        assert await kept.keep(AUDIO) is None
    assert [line["reason"] for line in logged] == ["No space left on device"]
    assert files(tmp_path) == []


async def test_what_is_old_goes_with_its_file(
    kept: KeptSpeech, database: Database, tmp_path: Path, clock: Clock
) -> None:
    await call(database)
    old = [await kept.keep(AUDIO) for _ in range(3)]
    for name in old:
        await named(database, "c1", str(name), START)
    clock.now = START + timedelta(days=1)
    young = str(await kept.keep(AUDIO))
    await named(database, "c1", young, clock.now)
    await kept.tidy(START)
    assert len(files(tmp_path)) == 4
    await kept.tidy(START + timedelta(seconds=1))
    assert files(tmp_path) == [f"{young}.wav"]
    assert await rows(database) == [young]


async def test_a_crash_between_file_and_row_leaves_nothing_for_long(
    kept: KeptSpeech, database: Database, tmp_path: Path, clock: Clock
) -> None:
    await call(database)
    with_row, without = str(await kept.keep(AUDIO)), str(await kept.keep(AUDIO))
    await named(database, "c1", with_row)
    half = tmp_path / "speech" / f"{'a' * 32}.part"
    half.write_bytes(b"RIFF")
    foreign = tmp_path / "speech" / "notes.txt"
    foreign.write_text("not ours")
    for path in (half, foreign):
        os.utime(path, (START.timestamp(), START.timestamp()))

    clock.now = START + NAMELESS - timedelta(seconds=1)
    await kept.tidy(START)
    assert len(files(tmp_path)) == 4, "the turn that names it may still be on its way"
    clock.now += NAMELESS
    await kept.tidy(START)
    assert files(tmp_path) == sorted([f"{with_row}.wav", "notes.txt"])
    assert await rows(database) == [with_row]
    assert without not in str(files(tmp_path))


async def test_a_crash_between_deleting_file_and_row_is_made_good(
    kept: KeptSpeech, database: Database, tmp_path: Path
) -> None:
    await call(database)
    name = str(await kept.keep(AUDIO))
    await named(database, "c1", name)
    path = kept.file(name)
    assert path is not None
    await asyncio.to_thread(path.unlink)
    await kept.tidy(START + timedelta(days=1))
    assert await rows(database) == []


async def test_a_call_that_is_erased_takes_its_recordings_along(
    kept: KeptSpeech, database: Database, tmp_path: Path, clock: Clock
) -> None:
    for call_id in ("c1", "c2"):
        await call(database, call_id)
    first, second = str(await kept.keep(AUDIO)), str(await kept.keep(AUDIO))
    await named(database, "c1", first)
    await named(database, "c2", second)
    async with database.begin() as connection:
        await connection.execute(delete(calls).where(calls.c.id == "c1"))
    assert await rows(database, "c1") == []
    clock.now = START + 2 * NAMELESS
    await kept.tidy(START)
    assert files(tmp_path) == [f"{second}.wav"]


@pytest.mark.sqlite_only
async def test_many_are_looked_through_bite_by_bite(
    kept: KeptSpeech, database: Database, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BITE", 2)
    await call(database)
    names = [str(await kept.keep(AUDIO)) for _ in range(7)]
    for name in names[:5]:
        await named(database, "c1", name)
    clock.now = START + 2 * NAMELESS
    await kept.tidy(START)
    assert files(tmp_path) == sorted(f"{name}.wav" for name in names[:5])
    await kept.tidy(START + timedelta(seconds=1))
    assert files(tmp_path) == []
