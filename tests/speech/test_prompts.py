"""Prompts as a call asks for them: made once, kept, remade when damaged, recordings first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.speech.cache import is_key
from router.speech.failures import RecordingRefused, SynthesisFailed
from router.speech.prompts import Prompt, PromptStore, spoken_form
from router.speech.wav import telephone_wav

Tone = Callable[..., bytes]


def record(store_dir: Path, name: str, content: bytes, language: str = "de") -> Path:
    path = store_dir / "recordings" / language / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


async def test_a_prompt_is_made_once_and_kept(store: PromptStore, tones: Any, tmp_path: Path) -> None:
    first = await store.ensure("Guten Tag", "de")
    again = await store.ensure("Guten Tag", "de")
    assert first == again == store.find(first.key)
    assert is_key(first.key)
    assert first.seconds == pytest.approx(0.2)
    assert first.path.read_bytes()[:4] == b"RIFF"
    assert tones.asked == [("Guten Tag", "de")]

    restarted = PromptStore(tmp_path / "prompts", None, tones)
    await restarted.open()
    assert await restarted.ensure("Guten Tag", "de") == first
    assert len(tones.asked) == 1


async def test_text_language_and_synthesiser_each_make_another_prompt(
    store: PromptStore, tones: Any, tmp_path: Path
) -> None:
    keys = [(await store.ensure(*prompt)).key for prompt in (("a b", "de"), ("a b", "en"), ("a  c", "de"))]
    tones.key = "tones 2"
    keys.append((await store.ensure("a b", "de")).key)
    assert len(set(keys)) == 4


async def test_spacing_and_invisible_characters_do_not_make_another_prompt(store: PromptStore, tones: Any) -> None:
    keys = {
        (await store.ensure(text, "de")).key for text in ("schön hier", " scho\u0308n\n\thier ", "schö\u00adn hier")
    }
    assert len(keys) == 1
    assert tones.asked == [("schön hier", "de")]


async def test_many_callers_at_once_cause_one_synthesis(store: PromptStore, tones: Any) -> None:
    tones.hold = asyncio.Event()
    tasks = [asyncio.create_task(store.ensure("Moment bitte", "de")) for _ in range(50)]
    await tones.begun.wait()
    tasks[0].cancel()  # the one who asked first hangs up
    tones.hold.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert len(set(results[1:])) == 1
    assert len(tones.asked) == 1


async def test_a_failure_reaches_every_caller_and_the_next_one_tries_again(store: PromptStore, tones: Any) -> None:
    tones.failure = "out of order"
    results = await asyncio.gather(*(store.ensure("Hallo", "de") for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["out of order"] * 3
    tones.failure = None
    assert (await store.ensure("Hallo", "de")).seconds > 0


async def test_empty_text_is_refused(store: PromptStore) -> None:
    with pytest.raises(SynthesisFailed, match="no text and no recording"):
        await store.ensure(" \n\u200b", "de")


async def test_a_synthesiser_that_gives_something_else_is_refused(store: PromptStore, tones: Any) -> None:
    async def wrong(text: str, language: str) -> bytes:
        return b"RIFF nonsense"

    tones.synthesise = wrong
    with pytest.raises(SynthesisFailed, match="something other than 8 kHz"):
        await store.ensure("Hallo", "de")


@pytest.mark.parametrize("damage", [b"", b"RIFF", bytes(2000), telephone_wav(b"ab" * 900)[:-5]])
async def test_a_damaged_file_is_made_again(store: PromptStore, tones: Any, damage: bytes) -> None:
    good = await store.ensure("Guten Tag", "de")
    content = good.path.read_bytes()
    good.path.write_bytes(damage)
    assert store.find(good.key) is None
    assert await store.ensure("Guten Tag", "de") == good
    assert good.path.read_bytes() == content
    assert len(tones.asked) == 2


async def test_a_deleted_file_is_made_again(store: PromptStore) -> None:
    audio = await store.ensure("Guten Tag", "de")
    audio.path.unlink()
    assert (await store.ensure("Guten Tag", "de")).path.exists()


async def test_a_recording_wins_over_the_synthesiser(
    store: PromptStore, tones: Any, tmp_path: Path, make_tone: Tone
) -> None:
    record(tmp_path, "welcome", telephone_wav(make_tone(2.0)))
    audio = await store.ensure("Guten Tag", "de", "welcome")
    assert audio.seconds == 2.0
    assert audio == await store.ensure("anderer Text", "de-AT", "welcome")
    assert not tones.asked


async def test_without_a_file_for_the_language_the_text_is_spoken(
    store: PromptStore, tones: Any, tmp_path: Path, make_tone: Tone
) -> None:
    record(tmp_path, "welcome", telephone_wav(make_tone(2.0)))
    await store.ensure("Welcome", "en", "welcome")
    assert tones.asked == [("Welcome", "en")]


async def test_a_recording_put_in_place_or_replaced_is_heard_at_the_next_call(
    store: PromptStore, tmp_path: Path, make_tone: Tone
) -> None:
    spoken = await store.ensure("Guten Tag", "de", "welcome")
    path = record(tmp_path, "welcome", telephone_wav(make_tone(2.0)))
    first = await store.ensure("Guten Tag", "de", "welcome")
    path.write_bytes(telephone_wav(make_tone(3.0)))
    second = await store.ensure("Guten Tag", "de", "welcome")
    assert [spoken.seconds, first.seconds, second.seconds] == pytest.approx([0.2, 2.0, 3.0])
    assert len({spoken.key, first.key, second.key}) == 3
    second.path.unlink()
    assert (await store.ensure("Guten Tag", "de", "welcome")).path.exists()


async def test_an_unusable_recording_costs_the_caller_only_the_voice(
    store: PromptStore, tones: Any, tmp_path: Path
) -> None:
    record(tmp_path, "welcome", b"ID3 this is an MP3")
    assert (await store.ensure("Guten Tag", "de", "welcome")).seconds == pytest.approx(0.2)
    with pytest.raises(RecordingRefused, match=r"welcome\.wav.*RIFF.*save it as 16-bit PCM WAV"):
        await store.ensure("", "de", "welcome")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "a.wav", "", "-rf", "a\0b", "ä", "x" * 65])
async def test_a_recording_name_cannot_leave_its_directory(store: PromptStore, name: str) -> None:
    with pytest.raises(RecordingRefused, match="recording name"):
        await store.ensure("", "de", name)
    with pytest.raises(RecordingRefused, match="language"):
        await store.ensure("", "../de", "welcome")


async def test_prepare_makes_everything_and_names_what_it_cannot(
    store: PromptStore, tones: Any, tmp_path: Path, make_tone: Tone
) -> None:
    record(tmp_path, "welcome", telephone_wav(make_tone(2.0)))
    record(tmp_path, "damaged", b"no sound")
    prompts = [
        Prompt("Guten Tag", "de"),
        Prompt("Guten Tag", "de", "welcome"),
        Prompt("Auf Wiederhören", "de", "damaged"),
        Prompt("", "de"),
        Prompt("Guten Tag", "de"),
        Prompt("", "de", "../x"),
    ]
    told: list[tuple[int, int]] = []
    problems = await store.prepare(prompts, lambda done, total: told.append((done, total)))
    assert told == [(n, 5) for n in range(1, 6)]
    assert [(problem.prompt, problem.spoken_instead) for problem in problems] == [
        (prompts[2], True),
        (prompts[3], False),
        (prompts[5], False),
    ]
    asked = len(tones.asked)
    assert await store.prepare(prompts[:2]) == ()
    assert len(tones.asked) == asked == 2


async def test_closing_leaves_nothing_half_done(store: PromptStore, tones: Any, tmp_path: Path) -> None:
    tones.hold = asyncio.Event()
    waiting = asyncio.create_task(store.ensure("Hallo", "de"))
    await tones.begun.wait()
    await store.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [path for path in (tmp_path / "prompts").rglob("*") if path.is_file()] == []


async def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path, tones: Any) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SynthesisFailed, match=r"audio cannot be kept in .*file"):
        await PromptStore(tmp_path / "file", None, tones).open()


@given(st.text(max_size=60))
@example("a\u00ad\u0308")
def test_the_spoken_form_is_stable_and_one_line(text: str) -> None:
    form = spoken_form(text)
    assert spoken_form(form) == form
    assert form == " ".join(form.split())
    form.encode()


async def test_a_long_prompt_comes_in_pieces_that_are_kept(store: PromptStore, tones: Any) -> None:
    long = "Bitte geben Sie den Rückrufcode aus unserer Nachricht ein. " * 12
    whole = await store.ensure(long, "de")
    first, second = await asyncio.gather(store.pieces(long, "de"), store.pieces(long, "de"))
    assert first == second == await store.pieces(long, "de")
    assert len(first) > 1
    assert sum(piece.seconds for piece in first) == pytest.approx(whole.seconds)
    first[1].path.unlink()
    assert await store.pieces(long, "de") == first
    assert first[1].path.exists()


async def test_a_short_prompt_is_one_piece(store: PromptStore) -> None:
    assert await store.pieces("Ja", "de") == (await store.ensure("Ja", "de"),)
