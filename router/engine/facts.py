"""What the variables of conditions and prompts stand for in a call (`router.flow.variables`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from router.core.events import Attestation, QueueSeen
from router.core.match import About, Match
from router.engine.session import Session
from router.flow.model import Flow
from router.flow.opening import zone_named
from router.flow.variables import EMPTY, Facts

_A_MOMENT = timedelta(microseconds=1)


def facts_of(flow: Flow, session: Session, now: datetime) -> Facts:
    """The variables as they stand. What is not known is empty, never missing."""
    local = now.astimezone(zone_of(flow))
    caller = session.caller
    return {
        "caller": {
            "known": caller.number is not None,
            "withheld": caller.withheld,
            "prefix": (caller.number or "")[:3],
            "attested": caller.attestation is Attestation.FULL,
        },
        "match": _match(session.match),
        "offer": offer_facts(session.about, local),
        "customer": customer_facts(session.about),
        "queue": _queue(session.queue_seen),
        "inputs": session.inputs,
        "vars": session.values,
        "visits": {**dict.fromkeys(flow.steps, 0), **session.visits},
        "language": session.language,
        "channel": session.channel,
        "service_number": session.service_number or "",
        "time": {
            "hour": local.hour,
            "minute": local.minute,
            "weekday": local.isoweekday(),
            "date": local.date().isoformat(),
        },
    }


def zone_of(flow: Flow) -> ZoneInfo:
    """The time zone of the flow's first hours; UTC where it has none."""
    for hours in flow.hours.values():
        return zone_named(hours.timezone)
    return zone_named("UTC")


def _match(match: Match | None) -> Mapping[str, Any]:
    if match is None:
        return EMPTY["match"]  # type: ignore[no-any-return]
    best = match.best
    return {
        "decision": match.decision.value,
        "assurance": int(match.assurance),
        "probability": best.probability if best else 0.0,
        "queue": (best.queue if best else None) or "",
        "code_accepted": bool(match.code_accepted),
    }


def offer_facts(about: About | None, now: datetime) -> Mapping[str, Any]:
    """The variables of the offer; ``now`` is in the zone that days are counted in."""
    if about is None:
        return EMPTY["offer"]  # type: ignore[no-any-return]
    offer = {**EMPTY["offer"], **about.offer, "known": True}
    if (days := _days_left(about.offer.get("valid_until"), now)) is not None:
        offer["days_left"] = days
    return offer


def _days_left(until: Any, now: datetime) -> int | None:
    """Whole days to the last day of the offer, both in the zone of ``now``, and less than none once it has ended. One
    that ends at midnight has its last day before it."""
    try:
        end = datetime.fromisoformat(until)
    except (TypeError, ValueError):
        return None
    if end.tzinfo is None:
        return None
    try:
        last = (end - _A_MOMENT).astimezone(now.tzinfo)
    except OverflowError:  # 9999-12-31, or the first day there is
        last = end
    days = (last.date() - now.date()).days
    return min(days, -1) if end <= now else days


def customer_facts(about: About | None) -> Mapping[str, Any]:
    """The variables of the customer."""
    if about is None or not about.customer:
        return EMPTY["customer"]  # type: ignore[no-any-return]
    return {**EMPTY["customer"], **about.customer, "known": True}


def _queue(seen: QueueSeen | None) -> Mapping[str, Any]:
    if seen is None:
        return EMPTY["queue"]  # type: ignore[no-any-return]
    seconds = seen.expected_seconds or 0
    return {
        "name": seen.queue,
        "waiting": seen.waiting,
        "ready": seen.ready,
        "expected_seconds": seconds,
        "expected_minutes": math.ceil(seconds / 60),
    }
