"""A tester speaks: what is let in, what the call makes of it, and that callers never wait behind testers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from router.calls.handle import Calls
from router.channels.simulator.phone import TestPhone
from router.channels.simulator.routes import routes
from router.channels.simulator.speech import LARGEST, MOST, WITHIN
from router.core.events import InputTimedOut, SpeechHeard, SpeechLost
from router.core.hearing import Listening, Reading
from router.errors import Refused
from router.flow.files import check
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.speech.wav import telephone_wav
from router.store.bus import Bus
from router.store.database import Database

pytestmark = pytest.mark.sqlite_only

FLOW = check(
    """
version: 1
name: short
languages: [de]
start: ask
steps:
  ask:
    type: collect
    text: {de: Ihre Vertragsnummer bitte.}
    into: contract
    min_digits: 4
    max_digits: 8
    next: connect
    none: keys
    otherwise: connect
  keys: {type: collect, text: {de: Ihre Kundennummer bitte.}, into: customer, next: connect, otherwise: connect}
  connect: {type: transfer, queue: sales, timeout: 5, no_answer: bye, unavailable: bye}
  bye: {type: hangup, text: {de: Auf Wiederhören.}}
""",
    "short.yaml",
)
SOUND = telephone_wav(b"\x01\x00" * 8000)
SAID = SpeechHeard("vier acht zwei eins", (Reading("4821", 0.71), Reading("4831", 0.18)), "scripted")


@dataclass
class Scripted:
    """An ear that has heard what it is told to; where it is made to wait, it does so until it may go on."""

    event: Any = SAID
    heard: list[tuple[int, str, Listening]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, audio: bytes, language: str, listening: Listening) -> Any:
        self.heard.append((len(audio), language, listening))
        self.begun.set()
        await self.go_on.wait()
        return self.event


@dataclass
class Line:
    """A test phone's own line to the service, and the time there."""

    client: httpx.AsyncClient
    ear: Scripted
    now: datetime = datetime(2026, 11, 23, 10, tzinfo=UTC)

    async def dial(self) -> tuple[str, int]:
        answer = await self.client.post("/testphone/calls", json={"withheld": True})
        assert answer.status_code == 201, answer.text
        return answer.json()["call"], answer.json()["sequence"]

    async def speak(self, call: str, sequence: int, sound: bytes = SOUND) -> httpx.Response:
        headers = {"Content-Type": "audio/wav"}
        address = f"/testphone/calls/{call}/speech?sequence={sequence}"
        return await self.client.post(address, content=sound, headers=headers)


async def line_on(database: Database, ear: Scripted | None) -> AsyncIterator[Line]:
    flows, bus, app = Flows({"short": FLOW}, {}, "short"), Bus(), FastAPI()
    calls = Calls(database, bus, flows, CodeKeys("x" * 32), lambda: made.now)
    phone = TestPhone(calls, "DE")

    async def anybody(_: Request) -> None: ...

    @app.exception_handler(Refused)
    async def _(_request: Request, refused: Refused) -> JSONResponse:
        return JSONResponse({"detail": refused.detail}, refused.status, headers=refused.headers)

    app.include_router(routes(phone, calls, bus, lambda: made.now, anybody, anybody, ear))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        made = Line(client, ear or Scripted())
        yield made


@pytest.fixture
async def line(database: Database) -> AsyncIterator[Line]:
    ear = Scripted()
    ear.go_on.set()
    async for each in line_on(database, ear):
        yield each


@pytest.fixture
async def deaf(database: Database) -> AsyncIterator[Line]:
    async for each in line_on(database, None):
        yield each


async def test_what_is_said_answers_the_question_and_is_shown_with_all_readings(line: Line) -> None:
    call, sequence = await line.dial()
    answer = (await line.speak(call, sequence)).json()
    assert answer["understood"] == {
        "kind": "speech_heard",
        "text": "vier acht zwei eins",
        "readings": [{"text": "4821", "weight": 0.71}, {"text": "4831", "weight": 0.18}],
        "recogniser": "scripted",
    }
    assert answer["sequence"] == sequence + 1
    ((size, language, _),) = line.ear.heard
    assert (size, language) == (16_000, "de")


@pytest.mark.parametrize(("event", "kind"), [(InputTimedOut(), "input_timed_out"), (SpeechLost(), "speech_lost")])
async def test_silence_and_a_lost_recogniser_go_to_the_call_as_they_would_with_a_caller(
    line: Line, event: Any, kind: str
) -> None:
    line.ear.event = event
    call, sequence = await line.dial()
    answer = (await line.speak(call, sequence)).json()
    assert answer["understood"] == {"kind": kind}
    assert answer["sequence"] == sequence + 1
    asked = answer["commands"][-1]
    assert asked["kind"] == "ask_digits"
    assert asked["speech"] is (kind != "speech_lost"), "without a recogniser a caller is asked for keys"


@pytest.mark.parametrize(
    ("sound", "status"),
    [
        (b"", 422),
        (b"RIFF", 422),
        (b"\x00" * 5000, 422),
        (SOUND[:2000], 422),  # cut off
        (telephone_wav(b""), 422),
        (telephone_wav(b"\x00\x00" * 799), 422),
        (SOUND.replace((8000).to_bytes(4, "little"), (16_000).to_bytes(4, "little"), 1), 422),
        (telephone_wav(bytes(LARGEST)), 413),
        (telephone_wav(bytes(LARGEST - 44)), 200),
        (telephone_wav(bytes(1600)), 200),
    ],
)
async def test_only_sound_that_can_be_listened_to_is_let_in(line: Line, sound: bytes, status: int) -> None:
    call, sequence = await line.dial()
    assert (await line.speak(call, sequence, sound)).status_code == status
    assert len(line.ear.heard) == (status == 200)


async def test_a_question_for_keys_is_answered_by_nobody_who_speaks(line: Line) -> None:
    line.ear.event = SpeechLost()
    call, sequence = await line.dial()
    answer = (await line.speak(call, sequence)).json()
    assert (await line.speak(call, answer["sequence"])).status_code == 409
    assert len(line.ear.heard) == 1


async def test_where_there_is_no_recogniser_that_is_said(deaf: Line) -> None:
    call, sequence = await deaf.dial()
    refused = await deaf.speak(call, sequence)
    assert refused.status_code == 409
    assert "type what the caller says" in refused.json()["detail"]


@pytest.mark.parametrize("call", ["0" * 32, "x"])
async def test_of_calls_that_there_are_not_nothing_is_heard(line: Line, call: str) -> None:
    assert (await line.speak(call, 1)).status_code == 404
    assert line.ear.heard == []


async def test_an_answer_to_an_earlier_question_is_not_listened_to(line: Line) -> None:
    call, sequence = await line.dial()
    event = {"sequence": sequence, "kind": "input_timed_out"}
    now = (await line.client.post(f"/testphone/calls/{call}/events", json=event)).json()
    late = (await line.speak(call, sequence)).json()
    assert (late["sequence"], late["understood"]) == (now["sequence"], None)
    assert line.ear.heard == []


async def test_keys_and_hanging_up_count_while_somebody_is_listened_to(line: Line) -> None:
    line.ear.go_on.clear()
    call, sequence = await line.dial()
    speaking = asyncio.create_task(line.speak(call, sequence))
    await line.ear.begun.wait()
    over = await line.client.post(f"/testphone/calls/{call}/hangup", json={})
    assert over.json()["state"] == "ended"
    line.ear.go_on.set()
    answer = await speaking
    assert (answer.status_code, answer.json()["state"]) == (200, "ended")


async def test_testers_take_turns_so_that_callers_need_not(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.channels.simulator.speech.LONGEST_WAIT", 0.01)
    line.ear.go_on.clear()
    first, second = await line.dial(), await line.dial()
    speaking = asyncio.create_task(line.speak(*first))
    await line.ear.begun.wait()
    refused = await line.speak(*second)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    line.ear.go_on.set()
    assert (await speaking).status_code == 200
    assert (await line.speak(*second)).status_code == 200
    assert len(line.ear.heard) == 2


async def test_not_more_is_said_in_a_minute_than_is_sensible(line: Line) -> None:
    line.ear.event = InputTimedOut()
    statuses = []
    for _ in range(MOST + 1):
        statuses.append((await line.speak(*await line.dial())).status_code)
    assert statuses == [200] * MOST + [429]
    line.now += WITHIN - timedelta(seconds=1)
    assert (await line.speak(*await line.dial())).status_code == 429
    line.now += timedelta(seconds=1)
    assert (await line.speak(*await line.dial())).status_code == 200
