"""Numbers that callers say: as codes tried at most once, and kept as they were heard, for calibration to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from router.core.commands import FindMatches
from router.core.hearing import Heard
from router.core.match import EvidenceKind, Match
from router.engine.session import Session
from router.matching.codes import well_formed
from router.matching.hearing import Hearings
from router.matching.live import LiveSet
from router.store import hearings as store
from router.store.database import Connection, new_id

HEARINGS_KEPT: Final = timedelta(days=90)
"""Hearings are kept so long, to learn from, and then deleted."""
NEAR_CODES: Final = 2
"""A number so many characters shorter or longer than the codes may be a code of which some were lost or doubled."""
_GIVEN = (EvidenceKind.REFERENCE, EvidenceKind.REFERENCE_HEARD)
_HEARD = TypeAdapter(Heard)


def spoken_code(hearings: Hearings, found: Match, live: LiveSet | None) -> str | None:
    """The one number of all that may have been said that is tried as a callback code: the likeliest with a right check
    digit and the length of a live code. None where a reference was said, as far as ``found`` can tell: trying it would
    count as a guess."""
    if live is None or names_reference(found):
        return None
    numbers = (hearings.confirmed,) if hearings.confirmed else tuple(number for number, _ in hearings.said)
    return next((each for each in numbers if len(each) in live.codes and well_formed(each)), None)


def names_reference(found: Match) -> bool:
    """Whether what was said speaks for the message named."""
    return found.best is not None and any(each.kind in _GIVEN and each.log_odds > 0.0 for each in found.best.evidence)


async def keep(
    connection: Connection, session: Session, asked: FindMatches, found: Match, live: LiveSet | None, now: datetime
) -> None:
    """Keep what was heard in this call since it was last weighed, and the number that the caller has said yes to.

    Nothing is kept of what may be a callback code: the store is to hold none that could be read."""
    if found.understood is None or found.code_accepted or not (names_reference(found) or _no_code(asked.heard, live)):
        return
    kept = await store.of_call(connection, session.call_id)
    rows = [
        {
            "id": new_id(),
            "call_id": session.call_id,
            "recogniser": each.recogniser[:20],
            "language": each.language[:8],
            "heard": _HEARD.dump_python(each, mode="json"),
            "verdict": found.understood.verdict.value,
            "number": None,
            "at": now,
        }
        for each in asked.heard[kept:]
    ]
    if rows:
        await store.add(connection, rows)
    if asked.confirmed is not None:
        await store.settle(connection, session.call_id, asked.confirmed)


def _no_code(heard: Sequence[Heard], live: LiveSet | None) -> bool:
    """Whether nothing that was heard is about as long as a code; not where nobody knows how long those are."""
    if live is None:
        return False
    texts = (reading.text for each in heard for reading in each.readings)
    return not any(abs(len(text) - digits) <= NEAR_CODES for text in texts for digits in live.codes)
