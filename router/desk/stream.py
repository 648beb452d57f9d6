"""The desk's event stream: server-sent events out of the table ``desk_events``.

The table is the truth, the bus only wakes: each time the stream is woken, and at every heartbeat, it reads what is new.
So a client that resumes with the number of its last event misses nothing, and one without gets ``hello`` and fetches.
Format: WHATWG HTML, section 9.2 "Server-sent events".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final, Protocol

from router.agents.work_news import TOPIC as WORK
from router.store import desk_events
from router.store import web as rows
from router.store.bus import Bus
from router.store.database import Database
from router.web.person import SignedIn
from router.web.streams import HEART, HEARTBEAT, RETRY, OpenPages, message, pause

CATCH_UP: Final = 100
"""Events sent after a pause at most; with more the page starts afresh, which is cheaper."""
SIGNED_IN: Final = timedelta(seconds=5)
"""How long a session that was looked up counts as lasting, where nobody says that it has ended."""


class PageWatch(Protocol):
    """See `router.agents.page_watch.PageWatch`."""

    async def opened(self, person_id: str) -> None: ...
    def closed(self, person_id: str, is_open: Callable[[], bool]) -> None: ...


class DeskStream:
    """Makes streams; ``stopping`` is set when the service shuts down and ends them all, and so does ``away`` while the
    database is: a page that can be told nothing shall not look as if nothing happened. At each heartbeat a session is
    said to be ``still_there`` (`SignIn.still`): an open desk keeps it alive."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Callable[[], datetime],
        *,
        stopping: asyncio.Event | None = None,
        away: asyncio.Event | None = None,
        heartbeat: float = HEARTBEAT,
        still_there: Callable[[bytes], Awaitable[object]] | None = None,
        pages: OpenPages | None = None,
        watch: PageWatch | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._stopping = stopping or asyncio.Event()
        self._away = away or asyncio.Event()
        self._heartbeat = heartbeat
        self._still_there = still_there
        self.pages = pages or OpenPages()
        self._watch = watch

    async def events(
        self, signed_in: SignedIn, last_event_id: str | None, *, lists: bool = False
    ) -> AsyncGenerator[str]:
        """The text of the stream until the session ends, a newer page takes its place, or the service stops. One for a
        page that shows ``lists`` of work also tells when these have changed, and does so at its beginning."""
        person_id = signed_in.person.id
        try:
            async with aclosing(self._events(signed_in, last_event_id, lists)) as texts:
                async for text in texts:
                    yield text
        finally:
            if self._watch is not None and not self.pages.count(person_id):
                self._watch.closed(person_id, lambda: self.pages.count(person_id) > 0)

    async def _events(self, signed_in: SignedIn, last_event_id: str | None, lists: bool) -> AsyncGenerator[str]:
        if self._away.is_set():
            return
        person_id = signed_in.person.id
        listening = self._bus.listen
        async with (
            listening(f"desk:{person_id}") as news,
            listening(f"session:{person_id}") as ended,
            listening(WORK) as work,
        ):
            with self.pages.one_more(person_id) as replaced:
                last, beginning = await self._begin(person_id, last_event_id)
                yield RETRY + beginning
                signals = {"replaced": replaced, "ended": ended, "news": news} | ({"work": work} if lists else {})
                if lists:
                    work.set()
                looked_at = None
                while not self._away.is_set():
                    now = self._clock()
                    if ended.is_set() or looked_at is None or not looked_at <= now < looked_at + SIGNED_IN:
                        ended.clear()
                        if not await self._lasts(signed_in):
                            yield message("over", {})
                            return
                        looked_at = now
                    news.clear()
                    last, text = await self._new(person_id, last)
                    if text:
                        yield text
                    reason = await pause(self._heartbeat, stopping=self._stopping, away=self._away, **signals)
                    if reason == "stopping":
                        return
                    if reason == "replaced":
                        yield message("elsewhere", {})
                        return
                    if reason == "work":
                        work.clear()
                        yield message("work", {})
                    if reason == "time":
                        looked_at = None
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

    async def _lasts(self, signed_in: SignedIn) -> bool:
        """Whether the session is not over."""
        async with self._database.read() as connection:
            person = await rows.person_of_session(connection, signed_in.token_hash, self._clock())
        if person is not None and person.page_left_at is not None and self._watch is not None:
            await self._watch.opened(signed_in.person.id)
        return person is not None

    async def _new(self, person_id: str, last: int) -> tuple[int, str]:
        """The number of the latest event, and the text of those after ``last``."""
        async with self._database.read() as connection:
            events = await desk_events.after(connection, person_id, last, CATCH_UP + 1)
            if len(events) > CATCH_UP:
                newest = await desk_events.newest(connection, person_id)
                return newest, message("hello", {}, newest)
        return (events[-1].id if events else last), "".join(message(row.name, row.data, row.id) for row in events)


def _number(last_event_id: str | None) -> int | None:
    text = last_event_id or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
