"""One Asterisk or several, as this process deals with them. To act there it keeps a connection to each; of all the
processes on one database only the one that has an Asterisk's duty listens to what happens there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog

from router.agents.ami import Ami, AmiError, AmiRefused, AmiSettings, Connected, Listener, Notice
from router.agents.line import Line
from router.agents.switchboard import Switchboard
from router.store.bus import EVERYTHING, Bus
from router.store.duties import Duties, Duty

log = structlog.get_logger(__name__)

BACK_WITHIN: Final = 3.0
"""Seconds that whoever listens may be without a connection before others are to try."""


class Asterisk:
    """A connection to one Asterisk. Give it a `listener`, `line` and `switchboard` before `run`.

    Where its duty is ``shared`` among processes it hears nothing until the duty is this one's.
    """

    def __init__(self, access: AmiSettings, duties: Duties, bus: Bus, *, shared: bool) -> None:
        self._duties = duties
        self._bus = bus
        self._shared = shared
        self._duty: Duty | None = None
        self._named = asyncio.Event()
        self._connected_at = float("-inf")
        self._news = False
        self.name = ""
        """Its system name, once it was logged in to."""
        self.may_be: Callable[[Asterisk, str], None] = lambda _asterisk, _name: None
        """Raises `AmiRefused` where we do not want to work with one of this name."""
        self.listener: Listener | None = None
        self.line: Line | None = None
        self.switchboard: Switchboard | None = None
        self.ami = Ami(access, self._told, hears=not shared, on_name=self._logged_in)

    @property
    def held(self) -> bool:
        """Whether this process is the one that listens."""
        return not self._shared or (self._duty is not None and self._duty.held)

    async def run(self) -> None:
        """Listen whenever it is this process's duty, until cancelled."""
        if self._shared:
            await self._named.wait()
            self._duty = self._duties.duty(f"asterisk:{self.name}", self._can_listen)
            await self._duty.while_held(self._listen)
        else:
            await self._listen()

    async def reload_queues(self) -> None:
        """Have it read its queues anew, and have whoever listens to it look at them. Raises `AmiDown`, `AmiRefused`."""
        await self.ami.reload_queues()
        if self.line is not None:
            await self.line.reloaded()

    async def _listen(self) -> None:
        assert self.line is not None and self.switchboard is not None  # noqa: S101 - whoever made it did so
        self.line.on_reload = self.ami.look_anew
        self._news = self._shared
        self.ami.hear(True)
        try:
            await self.line.serve()
        finally:
            if self._shared:
                self.ami.hear(False)
                self.switchboard.relieved()

    async def _told(self, notice: Notice) -> None:
        # One that slept, and lost its duty meanwhile, finds here what it was told long ago.
        if not self.held or self.listener is None:
            return
        await self.listener(notice)
        if self._news and isinstance(notice, Connected):
            # What whoever listened before did not get to do is done now, and may have been announced to nobody.
            self._news = False
            self._bus.announce(EVERYTHING)

    def _logged_in(self, name: str) -> None:
        self.may_be(self, name)
        if self._named.is_set() and name != self.name:
            raise AmiRefused(f"Asterisk's system name was {self.name!r} and is {name!r} now: restart Threadline")
        self.name = name
        if self.line is not None:
            self.line.name = name
        self._named.set()

    def _can_listen(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self.ami.connected:
            self._connected_at = now
        return now - self._connected_at < BACK_WITHIN


class Asterisks:
    """All of them. To whom is to act or to be asked it does not matter which, they are one."""

    def __init__(self, each: Iterable[Asterisk]) -> None:
        self.each: Sequence[Asterisk] = tuple(each)
        for asterisk in self.each:
            asterisk.may_be = self._may_be

    @property
    def connected(self) -> bool:
        """Whether all can be reached."""
        return all(asterisk.ami.connected for asterisk in self.each)

    @property
    def problem(self) -> str | None:
        """Why one of them cannot be, in words for people."""
        return next((asterisk.ami.problem for asterisk in self.each if not asterisk.ami.connected), None)

    def manager(self, name: str) -> Ami | None:
        """The connection to the one of this system name."""
        if len(self.each) == 1:
            return self.each[0].ami
        return next((asterisk.ami for asterisk in self.each if asterisk.name == name), None)

    def prefix(self, asterisk: Asterisk) -> str:
        """What the ids of its calls begin with, where there are several."""
        return f"{asterisk.name}-" if len(self.each) > 1 else ""

    async def reload_queues(self) -> None:
        """Have all read their queues anew. Raises `AmiDown` or `AmiRefused` where one did not, after the others did."""
        failed: AmiError | None = None
        for asterisk in self.each:
            try:
                await asterisk.reload_queues()
            except AmiError as error:
                failed = error
        if failed is not None:
            raise failed

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected to all, and listening to those that are this process's to listen to."""
        async with AsyncExitStack() as stack:
            for asterisk in self.each:
                if asterisk.switchboard is not None:
                    stack.push_async_callback(asterisk.switchboard.close)
                await asterisk.ami.start()
                stack.push_async_callback(asterisk.ami.stop)
            listening = [asyncio.create_task(each.run(), name=f"listening to {each.ami.name}") for each in self.each]
            try:
                yield
            finally:
                for task in listening:
                    task.cancel()
                await asyncio.gather(*listening, return_exceptions=True)

    def _may_be(self, asterisk: Asterisk, name: str) -> None:
        """Of several, each has a name of its own: their calls are told apart by it."""
        if len(self.each) == 1:
            return
        advice = "with several, each needs a systemname of its own in its asterisk.conf, and a restart"
        if not name:
            raise AmiRefused(f"The Asterisk at {asterisk.ami.name} has no system name: {advice}")
        for other in self.each:
            if other is not asterisk and other.name == name:
                addresses = f"{other.ami.name} and {asterisk.ami.name}"
                raise AmiRefused(f"The Asterisks at {addresses} have the same system name {name!r}: {advice}")
