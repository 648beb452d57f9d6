"""What an agent has opened on a card, kept with the card: ids and names, nothing of what they stand for.

So a reload, a second window and a connection that was away show the same, and it is gone with the card.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

log = structlog.get_logger(__name__)

MOST_OPENED: Final = 100
"""Facts and messages opened on one card."""
MOST_PAGES: Final = 10


@dataclass(frozen=True, slots=True)
class View:
    """``message_id`` is what the agent has gone on to instead of the match's, ``not_these`` what it is not.

    ``facts`` are opened ones, as ``message:name``; ``messages`` opened beside. ``found_messages`` and
    ``found_customers`` are what the last search found, None: none was made. ``code_for`` is the customer who was sent a
    one-time code, or the message where it has no customer. ``seen`` are messages whose opening is written down."""

    message_id: str | None = None
    not_these: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    found_messages: tuple[str, ...] | None = None
    found_customers: tuple[str, ...] = ()
    found_all: bool = True
    pages: int = 1
    code_for: str | None = None
    not_proved: bool = False
    said_by_check: bool = False

    def but(self, **changes: Any) -> View:
        """This view with some of it changed."""
        return replace(self, **changes)


_VIEW = TypeAdapter(View)


def view_of(stored: Any) -> View:
    """A card's view as stored; one that cannot be read has nothing opened."""
    try:
        return _VIEW.validate_python(stored or {})
    except ValidationError:
        log.error("stored view of a card is unreadable")
        return View()


def to_store(view: View) -> dict[str, Any]:
    """The view for the column, without what is as it begins."""
    made: dict[str, Any] = _VIEW.dump_python(view, mode="json", exclude_defaults=True)
    return made
