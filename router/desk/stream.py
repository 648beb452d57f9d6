"""The desk's event stream: server-sent events out of the table ``desk_events``.

The table is the truth, the bus only wakes: each time the stream is woken, and at every heartbeat, it reads what is new.
So a client that resumes with the number of its last event misses nothing, and one without gets ``hello`` and fetches.
Format: WHATWG HTML, section 9.2 "Server-sent events".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final, Protocol

from router.store import desk_events
from router.store import web as rows
from router.store.bus import Bus
from router.store.database import Database
from router.web.person import SignedIn
from router.web.streams import HEART, HEARTBEAT, RETRY, OpenPages, message, pause

CATCH_UP: Final = 100
"""Events sent after a pause at most; with more the page starts afresh, which is cheaper."""


class PageWatch(Protocol):
    """See `router.agents.page_watch.PageWatch`."""

    async def opened(self, person_id: str) -> None: ...
    def closed(self, person_id: str, is_open: Callable[[], bool]) -> None: ...


class DeskStream:
    """Makes streams; ``stopping`` is set when the service shuts down and ends them all. At each heartbeat a session is
    said to be ``still_there`` (`SignIn.still`): an open desk keeps it alive."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Callable[[], datetime],
        *,
        stopping: asyncio.Event | None = None,
        heartbeat: float = HEARTBEAT,
        still_there: Callable[[bytes], Awaitable[object]] | None = None,
        pages: OpenPages | None = None,
        watch: PageWatch | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._stopping = stopping or asyncio.Event()
        self._heartbeat = heartbeat
        self._still_there = still_there
        self.pages = pages or OpenPages()
        self._watch = watch

    async def events(self, signed_in: SignedIn, last_event_id: str | None) -> AsyncGenerator[str]:
        """The text of the stream until the session ends, a newer page takes its place, or the service stops."""
        person_id = signed_in.person.id
        try:
            async with aclosing(self._events(signed_in, last_event_id)) as texts:
                async for text in texts:
                    yield text
        finally:
            if self._watch is not None and not self.pages.count(person_id):
                self._watch.closed(person_id, lambda: self.pages.count(person_id) > 0)

    async def _events(self, signed_in: SignedIn, last_event_id: str | None) -> AsyncGenerator[str]:
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
                    reason = await pause(self._heartbeat, stopping=self._stopping, replaced=replaced, news=woken)
                    if reason == "stopping":
                        return
                    if reason == "replaced":
                        yield message("elsewhere", {})
                        return
                    if reason == "time":
                        if self._still_there is not None:
                            await self._still_there(signed_in.token_hash)
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
            person = await rows.person_of_session(connection, signed_in.token_hash, self._clock())
            if person is None:
                return None
            events = await desk_events.after(connection, signed_in.person.id, last, CATCH_UP + 1)
        if self._watch is not None and person.page_left_at is not None:
            await self._watch.opened(signed_in.person.id)
        return events

    async def _newest(self, person_id: str) -> int:
        async with self._database.read() as connection:
            return await desk_events.newest(connection, person_id)


def _number(last_event_id: str | None) -> int | None:
    text = last_event_id or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
