"""The supervisors' event stream: it says that something has changed, at most once a second; the page fetches what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime

from router.store import web as rows
from router.store.database import Database
from router.supervisor.board import EVERY, Boards
from router.web.person import ADMIN, SUPERVISOR, SignedIn
from router.web.streams import HEART, HEARTBEAT, RETRY, OpenPages, message, pause


class SupervisorStream:
    """Makes streams; ``stopping`` is set when the service shuts down and ends them all. Only where one is open is the
    database looked into. At each heartbeat a session is said to be ``still_there`` (`SignIn.still`)."""

    def __init__(
        self,
        database: Database,
        boards: Boards,
        clock: Callable[[], datetime],
        *,
        stopping: asyncio.Event | None = None,
        every: float = EVERY,
        heartbeat: float = HEARTBEAT,
        still_there: Callable[[bytes], Awaitable[object]] | None = None,
        pages: OpenPages | None = None,
    ) -> None:
        self._database = database
        self._boards = boards
        self._clock = clock
        self._stopping = stopping or asyncio.Event()
        self._every = every
        self._heartbeat = heartbeat
        self._still_there = still_there
        self.pages = pages or OpenPages()

    async def events(self, signed_in: SignedIn) -> AsyncGenerator[str]:
        """The text of the stream until the session ends or its role does not allow it any more, a newer page takes its
        place, or the service stops."""
        with self.pages.one_more(signed_in.person.id) as replaced:
            yield RETRY
            shown, silent = None, 0.0
            while True:
                if not await self._may(signed_in):
                    yield message("over", {})
                    return
                board = await self._boards.now()
                if board != shown:
                    shown, silent = board, 0.0
                    yield message("board", {})
                elif silent >= self._heartbeat:
                    silent = 0.0
                    if self._still_there is not None:
                        await self._still_there(signed_in.token_hash)
                    yield HEART
                reason = await pause(self._every, stopping=self._stopping, replaced=replaced)
                silent += self._every
                if reason == "stopping":
                    return
                if reason == "replaced":
                    yield message("elsewhere", {})
                    return

    async def _may(self, signed_in: SignedIn) -> bool:
        async with self._database.read() as connection:
            person = await rows.person_of_session(connection, signed_in.token_hash, self._clock())
        return person is not None and person.role in (SUPERVISOR, ADMIN)
