"""The description of queues as TaskRouter has it: a TaskQueue for each queue, and a workflow over them. Pure.

Source: Twilio, "TaskRouter: Workflow configuration" (task_routing, filters, targets: queue, expression, timeout,
skip_if, order_by) and "Expression syntax" (==, AND, HAS). A list in a task cannot be compared with a list of a worker,
so each set of skills that a queue tells apart has a filter of its own.

Workers have the attributes ``login``, ``person`` (the id), ``queues`` and ``skills``, and ``contact_uri`` for the
instruction `dequeue`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from router.channels.twilio.tasks import KEY, skill_key
from router.flow.queues import Queue

NOBODY_THERE: Final = "workers.available == 0"
"""Of a target: go on at once where nobody can take the task there."""


@dataclass(frozen=True, slots=True)
class TaskQueue:
    """A TaskQueue: its friendly name, and the expression that says which workers belong to it."""

    name: str
    workers: str


def task_queues(queues: Mapping[str, Queue]) -> tuple[TaskQueue, ...]:
    """The TaskQueues of these queues, and those where their callers go on waiting."""
    named = dict.fromkeys([*queues, *(each.overflow.queue for each in queues.values() if each.overflow)])
    return tuple(TaskQueue(name, f"queues HAS {_text(name)}") for name in named)


def configuration(queues: Mapping[str, Queue], default: str, sid_of: Callable[[str], str]) -> dict[str, Any]:
    """The workflow's configuration. ``sid_of`` gives the id of the TaskQueue of a queue, ``default`` is the queue of
    tasks that no filter is for."""
    filters = [each for name, queue in queues.items() for each in _filters(name, queue, sid_of)]
    return {"task_routing": {"filters": filters, "default_filter": {"queue": sid_of(default)}}}


def as_text(configured: Mapping[str, Any]) -> str:
    """A configuration as it is compared and sent."""
    return json.dumps(configured, indent=2, sort_keys=True, ensure_ascii=False)


def _filters(name: str, queue: Queue, sid_of: Callable[[str], str]) -> list[dict[str, Any]]:
    longest = max((rule.last_agent for rule in queue.rules), default=0)
    made = [_alone(name, sid_of)]
    for skills in _sets(queue.skill_set):
        wanted = f"{KEY}.queue == {_text(name)} AND {KEY}.skill_key == {_text(skill_key(skills))}"
        targets = _targets(name, queue, skills, sid_of)
        known_as = name + "".join(f" +{skill}" for skill in skills)
        if longest:
            last = {"queue": sid_of(name), "expression": f"task.{KEY}.last_agent == worker.person", "timeout": longest}
            last["skip_if"] = NOBODY_THERE
            expression = f"{wanted} AND {KEY}.waits_for_last == true"
            made.append(_filter(f"{known_as}, last agent", expression, [last, *targets]))
        made.append(_filter(known_as, wanted, targets))
    return made


def _alone(name: str, sid_of: Callable[[str], str]) -> dict[str, Any]:
    """For callers who are passed on to one person, and wait for nobody else."""
    target = {"queue": sid_of(name), "expression": f"task.{KEY}.last_agent == worker.person"}
    expression = f"{KEY}.queue == {_text(name)} AND {KEY}.alone == true"
    return _filter(f"{name}, one person", expression, [target])


def _sets(skills: Sequence[str]) -> list[tuple[str, ...]]:
    """All sets of these skills, the largest first."""
    return [each for size in range(len(skills), -1, -1) for each in combinations(sorted(skills), size)]


def _targets(name: str, queue: Queue, skills: Sequence[str], sid_of: Callable[[str], str]) -> list[dict[str, Any]]:
    """One after the other: who has the skills, after `skills_for` seconds anybody of the queue, then the overflow."""
    after, spent = queue.overflow.after if queue.overflow else None, 0
    targets: list[dict[str, Any]] = []
    if skills:
        able = " AND ".join(f"worker.skills HAS {_text(skill)}" for skill in skills)
        targets.append({"queue": sid_of(name), "expression": able})
        spent = _limited(targets[-1], queue.skills_for, after)
    if not skills or queue.skills_for is not None:
        targets.append({"queue": sid_of(name)})
        if after is not None and after > spent:
            targets[-1]["timeout"] = after - spent
    if queue.overflow is not None:
        targets.append({"queue": sid_of(queue.overflow.queue)})
    return targets


def _limited(target: dict[str, Any], skills_for: int | None, after: int | None) -> int:
    """Seconds after which callers leave a target, put into it; 0: never."""
    seconds = min((each for each in (skills_for, after) if each is not None), default=0)
    if seconds:
        target["timeout"] = seconds
    return seconds


def _filter(name: str, expression: str, targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {"filter_friendly_name": name, "expression": expression, "targets": targets}


def _text(value: str) -> str:
    # Names are of letters, digits and _ (`router.flow.nodes.base.Name`): nothing in them ends the quotes.
    return f'"{value}"'
