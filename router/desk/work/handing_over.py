"""Passing a caller on, with the card and a note, to another agent or queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from router.agents.phones import can_be_given
from router.calls.queues import see_queue
from router.core.events import QueueSeen
from router.desk.work.canned import in_language
from router.desk.work.whom import Whom
from router.errors import conflict, unprocessable
from router.flow.model import Flow
from router.store import audit, handovers, people
from router.store.database import Connection, new_id
from router.store.holds import hold
from router.web.texts import Texts

LONGEST_NOTE: Final = 2000


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """A queue that is served now, with how long callers wait there."""

    value: str
    label: str
    seen: QueueSeen


@dataclass(frozen=True, slots=True)
class PersonPlace:
    """Somebody who takes calls now; ``free``: and talks to nobody."""

    value: str
    name: str
    free: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Where a caller can go."""

    queues: tuple[QueuePlace, ...]
    people: tuple[PersonPlace, ...]


async def places(
    connection: Connection,
    flow: Flow | None,
    queues: Collection[str],
    whom: Whom,
    person_id: str,
    now: datetime,
    language: str,
) -> Places:
    """The queues that are open and have somebody ready, and whoever takes calls, is not ``person_id`` and can be
    reached from where the caller is. Among those who are ready in a queue ``person_id`` is not counted."""
    me = await people.by_id(connection, person_id)
    mine = me.queues if me is not None and me.presence == "ready" else ()
    described = flow.queues if flow is not None else {}
    found = []
    for name in sorted({*queues, *described}):
        queue = described.get(name)
        hours = flow.hours.get(queue.hours) if flow is not None and queue is not None and queue.hours else None
        seen = await see_queue(connection, name, now)
        if seen.ready and (hours is None or hours.open_at(now)):
            label = in_language(queue.label, language) if queue is not None and queue.label is not None else name
            others = seen.ready - 1 if name in mine else seen.ready
            found.append(QueuePlace(f"queue:{name}", label, replace(seen, ready=others)))
    there = await people.taking_calls(connection)
    reached = (row for row in there if row.id != person_id and can_be_given(row.phone, whom.call.channel))
    return Places(tuple(found), tuple(PersonPlace(f"person:{row.id}", row.name, row.free) for row in reached))


async def wish(
    connection: Connection,
    whom: Whom,
    person_id: str,
    fields: Mapping[str, str],
    able: Places,
    now: datetime,
    t: Texts,
) -> None:
    """Store where the caller is to go when this talk ends. Raises `Refused`: 422 for somewhere nobody can go, 409 for
    a call that is over, is being passed on already, or cannot be."""
    kind, _, name = fields.get("to", "").partition(":")
    there = {place.value for place in able.queues} | {place.value for place in able.people}
    note = fields.get("note", "").replace("\r\n", "\n").strip()
    wrong = []
    if f"{kind}:{name}" not in there:
        wrong.append({"field": "to", "message": t("work.handover.nobody" if kind else "work.handover.where")})
    if len(note) > LONGEST_NOTE:
        wrong.append({"field": "note", "message": t("work.note.too_long", most=LONGEST_NOTE)})
    if wrong:
        raise unprocessable(wrong[0]["message"], wrong)
    if whom.stays:
        raise conflict(t("work.handover.stays"))
    if whom.call.state == "ended":  # the card is told of it next
        raise conflict(t("work.handover.gone"))
    await hold(connection, f"handover:{whom.call_id}")
    if await handovers.asked(connection, whom.call_id) is not None:
        raise conflict(t("work.handover.already"))
    values = {
        "id": new_id(),
        "call_id": whom.call_id,
        "from_person_id": person_id,
        "to_queue": name if kind == "queue" else None,
        "to_person_id": name if kind == "person" else None,
        "note": note,
        "at": now,
    }
    await handovers.add(connection, values)
    detail = {"to": kind} | ({"queue": name} if kind == "queue" else {"person": name})
    await audit.note(connection, now, "call.handed_over", "call", whom.call_id, person_id=person_id, detail=detail)


async def take_back(connection: Connection, whom: Whom, person_id: str, now: datetime) -> None:
    """The agent goes on talking to the caller after all."""
    await hold(connection, f"handover:{whom.call_id}")
    if await handovers.move(connection, whom.call_id, (handovers.ASKED,), handovers.FAILED, now):
        await audit.note(connection, now, "call.handover_undone", "call", whom.call_id, person_id=person_id)


def asked_in(rows: Sequence[handovers.HandoverRow], call_id: str, person_id: str) -> bool:
    """Whether this person has passed the call on, and still talks to the caller."""
    return any(
        row.call_id == call_id and row.from_person_id == person_id and row.state == handovers.ASKED for row in rows
    )
