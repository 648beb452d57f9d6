"""Text messages that flows have sent, and one-time codes: who gets one, and how many.

Nothing is sent here: what is to be sent is stored within the transaction of the call's event, and
`router.messages.texting` sends it after the commit. Those of test calls go to nobody; the test phone shows them.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from router.core.commands import CODE_PLACE, CheckCode, SendCode, SendText
from router.core.destinations import Destinations, takes_texts
from router.core.events import TEST_PHONE, CodeChecked, CodeSent, TextSent, Unsent
from router.engine.session import Session
from router.matching.codes import CodeKeys
from router.store import inbound_messages, messages, one_time_codes, text_messages
from router.store.database import Connection
from router.store.holds import hold

log = structlog.get_logger(__name__)

MOST_TRIES: Final = 5
"""Codes looked at in one call, whatever a flow allows; with six digits a guesser finds one call's in 1 of 200,000."""
WITHIN: Final = timedelta(hours=24)
"""Text messages to one number, and all of them, are counted so far back."""
LONGEST_TEXT: Final = 1600
"""Characters of a text message; Twilio takes no longer one."""


@dataclass(frozen=True, slots=True)
class TextLimits:
    """Text messages after which no more are sent: in one call, and in 24 hours to one number and in all."""

    per_call: int = 4
    per_number: int = 6
    overall: int = 1000


class Texting:
    """Answers `SendCode`, `CheckCode` and `SendText`, each within the transaction of the call's event. ``provided``:
    somebody sends text messages; ``draw(n)`` gives n random digits."""

    def __init__(
        self,
        keys: CodeKeys,
        draw: Callable[[int], str],
        make_id: Callable[[], str],
        *,
        destinations: Destinations,
        limits: TextLimits = TextLimits(),
        provided: bool = False,
    ) -> None:
        self._keys = keys
        self._draw = draw
        self._make_id = make_id
        self._destinations = destinations
        self._limits = limits
        self._provided = provided
        self._stored: set[str] = set()

    def stored_in(self, call_id: str) -> bool:
        """Whether something to be sent was stored for this call since this was last asked."""
        stored = call_id in self._stored
        self._stored.discard(call_id)
        return stored

    async def send_code(
        self, connection: Connection, session: Session, asked: SendCode, now: datetime, customer_id: str | None = None
    ) -> CodeSent:
        """Make a code, and store the text message with it. ``now`` is the clock's time, in test calls, too.
        ``customer_id``: to this customer, about no message."""
        if customer_id is None:
            number = await self._on_file(connection, session)
        else:
            number = self._able(await messages.phones_of(connection, customer_id))
        unsent = await self._reason(connection, session, number, now)
        if unsent is not None:
            return CodeSent(unsent)
        code = self._draw(asked.digits)
        code_hash = self._keys.one_time_hash(code, session.call_id)
        await one_time_codes.put(connection, session.call_id, code_hash, now, now + timedelta(seconds=asked.seconds))
        await self._store(connection, session, number, asked.text.replace(CODE_PLACE, code), "code", now)
        return CodeSent()

    async def check_code(
        self, connection: Connection, session: Session, asked: CheckCode, now: datetime
    ) -> CodeChecked:
        """Whether it is the code last sent in this call, in time, and not used before."""
        stored = await one_time_codes.of_call(connection, session.call_id)
        if stored is None or stored.tries >= MOST_TRIES:
            return CodeChecked(right=False)
        await one_time_codes.count_try(connection, session.call_id)
        same = hmac.compare_digest(stored.code_hash, self._keys.one_time_hash(asked.digits, session.call_id))
        if not same or now >= stored.expires_at:
            return CodeChecked(right=False)
        await one_time_codes.use_up(connection, session.call_id, now)
        return CodeChecked(right=True)

    async def send_text(self, connection: Connection, session: Session, asked: SendText, now: datetime) -> TextSent:
        """Store the text message."""
        number = session.caller.number if asked.to == "caller" else await self._on_file(connection, session)
        unsent = await self._reason(connection, session, number, now)
        if unsent is None:
            await self._store(connection, session, number, asked.text, "link", now)
        return TextSent(unsent)

    async def _on_file(self, connection: Connection, session: Session) -> str | None:
        """The number on file of the customer whom the match names: the one that the message went to, else another that
        can take a text message. A number that was taken off the file is none."""
        best = session.match.best if session.match else None
        message = await messages.by_id(connection, best.message_id) if best else None
        if message is None:
            return None
        if message.customer_id is None:
            numbers = [message.to_phone] if message.to_phone else []
        else:
            numbers = await messages.phones_of(connection, message.customer_id)
            numbers.sort(key=lambda number: number != message.to_phone)
        return self._able(numbers)

    def _able(self, numbers: Sequence[str]) -> str | None:
        able = [number for number in numbers if takes_texts(number)]
        return next((number for number in able if self._destinations.allow(number)), next(iter(able), None))

    async def _reason(
        self, connection: Connection, session: Session, number: str | None, now: datetime
    ) -> Unsent | None:
        """Why nothing is sent to ``number``; None: it is."""
        test = session.channel == TEST_PHONE
        if number is None or not takes_texts(number):
            return Unsent.NO_NUMBER
        if not self._destinations.allow(number):
            return Unsent.NOT_ALLOWED
        if not test and await inbound_messages.wants_none(connection, number):
            return Unsent.NOT_ALLOWED
        if not test and not self._provided:
            return Unsent.NO_PROVIDER
        number_hash = None if test else self._keys.texted_hash(number)
        if not test:
            await hold(connection, "texts")  # one for all numbers: a call may send to two of them
        limits = self._limits
        most = max(limits.per_call, limits.per_number, limits.overall)
        call, to_number, overall = await text_messages.counted(
            connection, session.call_id, number_hash, now - WITHIN, most
        )
        too_many = call >= limits.per_call or to_number >= limits.per_number or (overall >= limits.overall and not test)
        if too_many:
            log.warning("text message not sent, there were too many", call=session.call_id)
        return Unsent.TOO_MANY if too_many else None

    async def _store(
        self, connection: Connection, session: Session, number: str | None, body: str, purpose: str, now: datetime
    ) -> None:
        test = session.channel == TEST_PHONE or number is None
        best = session.match.best if session.match else None
        values = {
            "id": self._make_id(),
            "call_id": session.call_id,
            "message_id": best.message_id if best else None,
            "to_number": None if test else number,
            "number_hash": None if test or number is None else self._keys.texted_hash(number),
            "body": body[:LONGEST_TEXT],
            "purpose": purpose,
            "state": text_messages.SHOWN if test else text_messages.QUEUED,
            "tries": 0,
            "next_try_at": None if test else now,
            "created_at": now,
            "settled_at": now if test else None,
        }
        await text_messages.add(connection, values)
        if not test:
            self._stored.add(session.call_id)
