"""Looks again and again for callers who are to be called back now, and has that done the way they came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from router.calls.calling_back import NOBODY, Attempt, CallingBack
from router.calls.handle import Calls, UnknownCall
from router.core.events import CallerHungUp
from router.engine.step import NotAccepted

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 3.0
"""Seconds between two rounds."""


class NotPlaced(Exception):
    """Nobody was called, for sure; the text is for people."""


class Way(Protocol):
    """How callers of one channel are called back."""

    channel: str
    waits_at_once: bool
    """Whether it waits in the queue before its customer has answered."""

    async def room(self, queue: str) -> int:
        """How many more may be begun for ``queue`` as its agents and the line are now."""
        ...

    def ref(self, call_id: str) -> str:
        """What the channel will know our call as."""
        ...

    async def begin(self, attempt: Attempt) -> None:
        """Begin to call. Raises `NotPlaced`; whatever else it raises, somebody may be called."""
        ...


class Rounds:
    """``at_once`` are the callbacks dialled, or waiting for an agent, in one queue at one time."""

    def __init__(self, calling: CallingBack, calls: Calls, ways: Sequence[Way], at_once: int) -> None:
        self._calling = calling
        self._calls = calls
        self._ways = {way.channel: way for way in ways}
        self._at_once = at_once

    async def run(self) -> None:
        """Go round until cancelled."""
        while True:
            try:
                await self.round()
            except Exception as error:
                # Without the error's text: a database puts the values into it, numbers included.
                log.error("callbacks not looked for", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY)

    async def round(self) -> None:
        """Conclude what is over, and begin what is due."""
        for call_id in await self._calling.look_after():
            await self._end(call_id)
        await self._calling.let_go(self._ways.keys())
        due = await self._calling.due(self._ways.keys())
        if not due:
            return
        under_way = await self._calling.under_way()
        room: dict[tuple[str, str], int] = {}
        for row in due:
            way, place = self._ways[row.channel], (row.channel, row.queue)
            if place not in room:
                room[place] = min(await way.room(row.queue), self._at_once - under_way.get(row.queue, 0))
            if room[place] <= 0:
                continue
            attempt = await self._calling.begin(row, way.channel, way.ref, waits=way.waits_at_once)
            if attempt is not None:
                room[place] -= 1
                await self._place(way, attempt)

    async def _place(self, way: Way, attempt: Attempt) -> None:
        try:
            await way.begin(attempt)
        except NotPlaced as error:
            log.warning("callback not placed", call=attempt.call_id, reason=str(error))
            await self._calling.ended(attempt.call_id, NOBODY)
            await self._end(attempt.call_id)
        except Exception as error:  # it may be under way all the same: that is looked after
            log.error("callback in doubt", call=attempt.call_id, error=type(error).__name__)

    async def _end(self, call_id: str) -> None:
        try:
            await self._calls.handle(call_id, CallerHungUp(late=True))
        except (NotAccepted, UnknownCall):
            log.debug("call had ended already", call=call_id)
