"""Puts what is stored into the views of a card. Nothing gets onto a card that disclosure does not let through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row

from router.core.match import Candidate, EvidenceKind
from router.desk.card import (
    CandidateView,
    CustomerView,
    EvidenceView,
    FactView,
    MessageView,
    OfferView,
)
from router.matching.disclosure import Visible

_TIME: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)

MessageRow = Row[Any]


def customer_view(row: Row[Any]) -> CustomerView | None:
    """The customer in a row of a message or a customer; None where the message has none."""
    return None if row.customer_id is None else CustomerView(row.name, row.language, row.external_id)


def message_view(message: MessageRow) -> MessageView:
    """The message as it was sent."""
    return MessageView(
        message.id, message.channel, message.sent_at, message.body, message.reference, message.message_external_id
    )


def offer_view(offer: Mapping[str, Any], show: Visible, opened: Iterable[str], can_open: bool) -> OfferView:
    """``opened`` are the sensitive facts that the agent has opened; others can be opened where ``can_open``."""
    return OfferView(
        title=title_of(offer),
        summary=str(offer.get("summary") or ""),
        valid_from=time_of(offer.get("valid_from")),
        valid_until=time_of(offer.get("valid_until")),
        url=offer.get("url"),
        facts=tuple(
            _fact(name, fact, show, name in opened, can_open) for name, fact in (offer.get("facts") or {}).items()
        ),
        script=_script(offer.get("script")),
    )


def title_of(offer: Mapping[str, Any]) -> str:
    """The title of an offer as stored, "" where it has none."""
    return str(offer.get("title") or "")


def _script(stored: Any) -> tuple[str, ...]:
    return tuple(map(str, stored)) if isinstance(stored, list) else ()


def is_sensitive(fact: Any) -> bool:
    """A fact is a plain value, or `{"value": …, "sensitive": true}`; any other object is taken for sensitive."""
    return isinstance(fact, Mapping) and bool(fact.get("sensitive", True))


def _fact(name: str, fact: Any, show: Visible, opened: bool, can_open: bool) -> FactView:
    if not is_sensitive(fact):
        return FactView(name, _plain(fact.get("value", "") if isinstance(fact, Mapping) else fact))
    if show.sensitive and opened:
        return FactView(name, _plain(fact.get("value", "")))
    return FactView(name, None, can_open=show.sensitive and can_open)


def _plain(value: Any) -> str:
    """A text, a number, or a yes or no as a sign of no language."""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return str(value)


def candidate_views(
    candidates: Iterable[Candidate],
    messages: Mapping[str, MessageRow],
    beside: str | None,
    named: Callable[[MessageRow], bool],
) -> tuple[CandidateView, ...]:
    """The other messages ``beside`` the one that is opened; ``named`` says whose customer may be named."""
    others = [(each, messages[each.message_id]) for each in candidates if each.message_id != beside]
    return tuple(_candidate(candidate, message, named(message)) for candidate, message in others)


def _candidate(candidate: Candidate, message: MessageRow, named: bool) -> CandidateView:
    return CandidateView(
        message_id=candidate.message_id,
        probability=candidate.probability,
        channel=message.channel,
        sent_at=message.sent_at,
        offer_title=title_of(message.offer),
        valid_until=time_of(message.offer.get("valid_until")),
        customer_name=message.name if named else None,
        campaign=message.campaign,
        why=evidence_views(candidate),
    )


def evidence_views(candidate: Candidate) -> tuple[EvidenceView, ...]:
    """What speaks for and against it, the weightiest first."""
    # How old a message is stands on the card; its weight is that of a call about anything, and tells an agent nothing.
    telling = [each for each in candidate.evidence if each.kind is not EvidenceKind.TIMING]
    ordered = sorted(telling, key=lambda each: -abs(each.log_odds))
    return tuple(EvidenceView(each.kind, each.log_odds) for each in ordered)


def time_of(text: Any) -> datetime | None:
    """A time of an offer as stored (RFC 3339); one that cannot be read or has no offset counts as none."""
    try:
        time = _TIME.validate_python(text)
    except ValidationError:
        return None
    return time if time is not None and time.tzinfo is not None else None
