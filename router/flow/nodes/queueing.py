"""What the rules of queues make of a caller who is handed to one, and whether somebody is there to serve it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from router.flow import expressions
from router.flow.nodes.base import Scene
from router.flow.nodes.priorities import as_priority

if TYPE_CHECKING:
    from router.flow.queues import Queue, Rule

MOST_SKILLS: Final = 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """The ``queue`` in the end, and what rules ask for: the highest ``priority`` (0: none does), all ``skills``, and
    the most seconds for the ``last_agent``. ``told`` says for the trace which rules counted, and which failed."""

    queue: str
    priority: int = 0
    skills: tuple[str, ...] = ()
    last_agent: int = 0
    told: str = ""


def wished(scene: Scene, queue: str) -> Wishes:
    """All rules that hold count together. The first that names another queue leads there, and what that one's rules
    say counts as well; nobody is led back to a queue that they came from."""
    seen, priority, last_agent = [queue], 0, 0
    skills: list[str] = []
    told: list[str] = []
    while True:
        following = None
        described: Queue | None = scene.queues.get(seen[-1])
        for number, rule in enumerate(described.rules if described else (), 1):
            name = f"{seen[-1]} {number}"
            try:
                if not expressions.holds(rule.when, scene.facts):
                    continue
                priority = max(priority, _priority(rule, scene))
            except ValueError as error:
                told.append(f"rule {name}: {error}")
                continue
            told.append(f"rule {name}")
            skills += rule.skills
            last_agent = max(last_agent, rule.last_agent)
            if rule.queue and following is None and rule.queue not in seen:
                following = rule.queue
        if following is None:
            return Wishes(seen[-1], priority, tuple(skills), last_agent, "".join(f"; {each}" for each in told))
        seen.append(following)


def _priority(rule: Rule, scene: Scene) -> int:
    if not isinstance(rule.priority, str):
        return rule.priority or 0
    priority = as_priority(expressions.value_of(rule.priority, scene.facts))
    if priority is None:
        raise ValueError("the priority is no number")
    return priority


def is_closed(scene: Scene, queue: str) -> bool:
    """Whether the hours of ``queue`` say that nobody is there now."""
    described: Queue | None = scene.queues.get(queue)
    hours = scene.hours.get(described.hours) if described and described.hours else None
    return hours is not None and not hours.open_at(scene.hours_time())
