"""What runs beside the service until it is cancelled, and is told of only once while it fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from router.store.bus import Bus
from router.store.database import is_away

log = structlog.get_logger(__name__)


async def woken_within(seconds: float, woken: asyncio.Event) -> None:
    """Wait until the event is set, at most so long. Unlike with `asyncio.wait_for` of Python 3.11, who is cancelled in
    the moment in which it is set is cancelled all the same."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()


async def look_again(look: Callable[[], Awaitable[object]], every: float, *, away: str, failed: str) -> None:
    """Look every so many seconds; nothing that goes wrong ends it. What is logged, once until it works again, is
    ``away`` where the database is, else ``failed``."""
    failing = False
    while True:
        await asyncio.sleep(every)
        try:
            await look()
            failing = False
        except Exception as error:
            if not failing:
                _tell(error, away, failed)
            failing = True


async def send_when_due(
    send_due: Callable[[], Awaitable[int]],
    bus: Bus,
    topic: str,
    every: float,
    last_words: float,
    *,
    away: str,
    failed: str,
) -> None:
    """Empty an outbox whenever ``topic`` is announced, and every so many seconds: another process may have left
    something, or a pause be over. ``send_due`` says how many it found. What is on its way when this is cancelled has
    ``last_words`` seconds, so that it is not sent again for a restart."""
    async with bus.listen(topic) as woken:
        while True:
            woken.clear()
            if not await _sent(send_due, last_words, away, failed):
                await woken_within(every, woken)


async def _sent(send_due: Callable[[], Awaitable[int]], last_words: float, away: str, failed: str) -> int:
    work = asyncio.ensure_future(send_due())
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work], timeout=last_words)
        raise
    except Exception as error:
        _tell(error, away, failed)
        return 0


def _tell(error: Exception, away: str, failed: str) -> None:
    if is_away(error):
        log.warning(away, error=type(error).__name__)
    else:
        log.exception(failed)
