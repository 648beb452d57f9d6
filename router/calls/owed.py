"""What callers have done and the database could not be told, to be told when it is back: that a call is over, and what
was recorded.

It is kept in this process alone, and bounded. What a crash loses of it, the sweeper and the next look at Asterisk's
calls find; a recording is still on the disk.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, Protocol

import structlog

from router.calls.lost import LATE
from router.core.events import CallerHungUp, Event, RecordingEnded
from router.engine.step import NotAccepted
from router.store.database import is_away

MOST: Final = 10_000
"""Of these, at most; the oldest are dropped first."""
_NOT_EXPECTED: Final = -1
"""The number of no event, so that a recording is kept though the call is over."""

Told = str | tuple[str, str]
"""A call by our id, or by its channel and the channel's id."""

log = structlog.get_logger(__name__)


class _Calls(Protocol):
    async def handle(self, call_id: str, event: Event, sequence: int | None = None) -> Any: ...
    async def hung_up(self, channel: str, channel_ref: str, *, late: bool = False) -> None: ...


class Owed:
    """Events that count whenever they are told."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._events: OrderedDict[tuple[Told, bool], tuple[Event, datetime]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._events)

    @contextmanager
    def unless_stored(self, call: Told, event: Event) -> Iterator[None]:
        """Keep ``event`` where it counts later, too, and cannot be stored now."""
        try:
            yield
        except Exception as error:
            if is_away(error) and isinstance(event, CallerHungUp | RecordingEnded):
                self._events.setdefault((call, isinstance(event, RecordingEnded)), (event, self._clock()))
                if len(self._events) > MOST:
                    self._events.popitem(last=False)
            raise

    async def settle(self, calls: _Calls) -> None:
        """Tell all of it, recordings first. Ends, and keeps the rest, where the database is away again."""
        for key in sorted(self._events, key=lambda key: not key[1]):
            event, since = self._events[key]
            try:
                await self._tell(calls, key[0], event, self._clock() - since > LATE)
            except Exception as error:
                if is_away(error):
                    return
                log.error("the end of a call was not taken down", error=type(error).__name__)
            self._events.pop(key, None)

    async def _tell(self, calls: _Calls, call: Told, event: Event, late: bool) -> None:
        if not isinstance(call, str):
            await calls.hung_up(*call, late=late or (isinstance(event, CallerHungUp) and event.late))
            return
        try:
            await calls.handle(call, CallerHungUp(late=True) if late and isinstance(event, CallerHungUp) else event)
        except NotAccepted:
            if isinstance(event, RecordingEnded):
                await calls.handle(call, event, _NOT_EXPECTED)
