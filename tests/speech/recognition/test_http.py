"""A recogniser behind HTTP: signed, bounded, and whatever it answers is either readings or a failure that says why."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import wave
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.calls.webhooks import Unusable, keys_of, signed
from router.core.hearing import Expected, Listening, Reading
from router.speech.recognition.ear import Ear
from router.speech.recognition.http import LONGEST_TEXT, MOST_READINGS, HttpRecogniser, readings_of
from router.speech.recognition.recogniser import RecognitionFailed
from tests.calls.elsewhere import Elsewhere, elsewhere

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
AUDIO = bytes(range(200)) * 4
NUMBER = Listening(Expected.DIGITS, 4, 14)


async def hear(there: Elsewhere | str) -> tuple[Reading, ...]:
    address = there if isinstance(there, str) else there.address
    recogniser = HttpRecogniser(address, keys_of(SECRET), clock=lambda: NOW, make_id=lambda: "speech_1")
    try:
        return await recogniser.hear(AUDIO, "de", NUMBER)
    finally:
        await recogniser.aclose()


async def test_the_recording_goes_out_with_what_may_be_in_it_and_readings_come_back() -> None:
    async with elsewhere() as there:
        there.answers({"readings": [{"text": "vier acht zwei", "confidence": 0.75}, {"text": "vier acht drei"}]})
        assert await hear(there) == (Reading("vier acht zwei", 0.75 * 0.95), Reading("vier acht drei", 0.25 * 0.95))
        ((headers, body),) = there.requests
    sent = json.loads(body)
    audio = base64.b64decode(sent["data"].pop("audio"))
    assert sent == {
        "type": "speech",
        "data": {"language": "de", "expected": "digits", "shortest": 4, "longest": 14, "words": []},
    }
    with wave.open(io.BytesIO(audio)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (8000, 1, 2)
        assert wav.readframes(wav.getnframes()) == AUDIO
    wanted = signed(keys_of(SECRET), "speech_1", NOW, body)
    assert {name: headers[name] for name in wanted} == wanted


async def test_no_readings_mean_that_nobody_spoke() -> None:
    async with elsewhere() as there:
        there.answers({"readings": []})
        assert await hear(there) == ()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({}, "no list of readings"),
        ({"readings": "vier"}, "no list of readings"),
        ({"readings": ["vier"]}, "no list of readings"),
        ({"readings": [{"confidence": 1}]}, "no text"),
        ({"readings": [{"text": "vier", "confidence": "high"}]}, "no number"),
        ({"readings": [{"text": "vier", "confidence": True}]}, "no number"),
        ({"readings": [{"text": "vier", "confidence": 87}]}, "between 0 and 1"),
    ],
)
def test_an_answer_of_another_form_is_refused_without_its_words(answer: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unusable, match=reason) as refused:
        readings_of(answer)
    assert "vier" not in str(refused.value)


def test_readings_are_few_short_and_leave_room_for_something_else() -> None:
    many = [{"text": f"{number} " + "x" * 2000, "confidence": 1} for number in range(100)]
    readings = readings_of({"readings": [*many, {"text": " \n "}]})
    assert len(readings) == MOST_READINGS
    assert max(len(reading.text) for reading in readings) == LONGEST_TEXT
    assert sum(reading.weight for reading in readings) < 1


READINGS = st.lists(st.fixed_dictionaries({"text": st.text()}, optional={"confidence": st.floats(0, 1)}))


@given(READINGS)
def test_any_well_formed_answer_is_ranked(listed: list[dict[str, Any]]) -> None:
    readings = readings_of({"readings": listed})
    weights = [reading.weight for reading in readings]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) < 1
    assert all(reading.text for reading in readings)


BROKEN: list[tuple[Any, str, str]] = [
    (b"not JSON", "200 OK", "not JSON"),
    ([1], "200 OK", "no JSON object"),
    (b"{" + b'"readings":[' + b"[" * 1000 + b"]" * 1000 + b"]}", "200 OK", "JSON|levels"),
    ({"readings": [{"text": "x" * 70_000}]}, "200 OK", "more than 65536 bytes"),
    ({}, "503 Service Unavailable", "status 503"),
    ({}, "302 Found", "redirect"),
]


async def test_whoever_is_not_there_or_talks_nonsense_is_a_failure() -> None:
    with pytest.raises(RecognitionFailed, match="cannot be reached"):
        await hear("http://127.0.0.1:9/")
    async with elsewhere() as there:
        for body, status, reason in BROKEN:
            there.answers(body, status)
            with pytest.raises(RecognitionFailed, match=reason):
                await hear(there)
        there.answer = b"\xff\xfe no HTTP at all\r\n\r\n"
        with pytest.raises(RecognitionFailed, match="cannot be reached"):
            await hear(there)
        there.answer = b""
        with pytest.raises(RecognitionFailed, match="cannot be reached"):
            await hear(there)


async def test_a_service_that_hangs_is_not_waited_for() -> None:
    async with elsewhere() as there:
        there.hangs = True
        recogniser = HttpRecogniser(there.address, keys_of(SECRET))
        ear = Ear(recogniser, at_once=1, waiting=1, seconds=0.2)
        event = await asyncio.wait_for(ear.hear(AUDIO, "de", NUMBER), 60)
        assert event.kind == "speech_lost"
        await ear.aclose()
