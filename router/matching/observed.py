"""What matching works on: what was observed of a call, and the messages it may be about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from router.core.events import Caller


@dataclass(frozen=True, slots=True)
class Observed:
    """The facts about one call. ``code`` is what was keyed in, unchecked; None or empty when nothing was.

    ``language`` is the one the caller chose or speaks (``de``); it only orders what is equally likely.
    """

    caller: Caller
    service_number: str | None = None
    code: str | None = None
    language: str | None = None

    @property
    def code_given(self) -> bool:
        return bool(self.code and self.code.strip())


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as far as matching needs it.

    ``customer_phones`` are the numbers on file for its customer (E.164). ``code_keyed``: the code keyed in is this
    message's, whether it still holds or not. ``valid_until`` is the end of the offer.
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
