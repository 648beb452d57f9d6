"""What a card is about, and at which assurance: what the match named, what the agent went on to or picked, and what was
found out about the caller since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from router.core.assurance import Assurance
from router.core.match import NO_MATCH, Decision, Match
from router.desk.view import View
from router.matching.outcomes import Verdict


@dataclass(frozen=True, slots=True)
class Subject:
    """``message_id`` and ``customer_id`` None: nobody. ``check`` is the row that proves the caller."""

    message_id: str | None
    customer_id: str | None
    decision: Decision
    assurance: Assurance
    looked_up: bool = False
    check: Row[Any] | None = None

    @property
    def anybody(self) -> bool:
        """Whether there is somebody to be opened, the assurance permitting."""
        return self.message_id is not None or self.customer_id is not None


def subject_of(
    match: Match | None,
    said: Row[Any] | None,
    picked_customer: str | None,
    view: View,
    checks: Iterable[Row[Any]],
    owners: Mapping[str, str | None],
) -> Subject:
    """``said`` is what was said of the call, ``picked_customer`` whom it was said to be of without a message,
    ``owners`` the customers of the messages there are."""
    found = match or NO_MATCH
    subject = _picked(found, said, picked_customer, view, owners)
    check = next((each for each in checks if _proves(each, subject)), None)
    if check is None:
        return subject
    return Subject(
        subject.message_id, subject.customer_id, Decision.SURE, Assurance.L3, subject.looked_up, check
    )  # fmt: skip


def _picked(
    found: Match, said: Row[Any] | None, customer: str | None, view: View, owners: Mapping[str, str | None]
) -> Subject:
    best = found.best.message_id if found.best else None
    if said is None or said.verdict != Verdict.OTHER:
        if best is None:
            return Subject(None, None, found.decision, found.assurance)
        return Subject(best, owners.get(best), found.decision, found.assurance)
    message_id: str | None = said.message_id or view.message_id
    if message_id is not None and message_id in owners:
        return _at_level(message_id, owners[message_id], found, owners.get(best or ""))
    if customer is not None:
        return _at_level(None, customer, found, owners.get(best or ""))
    left = Decision.UNCLEAR if len(found.candidates) > 1 else Decision.NONE
    return Subject(None, None, left, Assurance.L0, looked_up=True)


def _at_level(message_id: str | None, customer: str | None, found: Match, known: str | None) -> Subject:
    """What proves the caller to be a customer proves it for all of their messages; of another customer it proves
    nothing, and there is only the agent's word."""
    same = customer is not None and customer == known and found.assurance >= Assurance.L1
    assurance = found.assurance if same else Assurance.L1
    return Subject(message_id, customer, Decision.LIKELY, assurance, looked_up=True)


def _proves(check: Row[Any], subject: Subject) -> bool:
    if not check.passed or check.undone_at is not None or not subject.anybody:
        return False
    if subject.customer_id is not None:
        return bool(check.customer_id == subject.customer_id)
    return check.customer_id is None and check.message_id == subject.message_id
