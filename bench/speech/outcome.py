"""What becomes of a caller who has said a number: the real matching decides, the caller answers truthfully."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bench.speech.listened import Listened
from bench.speech.recordings import Recording
from bench.speech.stock import NOW, Stock
from router.calls.lookup import find_matches
from router.core.events import WITHHELD, Caller
from router.core.hearing import Heard, Verdict
from router.core.match import Decision, Match
from router.matching.codes import CodeKeys
from router.matching.observed import Observed
from router.spoken.numbers import numbers
from router.store.database import Connection

_KEYS = CodeKeys("the secret of a house that exists nowhere")
MOST_READ_BACK = 2


class Outcome(StrEnum):
    """How it ends."""

    ACCEPTED = "accepted"
    """Right, and nobody was asked."""
    CONFIRMED = "confirmed"
    """Right after one read-back."""
    LATER = "later"
    """Right after a second read-back."""
    WRONG = "wrong"
    """A message was taken for the one meant without asking, and is not."""
    PART = "part"
    """Asked for a part of the number again: the recordings have no answer to that."""
    KEYS = "keys"
    """Asked for all of it once more, then for keys."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The outcome for one recording, and how many questions it took."""

    recording: Recording
    outcome: Outcome
    questions: int


async def outcome(
    connection: Connection, stock: Stock, recording: Recording, listened: Listened, *, known: bool = False
) -> Ended:
    """What becomes of the caller; ``known``: the call comes from the landline that the message went to, and that others
    share, else it is withheld."""
    caller = Caller(stock.landline(recording.truth)) if known else WITHHELD
    readings = numbers(listened.readings, recording.language, recording.listening)
    if not readings:
        return Ended(recording, Outcome.KEYS, 1)
    heard = Heard(readings, listened.recogniser, recording.language)
    live = recording.truth in stock.references
    refused: tuple[str, ...] = ()
    for asked in range(MOST_READ_BACK + 1):
        observed = Observed(caller, "+4930555000", heard=(heard,), refused=refused)
        match = await find_matches(connection, observed, NOW, _KEYS, live=stock.live)
        understood = match.understood
        assert understood is not None
        if understood.verdict is Verdict.ACCEPT:
            right = understood.number == recording.truth and live
            return Ended(recording, _accepted(asked) if right else Outcome.WRONG, asked)
        if understood.verdict is not Verdict.CONFIRM:
            kind = Outcome.PART if understood.verdict is Verdict.PART else Outcome.KEYS
            return Ended(recording, kind, asked + 1)
        if understood.number == recording.truth:
            confirmed = Observed(caller, "+4930555000", heard=(heard,), confirmed=understood.number, refused=refused)
            named = await find_matches(connection, confirmed, NOW, _KEYS, live=stock.live)
            return Ended(recording, _named(named, live, asked), asked + 1)
        refused = (*refused, understood.number)
    return Ended(recording, Outcome.KEYS, MOST_READ_BACK + 1)


def _accepted(read_back: int) -> Outcome:
    return (Outcome.ACCEPTED, Outcome.LATER)[min(read_back, 1)]


def _named(match: Match, live: bool, read_back: int) -> Outcome:
    """What the caller has said yes to must lead to the message, where it is live."""
    if not live:
        return Outcome.KEYS if match.decision in (Decision.NONE, Decision.UNCLEAR) else Outcome.WRONG
    if match.best is None:
        return Outcome.KEYS
    return Outcome.CONFIRMED if read_back == 0 else Outcome.LATER
