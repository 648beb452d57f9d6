"""A line to a database that can be cut, or go dead without a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from sqlalchemy import text
from sqlalchemy.engine import make_url

from router.store.database import Database

SOON = 20.0


async def until(holds: Callable[[], bool]) -> None:
    """Wait until this holds, within reason."""
    async with asyncio.timeout(SOON):
        while not holds():  # noqa: ASYNC110 - whatever it is that is waited for
            await asyncio.sleep(0.005)


async def ended(database: Database, name: str) -> int:
    """End the sessions of this name at the server; how many they were."""
    query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = :name"
    async with database.begin() as connection:
        number: int = (await connection.execute(text(query), {"name": name})).scalar_one()
    return number


class Line:
    """Carries bytes both ways. While it is ``dead`` nothing comes through, and nobody is told."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._alive = asyncio.Event()
        self._alive.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.refuses = False

    def die(self) -> None:
        self._alive.clear()

    def revive(self) -> None:
        """Go on; what was under way is lost, as after a partition that outlasted the other end."""
        for writer in self._open:
            writer.transport.abort()
        self._alive.set()

    def cut(self) -> None:
        """End all connections, and take no new ones."""
        self.refuses = True
        self.revive()

    async def close(self) -> None:
        """End all that is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        both = [writer]
        self._open.add(writer)
        try:
            if not self.refuses:
                await self._alive.wait()
                their_reader, their_writer = await asyncio.open_connection(*self._target)
                both.append(their_writer)
                self._open.add(their_writer)
                await asyncio.gather(self._carry(reader, their_writer), self._carry(their_reader, writer))
        except OSError:
            pass
        finally:
            for each in both:
                self._open.discard(each)
                each.transport.abort()
            with suppress(OSError):
                await asyncio.gather(*(each.wait_closed() for each in both))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._alive.wait()
            writer.write(data)
            await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def line_to(address: str) -> AsyncIterator[tuple[Line, str]]:
    """A line to the database at ``address`` over the network, and the address of its near end."""
    url = make_url(address)
    line = Line(url.host or "", url.port or 0)
    server = await asyncio.start_server(line.take, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line, url.set(port=line.port).render_as_string(hide_password=False)
    finally:
        server.close()
        await line.close()
