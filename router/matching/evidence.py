"""What the facts of a call say for a message: one small function for each kind of evidence.

To add a kind, write its function and put it into `KINDS`. Each answers None when its fact was not observed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import log

from router.core.match import Evidence, EvidenceKind
from router.matching.observed import MessageRow, Observed
from router.matching.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the weight of a fact depends on beside the fact: ``sharers`` is how many customers are known to use the
    caller number (at least 1), ``now`` the time of the call."""

    now: datetime
    sharers: int
    parameters: Parameters


def caller_number(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The caller number is the message's recipient, or another number on file; only one of the two counts, since they
    are one fact. Exact E.164 numbers only. A number that several customers share counts for each of them in part."""
    number = None if observed.caller.withheld else observed.caller.number
    if number is None:
        return None
    if number == row.to_phone:
        kind, weight = EvidenceKind.RECIPIENT_NUMBER, around.parameters.recipient_number
        detail = "The call comes from the number the message was sent to"
    elif number in row.customer_phones:
        kind, weight = EvidenceKind.CUSTOMER_NUMBER, around.parameters.customer_number
        detail = "The call comes from another number on file for the customer"
    else:
        return None
    shared = f"; {around.sharers} customers share it" if around.sharers > 1 else ""
    return Evidence(kind, max(weight - log(around.sharers), 0.0), f"{detail}{shared}.")


def callback_code(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The caller keyed in the message's code, and it still holds."""
    if not code_holds(row, observed, around.now):
        return None
    detail = "The callback code of the message was keyed in."
    return Evidence(EvidenceKind.CALLBACK_CODE, around.parameters.callback_code, detail)


def service_number(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The number dialled is the one printed in the message."""
    if observed.service_number is None or observed.service_number != row.service_number:
        return None
    detail = "The number dialled is the one in the message."
    return Evidence(EvidenceKind.SERVICE_NUMBER, around.parameters.service_number, detail)


KINDS: tuple[Callable[[MessageRow, Observed, Circumstances], Evidence | None], ...] = (
    callback_code,
    caller_number,
    service_number,
)
"""All kinds, in the order in which people are told."""


def gather(row: MessageRow, observed: Observed, around: Circumstances) -> tuple[Evidence, ...]:
    """All evidence for ``row``."""
    return tuple(found for kind in KINDS if (found := kind(row, observed, around)) is not None)


def code_holds(row: MessageRow, observed: Observed, now: datetime) -> bool:
    """Whether the caller gave this message's code and it has not expired. A code without an end always holds."""
    if not observed.code_given or not row.code_keyed:
        return False
    return row.code_expires_at is None or now < row.code_expires_at


def number_on_file(row: MessageRow, observed: Observed) -> bool:
    """Whether the call comes from a number we have for this message's recipient or customer."""
    number = None if observed.caller.withheld else observed.caller.number
    return number is not None and (number == row.to_phone or number in row.customer_phones)
