"""What matching works on: what was observed of a call, and the messages it may be about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from router.core.events import Caller
from router.core.hearing import Heard


class Delivery(StrEnum):
    """How far a message got, as its channel reports it. Unknown is None."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Observed:
    """The facts about one call. ``code``, ``reference``, ``last_digits``, ``topic`` and ``about_message`` (``yes`` or
    ``no``) are what the caller gave, unchecked; None when not asked, empty when asked and nothing came.

    ``language`` is the one the caller chose or speaks (``de``); it only orders what is equally likely.
    """

    caller: Caller
    service_number: str | None = None
    code: str | None = None
    language: str | None = None
    reference: str | None = None
    spoken: bool = False
    """The reference was heard and not keyed in, so slips are likelier."""
    last_digits: str | None = None
    topic: str | None = None
    about_message: str | None = None
    heard: tuple[Heard, ...] = ()
    """Hearings of the reference (or the code), of all of it or a part."""
    confirmed: str | None = field(default=None, repr=False)
    """The reference that the caller has said yes to when it was read back."""
    refused: tuple[str, ...] = field(default=(), repr=False)
    """Those that the caller has said no to."""
    topics: tuple[str, ...] = ()
    """Those that the caller could choose from; none: not told."""
    carriers: int | None = None
    """How many messages carry the service number dialled, where it is leased from a pool; None: it is everybody's."""
    unread: int = 0
    """How many of these are not among the rows; none of them has the last digits that were given."""

    @property
    def number(self) -> str | None:
        """The caller number as far as it may count; a withheld one never does."""
        return None if self.caller.withheld else self.caller.number

    @property
    def code_given(self) -> bool:
        return bool(self.code and self.code.strip())


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as far as matching needs it.

    ``customer_phones`` are the numbers on file for its customer (E.164), at least the caller's where it is one of
    them. ``code_keyed``: the code keyed in is this message's, whether it still holds or not. ``valid_until`` is the end
    of the offer. ``reference`` as `references.normalise` gives it.
    """

    message_id: str
    sent_at: datetime
    customer_id: str | None = None
    to_phone: str | None = None
    customer_phones: frozenset[str] = frozenset()
    service_number: str | None = None
    code_keyed: bool = False
    code_expires_at: datetime | None = None
    valid_until: datetime | None = None
    queue: str | None = None
    language: str | None = None
    offer_title: str | None = None
    channel: str = "sms"
    """``sms``, ``email``, ``letter`` or ``call``."""
    reference: str | None = None
    topic: str | None = None
    delivery: Delivery | None = None
    answered_at: datetime | None = None
    """When somebody had called about it, or its sender said that it is settled."""
    call_to_action: bool | None = None
    """Whether the message asks to call; None: not told."""
    switchboard: bool = False
    """A number on file for the customer is the head number of the caller's extension."""
    called_at: datetime | None = None
    """When this caller number last called about the message (an agent said so, or nobody said otherwise)."""
    code_ending: Callable[[], str | None] | None = field(default=None, repr=False, compare=False)
    """Opens the last four digits of its code, where they may be compared with digits that are keyed in."""
