"""Where a caller waits, one place after the other: for the last agent, for those with the skills, for all of the queue,
and in the queue that it overflows to. The engine says what is wished for; here it meets who is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from router.agents.phones import is_dialled
from router.core.commands import Leg, Transfer
from router.core.events import TEST_PHONE
from router.engine.session import Session
from router.flow.queues import Queue
from router.store import queues as store
from router.store.database import Connection

ASTERISK = "asterisk"
TWILIO = "twilio"


async def placed(connection: Connection, session: Session, transfer: Transfer, queues: Mapping[str, Queue]) -> Transfer:
    """The transfer with its legs. ``queues`` are those that the call's flow knows."""
    overflow = transfer.overflow if transfer.overflow_after < transfer.timeout else None
    skills = counted(transfer.skills, queues.get(transfer.queue))
    if not skills and not transfer.last_agent and overflow is None:
        return transfer
    people = [row for row in await store.ready_people(connection) if _reachable(row, session.channel)]
    if skills and transfer.skills_for is not None and not _anybody(people, transfer.queue, skills):
        skills = ()
    overflow_skills = counted(transfer.skills, queues.get(overflow or ""))
    if not _anybody(people, overflow or "", overflow_skills):
        overflow_skills = ()
    last_agent = await _last_agent(connection, session, people, transfer)
    return replace(transfer, legs=legs(transfer, skills, overflow_skills, last_agent))


def legs(
    transfer: Transfer, skills: Sequence[str], overflow_skills: Sequence[str] = (), last_agent: str | None = None
) -> tuple[Leg, ...]:
    """The legs of a transfer, together exactly its timeout; empty where it is the queue alone. ``skills`` are those
    that count in the queue, ``overflow_skills`` those in the other one, as long as skills count to the end."""
    whole = transfer.timeout
    here = min(transfer.overflow_after, whole) if transfer.overflow else whole
    with_skills = here if transfer.skills_for is None else transfer.skills_for
    kept = tuple(overflow_skills) if transfer.skills_for is None else ()
    wishes = [
        Leg(transfer.queue, transfer.last_agent if last_agent else 0, (), last_agent),
        Leg(transfer.queue, with_skills if skills else 0, tuple(skills)),
        Leg(transfer.queue, here),
    ]
    made = list(_cut(wishes, here))
    if here < whole and transfer.overflow:
        made.append(Leg(transfer.overflow, whole - here, kept))
    return () if made == [Leg(transfer.queue, whole)] else tuple(made)


def _cut(wishes: Iterable[Leg], seconds: int) -> Iterator[Leg]:
    """The legs that fit into so many seconds, the last one as far as it does."""
    for leg in wishes:
        within = min(leg.seconds, seconds)
        if within > 0:
            yield replace(leg, seconds=within)
            seconds -= within


def counted(skills: Iterable[str], queue: Queue | None) -> tuple[str, ...]:
    """Those of ``skills`` that a queue tells apart, sorted."""
    return tuple(sorted(set(skills) & set(queue.skill_set))) if queue else ()


def _reachable(person: Any, channel: str) -> bool:
    """Whether calls of the channel can ring there: Asterisk's at its phones, test calls on the page. Twilio's queues
    have agents of whose phones we know nothing, too."""
    if channel == TEST_PHONE:
        return person.phone is None
    return channel != ASTERISK or (person.phone is not None and not is_dialled(person.phone))


def _anybody(people: Iterable[Any], queue: str, skills: Iterable[str]) -> bool:
    return any(queue in person.queues and set(skills) <= set(person.skills) for person in people)


async def _last_agent(
    connection: Connection, session: Session, people: Sequence[Any], transfer: Transfer
) -> str | None:
    """Whom the customer talked to last, where that one takes calls of the queue now."""
    best = session.match.best if session.match else None
    if not transfer.last_agent or best is None:
        return None
    last = await store.last_agent(connection, best.message_id, session.call_id)
    there = (person for person in people if person.id == last and transfer.queue in person.queues)
    found = next(there, None)
    if found is None or (session.channel == TWILIO and not is_dialled(found.phone or "")):
        return None
    return str(found.id)
