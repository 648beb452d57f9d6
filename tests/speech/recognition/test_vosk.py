"""A Vosk server, played by one that says what real ones say, and by some that do not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from router.core.hearing import Expected, Listening
from router.speech.recognition.ear import Ear
from router.speech.recognition.recogniser import RATE, RecognitionFailed
from router.speech.recognition.vosk import VoskRecogniser, combined, ways_of

NUMBER = Listening(Expected.DIGITS, 4, 14)
AUDIO = bytes(RATE * 2 * 5 // 2)
"""Two seconds and a half."""

# As vosk-server 0.3.45 writes them.
PARTIAL = '{\n  "partial" : "vier acht"\n}'
ALTERNATIVES = json.dumps(
    {
        "alternatives": [
            {"confidence": 219.61, "result": [{"end": 0.6, "start": 0.2, "word": "vier"}], "text": "vier acht"},
            {"confidence": 217.4, "text": "vier nach"},
        ]
    }
)
WORDS = json.dumps(
    {
        "result": [
            {"conf": 1.0, "end": 0.6, "start": 0.2, "word": "zwei"},
            {"conf": 0.5, "end": 1.1, "start": 0.7, "word": "drei"},
        ],
        "text": "zwei drei",
    }
)
EMPTY = '{\n  "text" : ""\n}'


@dataclass
class Vosk:
    """A server that answers each chunk of audio, and the end, with the next of ``says``."""

    says: list[str | bytes] = field(default_factory=list)
    heard: list[str | bytes] = field(default_factory=list)
    path: str = ""
    address: str = ""
    instead: Callable[[ServerConnection], Awaitable[None]] | None = None

    async def __call__(self, connection: ServerConnection) -> None:
        self.path = connection.request.path if connection.request else ""
        if self.instead is not None:
            return await self.instead(connection)
        left = iter(self.says)
        async for message in connection:
            self.heard.append(message)
            if isinstance(message, str) and "config" in message:
                continue
            await connection.send(next(left))
            if message == '{"eof" : 1}':
                break
        return None


@asynccontextmanager
async def vosk(*says: str | bytes) -> AsyncIterator[Vosk]:
    there = Vosk(list(says))
    async with serve(there, "127.0.0.1", 0) as server:
        there.address = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/{{language}}"
        yield there


async def hear(there: Vosk) -> list[tuple[str, float]]:
    readings = await VoskRecogniser(there.address).hear(AUDIO, "de-AT", NUMBER)
    return [(reading.text, reading.weight) for reading in readings]


async def test_the_audio_goes_out_as_the_server_wants_it_and_all_pieces_come_back() -> None:
    async with vosk(PARTIAL, ALTERNATIVES, PARTIAL, WORDS) as there:
        (first, likeliest), (second, other) = await hear(there)
    assert (first, second) == ("vier acht zwei drei", "vier nach zwei drei")
    assert likeliest > other > 0
    assert likeliest + other == pytest.approx(0.9)
    config, *chunks, end = there.heard
    assert json.loads(config) == {"config": {"sample_rate": 8000, "max_alternatives": 8, "words": True}}
    assert b"".join(chunk for chunk in chunks if isinstance(chunk, bytes)) == AUDIO
    assert (len(chunks), end, there.path) == (3, '{"eof" : 1}', "/de")


async def test_nothing_heard_is_nobody_speaking() -> None:
    async with vosk(PARTIAL, PARTIAL, EMPTY, '{"alternatives": [{"confidence": 1.0, "text": ""}]}') as there:
        assert await hear(there) == []


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        b"\xff",
        "[]",
        "7",
        '{"alternatives": 7}',
        '{"alternatives": [{"text": "vier"}]}',
        '{"alternatives": [{"text": "vier", "confidence": NaN}]}',
        '{"alternatives": [{"text": ["vier"], "confidence": 1}]}',
        '{"alternatives": [{"text": "vier", "confidence": 1%s}]}' % ("0" * 400),
        '{"alternatives": [{"text": "vier", "confidence": -1.7e308}]}',
        '{"text": "vier", "result": [{"word": "vier"}]}',
    ],
)
async def test_anything_else_is_a_failure_without_its_words(message: str | bytes) -> None:
    async with vosk(message) as there:
        with pytest.raises(RecognitionFailed) as failed:
            await hear(there)
    assert "vier" not in str(failed.value)


async def test_a_huge_answer_is_not_read() -> None:
    async with vosk(json.dumps({"text": "x" * 100_000})) as there:
        with pytest.raises(RecognitionFailed):
            await hear(there)


async def test_a_server_that_ends_in_the_middle_is_a_failure() -> None:
    async with vosk() as there:

        async def leave(connection: ServerConnection) -> None:
            await connection.recv()

        there.instead = leave
        with pytest.raises(RecognitionFailed, match="ConnectionClosed"):
            await hear(there)


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    with pytest.raises(RecognitionFailed, match="cannot be reached"):
        await VoskRecogniser("ws://127.0.0.1:9").hear(AUDIO, "de", NUMBER)


async def test_voices_go_nowhere_else_by_a_redirect() -> None:
    async with vosk(PARTIAL, PARTIAL, PARTIAL, WORDS) as elsewhere:

        def redirected(connection: ServerConnection, _: Request) -> Response:
            response = connection.respond(302, "")
            response.headers["Location"] = elsewhere.address
            return response

        async with serve(Vosk(), "127.0.0.1", 0, process_request=redirected) as server:
            address = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            with pytest.raises(RecognitionFailed, match="cannot be reached"):
                await VoskRecogniser(address).hear(AUDIO, "de", NUMBER)
    assert elsewhere.heard == []


async def test_a_server_that_hangs_is_not_waited_for() -> None:
    async with vosk() as there:
        let_go = asyncio.Event()

        async def hang(_: ServerConnection) -> None:
            await let_go.wait()

        there.instead = hang
        ear = Ear(VoskRecogniser(there.address), at_once=1, waiting=1, seconds=0.2)
        event = await asyncio.wait_for(ear.hear(AUDIO, "de", NUMBER), 60)
        assert event.kind == "speech_lost"
        let_go.set()


WAYS = st.lists(st.tuples(st.text("ab ", max_size=5), st.floats(-500, 500)), min_size=1, max_size=4)


@given(st.lists(WAYS, max_size=4))
def test_readings_are_ranked_and_leave_room_for_something_else(pieces: list[list[tuple[str, float]]]) -> None:
    weights = [reading.weight for reading in combined(pieces)]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) <= 0.9 + 1e-9


@given(st.one_of(st.text(), st.binary()))
def test_no_message_does_harm(message: str | bytes) -> None:
    try:
        ways_of(message)
    except RecognitionFailed as failed:
        assert str(failed)
