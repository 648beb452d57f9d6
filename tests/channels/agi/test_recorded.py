"""Listening where AudioSocket is missing: what Asterisk records is read, made words of, and deleted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from router.core.commands import AskDigits
from router.core.events import CallerHungUp, DigitsEntered, InputTimedOut, SpeechHeard, SpeechLost
from router.core.hearing import Listening, Reading
from router.speech.recognition.ear import Ear
from router.speech.wav import telephone_wav
from tests.channels.agi.asterisk import Asterisk
from tests.channels.agi.test_listening import ASK, CODE, LOUD, SALES, STILL, Place
from tests.channels.agi.test_session import House

OLD = "20.5.2"
SPOKE = (telephone_wav(STILL + LOUD + STILL), "200 result=0 (timeout) endpos=32000")
SILENT = (telephone_wav(STILL * 4), "200 result=0 (timeout) endpos=16000")


@pytest.fixture(autouse=True)
def no_recording_stays(tmp_path: Path) -> Iterator[None]:
    yield
    assert [path.name for path in tmp_path.iterdir()] == ["prompt.wav"]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    await made.audio.start()
    yield made
    await made.audio.stop()


async def asked(place: Place, *recorded: tuple[bytes, str], ask: AskDigits = ASK, keys: str = "..") -> Asterisk:
    place.house = House((ask,), (SALES,))
    asterisk = Asterisk(keys)
    asterisk.variables["THREADLINE_RECORDINGS"] = str(place.file.parent)
    asterisk.recorded = list(recorded)
    return await place.converse(place.house, asterisk, version=OLD)


async def test_what_a_caller_says_is_recorded_and_heard(place: Place) -> None:
    asterisk = await asked(place, SPOKE)
    assert place.answer == SpeechHeard("Yes.", (Reading("Yes.", 0.9),), "scripted")
    assert place.recogniser.heard[0][0] == STILL + LOUD + STILL
    (record,) = [command for command in asterisk.commands if command.startswith("RECORD")]
    assert record.endswith(" wav 0123456789*# 12000 s=2")
    assert "STREAM FILE http://router/code.wav 0123456789*#" in asterisk.commands


async def test_what_a_crash_left_of_a_caller_is_deleted_with_the_next(place: Place) -> None:
    folder = place.file.parent
    names = ("listening-0c5d1f4e.wav", "listening-5e0d2c1b.wav", "voicemail-1.wav")
    left, fresh, voicemail = (folder / name for name in names)
    for file in (left, fresh, voicemail):
        file.write_bytes(telephone_wav(LOUD))
    for file in (left, voicemail):
        os.utime(file, (0, 0))
    await asked(place, SPOKE)
    assert (left.exists(), fresh.exists(), voicemail.exists()) == (False, True, True)
    fresh.unlink()
    voicemail.unlink()


async def test_silence_is_waited_out_and_no_answer(place: Place) -> None:
    asterisk = await asked(place, SILENT, SILENT, SILENT)
    assert place.answer == InputTimedOut()
    assert len([command for command in asterisk.commands if command.startswith("RECORD")]) == 3  # two seconds each
    assert place.recogniser.heard == []


async def test_who_thinks_first_is_heard(place: Place) -> None:
    await asked(place, SILENT, SPOKE)
    assert isinstance(place.answer, SpeechHeard)


async def test_a_key_ends_the_recording_and_counts(place: Place) -> None:
    await asked(place, (telephone_wav(LOUD), f"200 result={ord('7')} (dtmf) endpos=8000"), keys="..8#")
    assert place.answer == DigitsEntered("78")
    assert place.recogniser.heard == []


async def test_a_key_while_the_prompt_plays_comes_first(place: Place) -> None:
    asterisk = await asked(place, keys="5#")
    assert place.answer == DigitsEntered("5")
    assert not [command for command in asterisk.commands if command.startswith("RECORD")]


@pytest.mark.parametrize("content", [b"", b"RIFF", bytes(400_000), telephone_wav(LOUD)[:100]])
async def test_what_cannot_be_read_is_no_answer(place: Place, content: bytes) -> None:
    await asked(place, *[(content, "200 result=0 (timeout) endpos=16000")] * 3)
    assert place.answer == InputTimedOut()


async def test_a_recording_that_fails_is_no_answer(place: Place) -> None:
    await asked(place, (b"", "200 result=-1 (writefile)"))
    assert place.answer == InputTimedOut()


async def test_a_recogniser_that_fails_costs_the_voice_and_not_the_call(place: Place) -> None:
    place.recogniser.fails = True
    await asked(place, SPOKE)
    assert place.answer == SpeechLost()


class Slow:
    """Takes until a key comes."""

    name = "slow"

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        await asyncio.Event().wait()
        return ()

    async def aclose(self) -> None:
        pass


async def test_keys_count_while_the_recogniser_works(place: Place) -> None:
    place.ear = Ear(Slow(), at_once=1, waiting=1, seconds=5)
    asterisk = await asked(place, SPOKE, keys=".....4#")
    assert place.answer == DigitsEntered("4")
    assert "STREAM FILE http://router/One moment, please..wav 0123456789*#" in asterisk.commands
    assert "WAIT FOR DIGIT 500" in asterisk.commands


async def test_hanging_up_in_the_middle_of_a_word(place: Place) -> None:
    place.house = House((AskDigits((CODE,), 4, 5.0, 3.0, speech=True),))
    asterisk = Asterisk("h")
    asterisk.keys = [".", "."]
    asterisk.variables["THREADLINE_RECORDINGS"] = str(place.file.parent)
    asterisk.recorded = [(telephone_wav(LOUD), "200 result=-1 (hangup) endpos=16000")]
    asterisk.say = {"CHANNEL STATUS": ["511 Command Not Permitted on a dead channel or intercept routine"]}
    await place.converse(place.house, asterisk, version=OLD)
    assert place.answer == CallerHungUp()


async def test_a_disk_that_is_not_ours_means_keys(place: Place) -> None:
    place.house = House((ASK,), (SALES,))
    asterisk = Asterisk("..3#")  # its recordings go to /rec
    await place.converse(place.house, asterisk, version=OLD)
    assert place.answer == DigitsEntered("3")
    assert not [command for command in asterisk.commands if command.startswith("RECORD")]
