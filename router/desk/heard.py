"""The number that a caller said, as an agent may see it: only what the caller has said or agreed to, never what the
router made of it, and no callback code."""

from __future__ import annotations

import structlog
from pydantic import ValidationError

from router.desk.card import HeardView
from router.engine.session import Session, session_from_json
from router.flow.nodes.hearing import Talk, likeliest
from router.matching.codes import well_formed

log = structlog.get_logger(__name__)

MOST_OTHERS = 2


def session_of(call_id: str, stored: str) -> Session | None:
    """The session of a call as it is stored; None where it cannot be read."""
    try:
        return session_from_json(stored)
    except ValidationError:
        log.warning("session not read", call=call_id)
        return None


def heard_in(session: Session | None, code_accepted: bool | None) -> HeardView | None:
    """What was heard in a call; None where nobody said a number."""
    asked = session.asked.values() if session else ()
    talks = [talk for each in asked for talk in (each.said, each.talk) if talk is not None and talk.heard]
    return _view(talks[-1], code_accepted) if talks else None


def _view(talk: Talk, code_accepted: bool | None) -> HeardView | None:
    if talk.confirmed is not None:
        numbers, confirmed = [talk.confirmed], True
    else:
        numbers, confirmed = likeliest(talk, 1 + MOST_OTHERS), False
    if not numbers:
        return None
    if code_accepted or any(map(well_formed, numbers)):
        return HeardView(None, confirmed=confirmed)
    return HeardView(numbers[0], tuple(numbers[1:]), confirmed=confirmed)
