"""Sends the text messages and e-mails that calls and agents have stored, after their transactions are over.

Each is claimed by one process at a time, tried a few times with longer pauses, and settled: handed over or given up.
Its number and its text are wiped then. Where a process dies between handing one over and saying so, or a provider does
not answer in time, it is tried once more: a code that comes twice does no harm, one that never comes does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, assert_never

import structlog

from router.store import cards
from router.store import text_messages as store
from router.store.bus import Bus
from router.store.database import Connection, Database
from router.store.loops import send_when_due

log = structlog.get_logger(__name__)

TOPIC: Final = "texts"
"""Announced when something is to be sent."""
LOOK_EVERY: Final = 5.0
"""Seconds after which the sender looks by itself: another process may have left something, or a pause be over."""
CLAIMED_FOR: Final = timedelta(seconds=60)
"""How long one is left to who has claimed it; a provider is given less to answer."""
PAUSES: Final = (timedelta(seconds=2), timedelta(seconds=10), timedelta(seconds=30))
"""Before the second try, the third, and the fourth, which is the last."""
MAIL_PAUSES: Final = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))
"""The same for e-mails: many servers turn away who comes for the first time, and take the same some minutes later."""
MOST_UNSURE: Final = 2
"""Tries after which nothing is sent again that may have got through."""
SETTLE_AGAIN: Final = (1.0, 5.0, 0.0)
"""Seconds after each try to store what came of one."""
IN_TIME: Final = timedelta(minutes=10)
"""What could not be sent until then is of no use any more."""
LAST_WORDS: Final = 10.0
"""Seconds that one on its way is given when the service stops."""
AT_ONCE: Final = 10
"""Text messages handed over side by side."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it, and calls it ``ref``."""

    ref: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider will never take it; ``reason`` is English and holds no number."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """It could not be handed over, and may be later; ``unsure``: perhaps it was handed over all the same."""

    reason: str
    unsure: bool = False


Outcome = Accepted | Rejected | NotNow


class Provider(Protocol):
    """Somebody who sends text messages."""

    async def send(self, text_id: str, to: str, body: str) -> Outcome:
        """Hand over one; ``text_id`` is our name for it, ``to`` E.164. Never raises, and ends within 20 seconds."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class Mailer(Protocol):
    """Somebody who sends e-mails."""

    async def send(self, mail_id: str, to: str, subject: str, body: str) -> Outcome:
        """Hand over one; ``mail_id`` is our name for it. Never raises, and ends within 20 seconds."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class TextSender:
    """Runs beside the service; `run` ends only when it is cancelled. Where nobody sends text messages, or nobody
    e-mails, what is there of them is given up."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        provider: Provider | None,
        clock: Callable[[], datetime],
        mailer: Mailer | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._provider = provider
        self._clock = clock
        self._mailer = mailer

    async def run(self) -> None:
        """Send whatever is due, and wait for more."""
        away, failed = "text messages wait for the database", "sending text messages failed, will be tried again"
        try:
            await send_when_due(self.send_due, self._bus, TOPIC, LOOK_EVERY, LAST_WORDS, away=away, failed=failed)
        finally:
            for each in (self._provider, self._mailer):
                if each is not None:
                    await each.aclose()

    async def send_due(self) -> int:
        """Claim what is due and hand it over; how many there were."""
        now = self._clock()
        async with self._database.begin() as connection:
            claimed = await store.claim(connection, now, now + CLAIMED_FOR, AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for row in claimed:
                tasks.create_task(self._send(row))
        return len(claimed)

    async def _send(self, row: store.TextRow) -> None:
        outcome = await self._handed_over(row)
        log.info("text message", call=row.call_id, text=row.id, outcome=type(outcome).__name__, **_why(outcome))
        for pause in SETTLE_AGAIN:
            try:
                return await self._settle(row, outcome)
            except Exception as error:  # another one must not be sent twice for it
                log.warning("what came of a text message was not stored", text=row.id, error=type(error).__name__)
                await asyncio.sleep(pause)

    async def _settle(self, row: store.TextRow, outcome: Outcome) -> None:
        now = self._clock()
        async with self._database.begin() as connection:
            match outcome:
                case Accepted(ref=ref):
                    await store.settle(connection, row.id, now, ref=ref)
                case Rejected(reason=reason):
                    await store.settle(connection, row.id, now, reason=reason)
                case NotNow(reason=reason):
                    pauses = MAIL_PAUSES if row.channel == store.EMAIL else PAUSES
                    await store.put_off(connection, row.id, now + pauses[row.tries - 1], reason)
                case _:
                    assert_never(outcome)
            told = await desk_told(connection, row.id, now)
        if told is not None:
            self._bus.announce(f"desk:{told}")

    async def _handed_over(self, row: store.TextRow) -> Outcome:
        """What came of a try; what may not be tried again is rejected."""
        if (row.to_number is None and row.to_email is None) or row.body is None:
            return Rejected("nothing to send")
        if self._clock() > row.created_at + IN_TIME:
            return Rejected("not sent in time")
        if row.tries > len(PAUSES) + 1:
            return Rejected("tried too often")
        try:
            outcome = await self._send_by_channel(row)
        except Exception as error:  # else those on their way beside it would be given up, and sent again
            log.error("handing over a text message failed", text=row.id, error=type(error).__name__)
            outcome = NotNow(f"failed: {type(error).__name__}", unsure=True)
        if isinstance(outcome, NotNow) and row.tries >= (MOST_UNSURE if outcome.unsure else len(PAUSES) + 1):
            return Rejected(outcome.reason)
        return outcome

    async def _send_by_channel(self, row: store.TextRow) -> Outcome:
        if row.channel == store.EMAIL:
            if self._mailer is None:
                return Rejected("nobody is set up to send e-mails")
            return await self._mailer.send(row.id, row.to_email, row.subject or "", row.body)
        if self._provider is None:
            return Rejected("nobody is set up to send text messages")
        return await self._provider.send(row.id, row.to_number, row.body)


async def desk_told(connection: Connection, text_id: str, now: datetime) -> str | None:
    """Tell the desk of whoever sent this out of a call that its state has changed; whose desk, to be woken after the
    commit. None: nobody sent it from a desk, or the call is not there any more."""
    row = await store.by_id(connection, text_id)
    if row is None or row.person_id is None or row.call_id is None:
        return None
    return await cards.tell_of_work(connection, row.call_id, row.person_id, now)


def _why(outcome: Outcome) -> dict[str, Any]:
    return {} if isinstance(outcome, Accepted) else {"reason": outcome.reason}


async def reported(
    database: Database,
    text_id: str,
    ref: str,
    now: datetime,
    *,
    delivered: bool,
    reason: str | None = None,
    bus: Bus | None = None,
) -> bool:
    """Store what a provider tells of a text message, and wake the desk (``bus``) it was sent from; False where there is
    none of that name."""
    async with database.begin() as connection:
        known = await store.report(connection, text_id, ref, now, delivered=delivered, reason=reason)
        told = await desk_told(connection, text_id, now) if known else None
    if told is not None and bus is not None:
        bus.announce(f"desk:{told}")
    return known
