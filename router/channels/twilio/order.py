"""Who is rung for which waiting caller. Pure.

Callers are served in order: the higher priority first, then who waits longest. A caller takes no agent that somebody
ahead could be given; agents whom nobody ahead can use are no reason to wait.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST_RUNG: Final = 10
"""Phones that one `<Dial>` rings at once (Twilio, "TwiML Voice: <Number>")."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller who waits in ``queue`` for somebody with all of ``skills``, or for one ``person`` (an id) alone.
    ``at_once``: all who can are rung, and not one after the other; ``spared`` are not rung for this caller now."""

    call_id: str
    queue: str
    priority: int
    since: datetime
    skills: frozenset[str] = frozenset()
    person: str | None = None
    at_once: bool = True
    spared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who is ready and whose phone does not ring."""

    person_id: str
    queues: frozenset[str]
    skills: frozenset[str] = frozenset()


def whom(call_id: str, waiting: Sequence[Waiting], free: Sequence[Agent]) -> tuple[str, ...]:
    """The ids of the agents to ring now for this caller, of those who are ``free`` (who rested longest comes first);
    empty: nobody, the caller waits. Several callers share the agents whom each of them could be given."""
    left = list(free)
    in_order = sorted(waiting, key=lambda each: (-each.priority, each.since, each.call_id))
    for place, caller in enumerate(in_order):
        able = [agent for agent in left if _can(agent, caller)]
        rivals = sum(1 for later in in_order[place:] if any(_can(agent, later) for agent in able))
        share = math.ceil(len(able) / rivals) if caller.at_once and rivals else min(len(able), 1)
        given = able[: min(share, MOST_RUNG)]
        if caller.call_id == call_id:
            return tuple(agent.person_id for agent in given)
        left = [agent for agent in left if agent not in given]
    return ()


def place_of(call_id: str, waiting: Sequence[Waiting]) -> int:
    """How many callers of the same queue come before this one."""
    mine = next((each for each in waiting if each.call_id == call_id), None)
    if mine is None:
        return 0
    key = (-mine.priority, mine.since, mine.call_id)
    return sum(1 for each in waiting if each.queue == mine.queue and (-each.priority, each.since, each.call_id) < key)


def _can(agent: Agent, caller: Waiting) -> bool:
    if agent.person_id in caller.spared:
        return False
    if caller.person is not None:
        return agent.person_id == caller.person
    return caller.queue in agent.queues and caller.skills <= agent.skills
