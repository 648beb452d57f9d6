"""What became of a message: how far it got, and whether it has been answered.

`told` is the rule; `record` applies it to what is stored. Reports come late, twice and out of order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from router.matching.observed import Delivery
from router.messages.fields import BlankIsNone, Moment, Name
from router.messages.registration import FieldErrors, as_sent
from router.store import deliveries as store
from router.store.database import Database

MOST_REPORTS = 1000
"""Reports taken at one time."""
BATCH = 100
"""Messages changed in one transaction: few, since a call that comes in waits for it."""
CLOCK_SLACK = timedelta(hours=1)
"""How far ahead of us the clock of who reports may be."""

_RANK = {None: 0, Delivery.SENT: 1, Delivery.FAILED: 1, Delivery.DELIVERED: 2, Delivery.READ: 3}

Status = Literal["sent", "delivered", "read", "failed", "answered", "reopened"]


class StatusReport(BaseModel):
    """What became of a message. `answered`: somebody has called about it, or it is settled; `reopened` takes that
    back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Status
    at: Annotated[Moment | None, BlankIsNone, Field(description="When it was so; now, where it is left out.")] = None


class NamedReport(StatusReport):
    """A report that names its message, by `id` or by `external_id`."""

    id: Annotated[Name | None, BlankIsNone, Field(description="The message's id here.")] = None
    external_id: Annotated[Name | None, BlankIsNone, Field(description="The message's id at the sender.")] = None

    @model_validator(mode="after")
    def _one_name(self) -> NamedReport:
        if (self.id is None) == (self.external_id is None):
            raise ValueError("names no message, or two; give id or external_id")
        return self

    @property
    def message(self) -> store.Named:
        """The message it is about."""
        return ("id", self.id) if self.id is not None else ("external_id", self.external_id or "")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a message got and since when, and when it was answered."""

    delivery: Delivery | None = None
    delivery_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageState:
    """A message's progress with its two ids."""

    id: str
    external_id: str | None
    progress: Progress

    def as_json(self) -> dict[str, Any]:
        """The answer of `POST /v1/messages/{id}/status`."""
        return {
            "id": self.id,
            "external_id": self.external_id,
            "delivery": self.progress.delivery,
            "delivery_at": as_sent(self.progress.delivery_at),
            "answered_at": as_sent(self.progress.answered_at),
        }


def told(progress: Progress, report: StatusReport, now: datetime) -> Progress:
    """The progress after a report that comes at ``now``.

    Delivery never goes backwards: read is more than delivered, which is more than sent and failed. Of these two the
    later one counts; a report without a time never takes a failure back. The first report of an answer counts; a
    reopening that is told to be older than the answer changes nothing.
    """
    at = report.at or now
    if report.status == "answered":
        return progress if progress.answered_at is not None else replace(progress, answered_at=at)
    if report.status == "reopened":
        older = report.at is not None and progress.answered_at is not None and report.at < progress.answered_at
        return progress if older else replace(progress, answered_at=None)
    reached = Delivery(report.status)
    if _RANK[reached] > _RANK[progress.delivery] or _is_later_attempt(progress, reached, report.at):
        return replace(progress, delivery=reached, delivery_at=at)
    return progress


def _is_later_attempt(progress: Progress, reached: Delivery, at: datetime | None) -> bool:
    """Whether a message that was on its way failed, or one that failed was sent again."""
    if not {progress.delivery, reached} <= {Delivery.SENT, Delivery.FAILED}:
        return False
    fails = progress.delivery is Delivery.SENT and reached is Delivery.FAILED
    if at is None or progress.delivery_at is None:
        return fails
    return at > progress.delivery_at or (at == progress.delivery_at and fails)


def errors_of(report: StatusReport, now: datetime) -> FieldErrors:
    """What is wrong with a report that only the clock can tell."""
    if report.at is not None and report.at > now + CLOCK_SLACK:
        return [{"field": "at", "message": "lies ahead; only what has happened can be told"}]
    return []


Told = tuple[store.Named, StatusReport]


async def record(database: Database, reports: Sequence[Told], now: datetime) -> list[MessageState | None]:
    """Store what became of the messages; the state of each after its report, None where there is no such message."""
    states: list[MessageState | None] = []
    for start in range(0, len(reports), BATCH):
        states += await _recorded(database, reports[start : start + BATCH], now)
    return states


async def _recorded(database: Database, reports: Sequence[Told], now: datetime) -> list[MessageState | None]:
    async with database.begin(long=True) as connection:
        rows = await store.locked(connection, [named for named, _ in reports])
        places: dict[store.Named, str] = {("id", row.id): row.id for row in rows}
        places |= {("external_id", row.external_id): row.id for row in rows}
        before = {row.id: _state(row) for row in rows}
        after = dict(before)
        answers: list[MessageState | None] = []
        for named, report in reports:
            message_id = places.get(named)
            if message_id is not None:
                state = after[message_id]
                after[message_id] = replace(state, progress=told(state.progress, report, now))
            answers.append(after[message_id] if message_id is not None else None)
        changed = [state for state in after.values() if state != before[state.id]]
        await store.change(connection, {state.id: _columns(state.progress) for state in changed})
    return answers


def _state(row: store.DeliveryRow) -> MessageState:
    delivery = None if row.delivery is None else Delivery(row.delivery)
    return MessageState(row.id, row.external_id, Progress(delivery, row.delivery_at, row.answered_at))


def _columns(progress: Progress) -> dict[str, Any]:
    return {
        "delivery": progress.delivery.value if progress.delivery else None,
        "delivery_at": progress.delivery_at,
        "answered_at": progress.answered_at,
    }
