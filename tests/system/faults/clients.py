"""Those who use a service that is killed again and again: a CRM, an agent, callers. They keep what it said yes to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

_CARD = re.compile(r'data-card="([0-9a-f]{32})"')
_PAUSE = 0.02
"""Seconds before somebody whom nobody answers tries again."""
_SILENCE = 45
"""Seconds after which a page takes its connection for dead: three heartbeats, as the real one."""
_TIMES = httpx.Timeout(10, read=_SILENCE)


@dataclass(slots=True)
class Acknowledged:
    """What the service has said yes to."""

    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Registrations by their external id, as they were answered first."""
    notes: dict[str, str] = field(default_factory=dict)
    """Notes by card."""
    results: dict[str, str] = field(default_factory=dict)
    """Results of talks by card."""
    wrapped_up: set[str] = field(default_factory=set)
    """Cards whose wrap-up was ended."""
    differing: list[str] = field(default_factory=list)
    """Registrations that were answered in another way when they were told again."""
    calls: int = 0


@dataclass(slots=True)
class Told:
    """What an agent's page was told, over all its connections."""

    numbers: list[int] = field(default_factory=list)
    rang: list[str] = field(default_factory=list)
    """Cards that were said to ring, in order."""
    afresh: list[int] = field(default_factory=list)
    """Where the page was told to begin afresh."""
    connections: int = 0
    signed_out: bool = False

    def since(self) -> int:
        """The event from which on the page was told of each. A page that resumes is not told to begin afresh, but for
        one that was cut before there was any event: it has only 0 to resume from."""
        assert self.afresh and not any(self.afresh[:-1]), f"told to begin afresh at {self.afresh}"
        return self.afresh[-1]


class Clients:
    """All of them together, from `begin` until `end`. ``chance`` decides what they do."""

    def __init__(self, url: str, key: str, token: str, chance: random.Random, *, page_at: str = "") -> None:
        """``page_at`` is where the agent's page listens to its events, where that is not ``url``."""
        self._events = f"{page_at or url}/v1/desk/events"
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=10,
            trust_env=False,
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
        )
        self._key = {"Authorization": f"Bearer {key}"}
        self._page = {"Cookie": f"threadline={token}", "Sec-Fetch-Site": "same-origin"}
        self._chance = chance
        self._tasks: list[asyncio.Task[None]] = []
        self.acknowledged = Acknowledged()
        self.told = Told()
        self._limit: asyncio.Timeout | None = None
        self.cut_after: Callable[[], float] | None = None
        """Seconds after which a page's connection is cut; None: it lasts."""
        self.refused: list[str] = []
        """Answers that say that something is wrong with the service."""

    def begin(self) -> None:
        works = (self._registers("a"), self._registers("b"), self._works(), self._follows())
        self._tasks = [asyncio.create_task(work) for work in works]

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    def cut(self) -> None:
        """The page's connection breaks now."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def caught_up(self) -> None:
        """Returns when one more call was wrapped up, with all that goes before it, and the page was told of it."""
        yes = self.acknowledged
        wrapped_up, told = len(yes.wrapped_up), len(self.told.numbers)

        async def more() -> None:
            while True:
                await asyncio.sleep(_PAUSE)
                whole = yes.messages and yes.notes and yes.results  # a call that was cut short may lack one
                if whole and len(yes.wrapped_up) > wrapped_up and len(self.told.numbers) > told:
                    return

        async with asyncio.timeout(120):
            await more()

    async def told_more_than(self, events: int) -> None:
        """Returns when the page was told of more than so many events."""
        while True:
            if len(self.told.numbers) > events:
                return
            await asyncio.sleep(_PAUSE)

    async def connected(self, times: int) -> None:
        """Returns when the page has connected so often."""
        while True:
            await asyncio.sleep(_PAUSE)
            if self.told.connections >= times:
                return

    async def close(self) -> None:
        await self._http.aclose()

    async def up(self) -> bool:
        """Whether the service says that it is ready."""
        try:
            return (await self._http.get("/readyz", timeout=2)).status_code == 200
        except httpx.HTTPError:
            return False

    async def register(self, external_id: str) -> dict[str, Any] | None:
        """Tell of a message; the answer, None where there was none."""
        number = int.from_bytes(external_id.encode(), "big") % 1000
        body = {
            "external_id": external_id,
            "channel": "sms",
            "to": {"phone": f"+4930231256{number:03}"},
            "offer": {"title": "Sommer", "queue": "default"},
        }
        answer = await self._post("/v1/messages", headers=self._key, json=body)
        return answer.json() if answer is not None and answer.status_code in (200, 201) else None

    async def _post(self, path: str, **more: Any) -> httpx.Response | None:
        try:
            answer = await self._http.post(path, **more)
        except (httpx.HTTPError, OSError):
            await asyncio.sleep(_PAUSE)
            return None
        if answer.status_code == 500:
            self.refused.append(f"{path}: {answer.text[:300]}")
        return answer

    async def _registers(self, name: str) -> None:
        known, count = self.acknowledged.messages, 0
        while True:
            again = bool(known) and self._chance.random() < 0.3
            external_id = self._chance.choice(list(known)) if again else f"{name}-{count}"
            answer = await self.register(external_id)
            if answer is None:
                continue
            told = {name: answer[name] for name in ("id", "callback_code", "reference", "tel_link")}
            if known.setdefault(external_id, told) != told:
                self.acknowledged.differing.append(external_id)
            count += not again

    async def _works(self) -> None:
        """One call after the other: it rings, is answered, noted down, over, and wrapped up."""
        while True:
            await self.hang_up()
            dialled = await self._post(
                "/testphone/calls",
                headers=self._key,
                json={"from": f"+4930231256{self._chance.randrange(1000):03}", "to": "+493023125000"},
            )
            if dialled is None or dialled.status_code != 201:
                continue
            self.acknowledged.calls += 1
            await self._talks(dialled.json()["call"])

    async def _talks(self, call: str) -> None:
        card = await self._card()
        if card is None:
            return
        words = f"note {self._chance.randrange(10**9)}"
        if not await self._done(f"/desk/cards/{card}/answer"):
            return
        if await self._done(f"/desk/cards/{card}/note", text=words):
            self.acknowledged.notes[card] = words
        await self._post(f"/testphone/calls/{call}/hangup", headers=self._key)
        if await self._done(f"/desk/cards/{card}/disposition", disposition="answered", then=""):
            self.acknowledged.results[card] = "answered"
        if await self._done(f"/desk/cards/{card}/next"):
            self.acknowledged.wrapped_up.add(card)

    async def hang_up(self) -> None:
        """Test calls outlive the service. Whoever placed one that was cut short does not wait for ever."""
        listed = await self._get("/v1/calls")
        for call in [] if listed is None else listed.json()["calls"]:
            if call["state"] != "ended":
                await self._post(f"/testphone/calls/{call['id']}/hangup", headers=self._key)

    async def _get(self, path: str) -> httpx.Response | None:
        try:
            answer = await self._http.get(path, headers=self._key)
        except (httpx.HTTPError, OSError):
            return None
        return answer if answer.status_code == 200 else None

    async def _card(self) -> str | None:
        for _ in range(50):
            try:
                page = (await self._http.get("/desk/cards", headers=self._page)).text
            except (httpx.HTTPError, OSError):
                return None
            if 'data-state="ringing"' in page and (found := _CARD.search(page)):
                return found[1]
            if found := _CARD.search(page):  # left by a crash: wrapped up now
                await self._done(f"/desk/cards/{found[1]}/next")
            await asyncio.sleep(_PAUSE)
        return None

    async def _done(self, path: str, **fields: str) -> bool:
        answer = await self._post(path, headers=self._page, data=fields)
        return answer is not None and answer.status_code == 204

    async def _follows(self) -> None:
        self._last: str | None = None
        while True:
            with contextlib.suppress(httpx.HTTPError, OSError, TimeoutError):
                await self._connection()
            await asyncio.sleep(_PAUSE if self.cut_after is None else 0)

    async def _connection(self) -> None:
        headers = self._page | ({"Last-Event-ID": self._last} if self._last is not None else {})
        async with self._http.stream("GET", self._events, headers=headers, timeout=_TIMES) as stream:
            if stream.status_code != 200:
                return
            self.told.connections += 1
            async with asyncio.timeout(self.cut_after() if self.cut_after is not None else None) as self._limit:
                await self._reads(stream)

    async def _reads(self, stream: httpx.Response) -> None:
        number = name = ""
        async for line in stream.aiter_lines():
            if line.startswith("id: "):
                number = line.removeprefix("id: ")
            elif line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                self._last = self._heard(number, name, json.loads(line.removeprefix("data: "))) or self._last

    def _heard(self, number: str, name: str, data: dict[str, Any]) -> str | None:
        if name == "hello":
            self.told.afresh.append(int(number))
            return number
        if name == "over":
            self.told.signed_out = True
        if not number:
            return None
        self.told.numbers.append(int(number))
        if name == "card" and data.get("state") == "ringing":
            self.told.rang.append(data["card"])
        return number
