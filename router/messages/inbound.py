"""Text messages that customers write to us: whose they are, what they answer, and who is told.

A number of one customer is that customer's; one that several share belongs to whom we wrote last there. Where that is
not clear, the message is kept and nobody's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from router.matching.codes import CodeKeys
from router.store import cards, people
from router.store import inbound_messages as store
from router.store.bus import Bus
from router.store.database import Connection, Database, new_id

log = structlog.get_logger(__name__)

LONGEST: Final = 1600
"""Characters of one; Twilio sends no more ("Twilio's request to your webhook URL", Body)."""
ANSWERED_WITHIN: Final = timedelta(days=90)
"""What was written to a number before is not what is answered."""
_SHARED_BY: Final = 20
_STOP: Final = frozenset({"STOP", "STOPP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START: Final = frozenset({"START", "UNSTOP", "YES"})


@dataclass(frozen=True, slots=True)
class Written:
    """A text message that came in, known to its provider as ``ref``; numbers in E.164. ``asks``: what its provider
    understood (`stop`, `start`), "": nothing of that kind."""

    ref: str
    sender: str | None = field(repr=False)
    to: str | None
    body: str = field(repr=False)
    asks: str = ""


def kind_of(body: str, asks: str = "") -> str:
    """Whether a text message asks for no more of them, for more again, or is a plain one. Only the bare word counts, as
    Twilio has it ("Twilio support for opt-out keywords"). Pure."""
    word = body.strip().strip(".!").upper()
    if asks == store.STOP or word in _STOP:
        return store.STOP
    if asks == store.START or word in _START:
        return store.START
    return store.TEXT


class Inbox:
    """Takes in what customers write."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        keys: CodeKeys,
        clock: Callable[[], datetime],
        make_id: Callable[[], str] = new_id,
    ) -> None:
        self._database = database
        self._bus = bus
        self._keys = keys
        self._clock = clock
        self._make_id = make_id

    async def take(self, written: Written) -> bool:
        """Keep it, and wake the pages of agents who talk to that customer; False where it was there already."""
        now = self._clock()
        async with self._database.begin() as connection:
            customer_id, message_id = await self._whose(connection, written.sender, now)
            values = {
                "id": self._make_id(),
                "channel": "sms",
                "kind": kind_of(written.body, written.asks),
                "provider_ref": written.ref,
                "from_number": written.sender,
                "to_number": written.to,
                "customer_id": customer_id,
                "message_id": message_id,
                "body": written.body[:LONGEST],
                "at": now,
            }
            if not await store.add(connection, values):
                return False
            told = await _tell(connection, customer_id, now) if customer_id else set()
        for person_id in told:
            self._bus.announce(f"desk:{person_id}")
        log.info("text message came in", id=values["id"], kind=values["kind"], known=customer_id is not None)
        return True

    async def _whose(self, connection: Connection, number: str | None, now: datetime) -> tuple[str | None, str | None]:
        """The customer who wrote from ``number``, and the message that is answered; each None where not sure."""
        if number is None:
            return None, None
        owners = await store.customers_of(connection, number, _SHARED_BY)
        last = await store.last_written(connection, number, self._keys.texted_hash(number), now - ANSWERED_WITHIN)
        addressee, message_id = (last.customer_id, last.message_id) if last else (None, None)
        if addressee is None and message_id is not None:
            addressee = await store.owner_of(connection, message_id)
        if len(owners) == 1:
            (owner,) = owners
            return owner, message_id if addressee in (None, owner) else None
        if owners and addressee not in owners:
            return None, None
        return addressee, message_id


async def _tell(connection: Connection, customer_id: str, now: datetime) -> set[str]:
    rows = await store.on_desks(connection, customer_id)
    locked = {row.id for row in await people.lock(connection, [row.person_id for row in rows])}
    for row in rows:
        if row.person_id in locked:
            await cards.add_event(connection, row.person_id, "work", {"card": row.id}, now)
    return locked
