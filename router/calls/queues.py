"""How long a caller who joins a queue now can expect to wait, or that this cannot be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import fmean

from router.core.events import QueueSeen
from router.store import queues as store
from router.store.database import Connection

LOOK_BACK = timedelta(hours=1)
"""Talks that began this long ago still count, and so do callers who joined the queue then: no transfer lasts longer."""
LEAST_TALKS = 3
"""From fewer talks no wait is told."""


async def see_queue(connection: Connection, queue: str, now: datetime) -> QueueSeen:
    """How ``queue`` stands at ``now``, the clock's time."""
    seen = await store.standing(connection, queue, now - LOOK_BACK, now - LOOK_BACK)
    return QueueSeen(
        queue, seen.waiting, seen.on_duty, expected_wait(seen.waiting, seen.on_duty, seen.free, seen.talks)
    )


def expected_wait(waiting: int, on_duty: int, free: int, talks: Sequence[float]) -> int | None:
    """Seconds until an agent is free for one who joins behind ``waiting`` callers, rounded up; None: cannot be told.

    With ``on_duty`` agents who talk for a mean time each, one of them is free every mean time / agents; whoever comes
    behind n callers whom no free agent takes waits n + 1 times that. This is the queue-length estimator, exact for
    exponential talks (Ibrahim and Whitt, "Real-time delay estimation based on delay history", 2009, section 2). Agents
    who serve other queues, too, make the true wait longer. Nothing is told without agents, or from too few talks.
    """
    if on_duty == 0:
        return None
    if free > waiting:
        return 0
    if len(talks) < LEAST_TALKS:
        return None
    return math.ceil((waiting - free + 1) * fmean(talks) / on_duty)
