"""What Asterisk told while the database was away is lost: when it is back, Asterisk is asked anew how things stand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from router.agents.ami import Disconnected, Notice
from router.store.database import is_away
from router.store.watch import DatabaseWatch

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
        self.asks: Listened | None = None
        watch.when_back(self._look_anew)

    async def __call__(self, notice: Notice) -> None:
        """Have one notice handled. Raises what the listener raises."""
        if self._watch.away and not isinstance(notice, Disconnected):
            self._any = True  # to wait for the database with each would only hold up the next
            return
        try:
            await self._listener(notice)
        except asyncio.CancelledError:
            self._any = True  # the time for it was up, or the service stops
            raise
        except Exception as error:
            if is_away(error):
                self._any = True
                self._watch.noticed(error)
            raise

    async def _look_anew(self) -> None:
        if self._any and self.asks is not None:
            self._any = False
            log.info("asterisk is asked anew, some of what it told was missed")
            self.asks.look_anew()
