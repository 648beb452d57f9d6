"""Whether the event loop comes to its work in time: everything here waits for it, calls as well as pages."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

EVERY: Final = 0.5
"""Seconds from beat to beat."""
REMEMBERED: Final = 20
"""Beats, that is the last 10 seconds."""
STUCK: Final = 1.0
"""Seconds late from which the loop counts as stuck: callers hear it."""


class Pulse:
    """Beats, and tells how late each beat was. ``on_beat`` is told of each: whoever watches us from outside."""

    def __init__(self, on_lag: Callable[[float], None] = lambda _: None) -> None:
        self.on_lag = on_lag
        self.on_beat: Callable[[], None] = lambda: None
        self._late: deque[float] = deque(maxlen=REMEMBERED)

    async def run(self) -> None:
        """Beat until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + EVERY
            await asyncio.sleep(EVERY)
            self.beat(clock() - due)

    def beat(self, late: float) -> None:
        """The loop came to a beat so many seconds late."""
        late = max(0.0, late)
        self._late.append(late)
        self.on_lag(late)
        if late >= STUCK:
            log.warning("the event loop was stuck", seconds=round(late, 1))
        self.on_beat()

    @property
    def worst(self) -> float:
        """Seconds, the latest beat of those remembered."""
        return max(self._late, default=0.0)
