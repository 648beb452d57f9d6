"""The desk's event stream: server-sent events out of the table ``desk_events``.

The table is the truth, the bus only wakes: each time the stream is woken, and at every heartbeat, it reads what is new.
So a client that resumes with the number of its last event misses nothing, and one without gets ``hello`` and fetches.
Format: WHATWG HTML, section 9.2 "Server-sent events".
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from router.store import desk_events
from router.store import web as rows
from router.store.bus import Bus
from router.store.database import Database
from router.web.person import SignedIn

HEARTBEAT: Final = 15.0
"""Seconds without an event after which a comment shows that the line is alive."""
CATCH_UP: Final = 100
"""Events sent after a pause at most; with more the page starts afresh, which is cheaper."""
PER_PERSON: Final = 8
RETRY: Final = "retry: 1000\n\n"
HEART: Final = ": alive\n\n"


@dataclass(slots=True, eq=False)
class _Open:
    """One open page."""

    replaced: asyncio.Event = field(default_factory=asyncio.Event)


class OpenPages:
    """Bounds the streams of each person: when one too many opens, the oldest is told to stop."""

    def __init__(self, per_person: int = PER_PERSON) -> None:
        self._per_person = per_person
        self._open: dict[str, OrderedDict[_Open, None]] = {}

    @contextmanager
    def one_more(self, person_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when this page has to give way."""
        page, pages = _Open(), self._open.setdefault(person_id, OrderedDict())
        pages[page] = None
        if len(pages) > self._per_person:
            oldest, _ = pages.popitem(last=False)
            oldest.replaced.set()
        try:
            yield page.replaced
        finally:
            pages.pop(page, None)
            if not pages and self._open.get(person_id) is pages:
                del self._open[person_id]

    def count(self, person_id: str) -> int:
        """Pages this person has open now."""
        return len(self._open.get(person_id, ()))

    @property
    def total(self) -> int:
        """Pages that all people have open now."""
        return sum(len(pages) for pages in self._open.values())


class DeskStream:
    """Makes streams; ``stopping`` is set when the service shuts down and ends them all."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Callable[[], datetime],
        *,
        stopping: asyncio.Event | None = None,
        heartbeat: float = HEARTBEAT,
        pages: OpenPages | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._stopping = stopping or asyncio.Event()
        self._heartbeat = heartbeat
        self.pages = pages or OpenPages()

    async def events(self, signed_in: SignedIn, last_event_id: str | None) -> AsyncGenerator[str]:
        """The text of the stream until the session ends, a newer page takes its place, or the service stops."""
        person_id = signed_in.person.id
        topic = f"desk:{person_id}"
        with self.pages.one_more(person_id) as replaced:
            async with self._bus.listen(topic) as woken:
                last, beginning = await self._begin(person_id, last_event_id)
                yield RETRY + beginning
                while True:
                    woken.clear()
                    events = await self._new(signed_in, last)
                    if events is None:
                        yield message("over", {})
                        return
                    if len(events) > CATCH_UP:
                        last = await self._newest(person_id)
                        yield message("hello", {}, last)
                        continue
                    if events:
                        last = events[-1].id
                        yield "".join(message(row.name, row.data, row.id) for row in events)
                    reason = await self._wait(woken, replaced)
                    if reason == "stopping":
                        return
                    if reason == "replaced":
                        yield message("elsewhere", {})
                        return
                    if reason == "time":
                        yield HEART

    async def _begin(self, person_id: str, last_event_id: str | None) -> tuple[int, str]:
        """Where to go on: after the event the page saw last, or afresh with ``hello``."""
        number = _number(last_event_id)
        async with self._database.read() as connection:
            newest = await desk_events.newest(connection, person_id)
            # 0 is what a page got that began before the first event; later ones may have been trimmed since.
            if number is not None and (number == newest or await desk_events.is_kept(connection, person_id, number)):
                return number, HEART
        return newest, message("hello", {}, newest)

    async def _new(self, signed_in: SignedIn, last: int) -> list[Any] | None:
        """Events after ``last``; None when the session is over."""
        async with self._database.read() as connection:
            if await rows.person_of_session(connection, signed_in.token_hash, self._clock()) is None:
                return None
            return await desk_events.after(connection, signed_in.person.id, last, CATCH_UP + 1)

    async def _newest(self, person_id: str) -> int:
        async with self._database.read() as connection:
            return await desk_events.newest(connection, person_id)

    async def _wait(self, woken: asyncio.Event, replaced: asyncio.Event) -> str:
        """What ended the pause: ``stopping``, ``replaced``, ``news``, or ``time`` for a heartbeat."""
        signals = {"stopping": self._stopping, "replaced": replaced, "news": woken}
        tasks = {asyncio.create_task(event.wait()): name for name, event in signals.items()}
        try:
            done, _ = await asyncio.wait(tasks, timeout=self._heartbeat, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        names = {tasks[task] for task in done}
        return next((name for name in signals if name in names), "time")


def message(name: str, data: dict[str, Any], number: int | None = None) -> str:
    """One event as text; JSON has no line breaks of its own."""
    lines = [f"id: {number}"] if number is not None else []
    return "\n".join([*lines, f"event: {name}", f"data: {json.dumps(data)}", "", ""])


def _number(last_event_id: str | None) -> int | None:
    text = last_event_id or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
