"""What Asterisk told while the database was away is lost: when it is back, Asterisk is asked anew how things stand.

So it is a while after it could be reached again: calls that were touched at that moment may be younger than its first
answer, and were left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from router.agents.ami import Connected, Disconnected, Notice
from router.store.database import is_away
from router.store.watch import DatabaseWatch

AGAIN: Final = 5.0
"""Seconds after which Asterisk is asked once more."""

log = structlog.get_logger(__name__)


class Listened(Protocol):
    """See `router.agents.ami.Ami`."""

    def look_anew(self) -> None: ...


class Missed:
    """Hands notices on to ``listener`` while the database is there. Give it the connection (`asks`) before it is
    started."""

    def __init__(self, listener: Callable[[Notice], Awaitable[None]], watch: DatabaseWatch) -> None:
        self._listener = listener
        self._watch = watch
        self._any = False
        self._new = True
        self.asks: Listened | None = None
        watch.when_back(self._look_anew)

    async def __call__(self, notice: Notice) -> None:
        """Have one notice handled. Raises what the listener raises."""
        if self._watch.away and not isinstance(notice, Disconnected):
            self._any = True  # to wait for the database with each would only hold up the next
            return
        try:
            await self._listener(notice)
            self._ask_once_more(notice)
        except asyncio.CancelledError:
            self._any = True  # the time for it was up, or the service stops
            raise
        except Exception as error:
            if is_away(error):
                self._any = True
                self._watch.noticed(error)
            raise

    def _ask_once_more(self, notice: Notice) -> None:
        if isinstance(notice, Disconnected):
            self._new = True
        elif isinstance(notice, Connected) and self._new and self.asks is not None:
            self._new = False
            asyncio.get_running_loop().call_later(AGAIN, self.asks.look_anew)

    async def _look_anew(self) -> None:
        if self._any and self.asks is not None:
            self._any = False
            log.info("asterisk is asked anew, some of what it told was missed")
            self.asks.look_anew()
