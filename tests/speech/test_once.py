"""Prompts made for one call: spoken in it, and soon gone."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from router.channels.agi.sounds import prompt_sounds
from router.core.commands import Prompt
from router.speech import brief, prompts
from router.speech.brief import BriefAudio
from router.speech.failures import SynthesisFailed
from router.speech.prompts import PromptStore
from router.speech.serving import prompt_path, prompt_routes
from router.speech.wav import telephone_wav
from tests.speech.conftest import Tones

SECRET = "Es geht um Ihr Sommer-Angebot"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_each_call_gets_its_own_under_a_name_that_nobody_can_guess(store: PromptStore, tones: Tones) -> None:
    (first,), (second,) = await store.once(SECRET, "de"), await store.once(SECRET, "de")
    assert first.key != second.key
    assert first.path.parent.name == "once"
    assert stat.S_IMODE(first.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    assert store.find(first.key) == first
    kept = await store.ensure(SECRET, "de")
    assert kept.key not in (first.key, second.key), "what is kept is not what was made for a call"


async def test_it_is_gone_when_its_time_is_over(store: PromptStore, tmp_path: Path) -> None:
    (audio,) = await store.once(SECRET, "de", kept=0.0)
    async with asyncio.timeout(10):
        while audio.path.exists():  # noqa: ASYNC110 - the loop itself takes it away
            await asyncio.sleep(0)
    assert store.find(audio.key) is None
    assert files(tmp_path / "prompts") == []


async def test_nothing_of_it_is_left_at_the_end(store: PromptStore, tmp_path: Path) -> None:
    await store.once(SECRET, "de")
    await store.aclose()
    assert files(tmp_path / "prompts") == []


async def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    tmp_path.joinpath("old.wav").write_bytes(b"x")
    os.utime(tmp_path / "old.wav", (0, time.time() - brief.KEPT - 1))
    tmp_path.joinpath("young.wav").write_bytes(b"x")
    BriefAudio(tmp_path).open()
    assert [path.name for path in files(tmp_path)] == ["young.wav"], "another process may still need that"


async def test_there_are_never_more_than_so_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_tone: Callable[..., bytes]
) -> None:
    monkeypatch.setattr(brief, "MOST_FILES", 3)
    kept = BriefAudio(tmp_path)
    made = [await kept.put(telephone_wav(make_tone(0.1))) for _ in range(5)]
    assert [kept.find(each.key) is not None for each in made] == [False, False, True, True, True]
    await kept.aclose()


async def test_nobody_on_the_way_is_to_keep_it(store: PromptStore) -> None:
    app = FastAPI()
    app.include_router(prompt_routes(store))
    (audio,) = await store.once(SECRET, "de")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://router") as client:
        answer = await client.get(prompt_path(audio.key))
    assert answer.content == audio.path.read_bytes()
    assert answer.headers["cache-control"] == "no-store"


async def test_a_synthesiser_that_hangs_is_given_up_while_the_caller_is_still_there(
    store: PromptStore, tones: Tones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "ONCE_SECONDS", 0.0)
    tones.hold = asyncio.Event()
    with pytest.raises(SynthesisFailed) as failed:
        await store.once(SECRET, "de")
    assert SECRET not in str(failed.value)
    with pytest.raises(SynthesisFailed):
        await store.once(" ", "de")


@pytest.fixture
def recorded(tmp_path: Path, make_tone: Callable[..., bytes]) -> Path:
    folder = tmp_path / "recordings" / "de"
    folder.mkdir(parents=True)
    for number, name in enumerate(("code_1", "digit_4", "digit_7"), 1):
        (folder / f"{name}.wav").write_bytes(telephone_wav(make_tone(0.1 * number)))
    (folder / "long_1.wav").write_bytes(telephone_wav(make_tone(6)))
    return folder


async def test_recordings_go_first_where_all_are_there(store: PromptStore, tones: Tones, recorded: Path) -> None:
    pieces = await store.once("Ihr Code ist 4 7.", "de", ("code_1", "digit_4", "digit_7"))
    assert [round(piece.seconds, 1) for piece in pieces] == [0.1, 0.2, 0.3]
    assert tones.asked == []
    (recorded / "digit_7.wav").write_bytes(b"damaged")
    (spoken,) = await store.once("Ihr Code ist 4 7.", "de", ("code_1", "digit_4", "digit_7"))
    assert spoken.brief
    (recorded / "digit_7.wav").unlink()
    (spoken,) = await store.once("Ihr Code ist 4 7.", "de", ("code_1", "digit_4", "digit_7"))
    assert tones.asked == [("Ihr Code ist 4 7.", "de")] * 2
    assert len(await store.once("Lang.", "de", ("long_1",))) > 1, "no piece is played for long"


async def test_asterisk_is_told_where_to_fetch_it(store: PromptStore) -> None:
    sounds = prompt_sounds(store, "http://127.0.0.1:8080/")
    (sound,) = await sounds(Prompt(SECRET, "de", once=True))
    key = sound.source.removeprefix("http://127.0.0.1:8080/prompts/").removesuffix(".wav")
    found = store.find(key)
    assert found is not None
    assert found.brief
