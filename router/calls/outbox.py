"""Text messages and e-mails that agents send: to whom they may go, and how many.

Nothing is sent here: what is to be sent is stored in a transaction, and `router.messages.texting` sends it after the
commit. What is sent in test calls goes to nobody; the test phone shows it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from router.calls.texting import LONGEST_TEXT, TextLimits
from router.core.destinations import Destinations, takes_texts
from router.matching.codes import CodeKeys
from router.store import inbound_messages, messages, text_messages
from router.store.database import Connection
from router.store.holds import hold
from router.store.text_messages import EMAIL, SMS

WITHIN: Final = timedelta(hours=24)
"""What goes to one number or address, and all of it, is counted so far back."""
MOST_ON_FILE: Final = 5
"""Addresses of one customer to choose from."""
LONGEST_MAIL: Final = 10_000
"""Characters of an e-mail."""
LONGEST_SUBJECT: Final = 200
LONGEST_ADDRESS: Final = 320
CHANNELS: Final = (SMS, EMAIL)

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
"""As HTML has it for e-mail fields, with a domain of two parts at least: nothing in it is part of a header."""


class Unsendable(StrEnum):
    """Why nothing is sent."""

    NOTHING = "nothing"
    """There is no text, or no subject."""
    TOO_LONG = "too_long"
    NO_PROVIDER = "no_provider"
    """The settings name nobody who sends this."""
    NOT_ON_FILE = "not_on_file"
    """That is no number or address of the customer."""
    NOT_ALLOWED = "not_allowed"
    """Not a destination that the settings allow, or none that can take it."""
    UNWANTED = "unwanted"
    """Somebody there wrote that no text messages are wanted."""
    TOO_MANY = "too_many"
    """A limit is reached."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Somewhere a customer can be reached; ``key`` stands for it on pages, ``shown`` does not give all of it away."""

    channel: str
    to: str
    key: str
    shown: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be sent, in which call, about what and by whom. ``id`` is chosen by the page, so that a form sent
    twice sends once. ``kept`` is what the customer's history shows of it."""

    id: str
    channel: str
    to: str
    subject: str
    text: str
    call_id: str
    message_id: str | None
    customer_id: str | None
    person_id: str
    test: bool
    kept: str
    template: str | None = None
    purpose: str = "desk"
    payment_id: str | None = None


class Outbox:
    """``sends`` are the channels that somebody sends on, ``limits`` those on all that goes out; ``per_call`` counts in
    calls of agents instead of what stands there."""

    def __init__(
        self,
        keys: CodeKeys,
        *,
        destinations: Destinations,
        limits: TextLimits,
        sends: Collection[str],
        per_call: int = 20,
    ) -> None:
        self._keys = keys
        self._destinations = destinations
        self._limits = limits
        self._sends = frozenset(sends)
        self._per_call = per_call

    def provided(self, channel: str, *, test: bool) -> bool:
        """Whether somebody sends on this channel; a test phone shows all."""
        return test or channel in self._sends

    async def on_file(
        self, connection: Connection, message: messages.MessageRow | None, customer_id: str | None
    ) -> tuple[Reach, ...]:
        """Where the customer can be reached, what the message went to first. Numbers that can take no text message, or
        that the settings do not allow, are not among it."""
        numbers = await messages.phones_of(connection, customer_id) if customer_id else []
        mails = await messages.emails_of(connection, customer_id, MOST_ON_FILE) if customer_id else []
        if message is not None and message.to_phone and (message.to_phone in numbers or not customer_id):
            numbers = [message.to_phone, *(number for number in numbers if number != message.to_phone)]
        if message is not None and message.to_email:
            mails = [message.to_email, *(mail for mail in mails if mail != message.to_email)]
        able = [number for number in numbers if takes_texts(number) and self._destinations.allow(number)]
        reached = [self._reach(SMS, number) for number in able[:MOST_ON_FILE]]
        return (*reached, *(self._reach(EMAIL, mail) for mail in mails[:MOST_ON_FILE] if is_address(mail)))

    def typed(self, channel: str, to: str) -> Reach | None:
        """Somewhere an agent has typed in (E.164, or an address); None: nothing may go there."""
        if channel == EMAIL:
            return self._reach(EMAIL, to) if is_address(to) else None
        return self._reach(SMS, to) if takes_texts(to) and self._destinations.allow(to) else None

    def _reach(self, channel: str, to: str) -> Reach:
        return Reach(channel, to, self._keys.texted_hash(to).hex()[:16], shown(channel, to))

    async def put(self, connection: Connection, asked: Outgoing, now: datetime) -> Unsendable | None:
        """Store it to be sent; why not, or None."""
        unsendable = _shape(asked) or await self._refused(connection, asked, now)
        if unsendable is None:
            await text_messages.add(connection, self._row(asked, now))
        return unsendable

    async def _refused(self, connection: Connection, asked: Outgoing, now: datetime) -> Unsendable | None:
        if not self.provided(asked.channel, test=asked.test):
            return Unsendable.NO_PROVIDER
        if asked.channel == SMS and not asked.test and await inbound_messages.wants_none(connection, asked.to):
            return Unsendable.UNWANTED
        if not asked.test:
            await hold(connection, "texts")
        limits, to = self._limits, None if asked.test else self._keys.texted_hash(asked.to)
        most = max(self._per_call, limits.per_number, limits.overall)
        call, to_number, overall = await text_messages.counted(connection, asked.call_id, to, now - WITHIN, most)
        too_many = call >= self._per_call or to_number >= limits.per_number
        return Unsendable.TOO_MANY if too_many or (overall >= limits.overall and not asked.test) else None

    def _row(self, asked: Outgoing, now: datetime) -> dict[str, object]:
        sms = asked.channel == SMS
        return {
            "id": asked.id,
            "call_id": asked.call_id,
            "message_id": asked.message_id,
            "customer_id": asked.customer_id,
            "person_id": asked.person_id,
            "payment_id": asked.payment_id,
            "channel": asked.channel,
            "to_number": asked.to if sms and not asked.test else None,
            "to_email": asked.to if not sms and not asked.test else None,
            "number_hash": None if asked.test else self._keys.texted_hash(asked.to),
            "subject": None if sms else asked.subject,
            "body": asked.text,
            "kept": asked.kept,
            "template": asked.template,
            "purpose": asked.purpose,
            "state": text_messages.SHOWN if asked.test else text_messages.QUEUED,
            "tries": 0,
            "next_try_at": None if asked.test else now,
            "created_at": now,
            "settled_at": now if asked.test else None,
        }


def _shape(asked: Outgoing) -> Unsendable | None:
    email = asked.channel == EMAIL
    if not asked.text.strip() or (email and not asked.subject.strip()):
        return Unsendable.NOTHING
    if len(asked.text) > (LONGEST_MAIL if email else LONGEST_TEXT) or len(asked.subject) > LONGEST_SUBJECT:
        return Unsendable.TOO_LONG
    return None


def is_address(text: str) -> bool:
    """Whether this is a plain e-mail address, which no header can hide in."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def shown(channel: str, to: str) -> str:
    """Enough of a number or address for an agent to tell one from the other."""
    if channel == EMAIL:
        name, _, domain = to.partition("@")
        return f"{name[:1]}…@{domain}"
    return f"… {to[-3:]}"
