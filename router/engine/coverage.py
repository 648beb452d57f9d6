"""Which steps and exits of a flow scenarios have been through, and which are left.

What a run takes is recorded by standing in for the flow's steps (`watched`), not by the engine: calls pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from router.core.events import Event
from router.flow.model import Flow
from router.flow.nodes.base import HUNG_UP, Move, Place, Scene, Step


@dataclass(slots=True)
class Watch:
    """What a call went through: the steps ``entered`` in order and the exits ``taken``, each with its flow's name."""

    entered: list[tuple[str, str]] = field(default_factory=list)
    taken: set[tuple[str, str, Place]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of a flow's ``steps`` and ``exits`` (their numbers), what no scenario has been through. A missing exit is the
    step, the place in it and the step that it leads to."""

    flow: str
    steps: int
    exits: int
    missing_steps: tuple[str, ...]
    missing_exits: tuple[tuple[str, Place, str], ...]

    @property
    def percent(self) -> float:
        """Of steps and exits together, 0 to 100, with one decimal; never 100 while something is missing."""
        whole, missing = self.steps + self.exits, len(self.missing_steps) + len(self.missing_exits)
        return int((whole - missing) * 1000 / whole) / 10


def coverage(flow: Flow, watches: Iterable[Watch]) -> Coverage:
    """What ``watches`` have been through of the steps that ``flow`` writes, and of all ways out of them, those left to
    their default among them."""
    entered: set[tuple[str, str]] = set()
    taken: set[tuple[str, str, Place]] = set()
    for watch in watches:
        entered.update(watch.entered)
        taken |= watch.taken
    exits = [(name, place, to) for name, step in flow.text.steps.items() for place, to in step.targets().items()]
    return Coverage(
        flow.name,
        len(flow.text.steps),
        len(exits),
        tuple(name for name in flow.text.steps if (flow.name, name) not in entered),
        tuple(each for each in exits if (flow.name, *each[:2]) not in taken),
    )


def watched(flow: Flow, watch: Watch) -> Flow:
    """``flow``, and with it all flows of its set, with everything a call goes through written to ``watch``."""
    flows = {name: _copy(each, watch) for name, each in {**flow.flows, flow.name: flow}.items()}
    for each in flows.values():
        each.flows = flows
    return flows[flow.name]


def _copy(flow: Flow, watch: Watch) -> Flow:
    made = copy(flow)
    made.steps = {name: _Watched(flow.name, name, step, watch) for name, step in flow.steps.items()}  # type: ignore[misc]
    return made


class _Exit(str):
    """The name of a step with the place it stands at: two exits to the same step can be told apart."""

    place: Place


class _Watched:
    """Stands in for a step: as the step in everything, but that it tells what it does."""

    def __init__(self, flow: str, name: str, step: Step, watch: Watch) -> None:
        self._flow, self._name, self._watch = flow, name, watch
        self._targets = step.targets()
        self._step = _marked(step, self._targets)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step, name)

    def enter(self, scene: Scene) -> Move:
        self._watch.entered.append((self._flow, self._name))
        return self._told(self._step.enter(scene))

    def resume(self, scene: Scene, event: Event) -> Move:
        return self._told(self._step.resume(scene, event))

    def when_hung_up(self) -> str | None:
        if way := self._targets.get(HUNG_UP):
            self._watch.taken.add((self._flow, self._name, HUNG_UP))
        return way

    def _told(self, move: Move) -> Move:
        if isinstance(move.then, _Exit):
            self._watch.taken.add((self._flow, self._name, move.then.place))
        elif isinstance(move.then, str):
            fitting = [place for place, target in self._targets.items() if target == move.then]
            if len(fitting) == 1:
                self._watch.taken.add((self._flow, self._name, fitting[0]))
        return move


def _marked(step: Step, targets: Mapping[Place, str]) -> Step:
    for place, target in targets.items():
        way = _Exit(target)
        way.place = place
        step = with_way(step, place, way)
    return step


def with_way(value: Any, place: Sequence[str | int], way: str) -> Any:
    """``value`` with ``way`` in the ``place`` in it; as it is where there is no such place."""
    if not place:
        return way
    at, below = place[0], place[1:]
    match value:
        case BaseModel():
            fields = type(value).model_fields
            name = next((name for name, info in fields.items() if at in (name, info.alias)), None)
            return value.model_copy(update={name: with_way(getattr(value, name), below, way)}) if name else value
        case Mapping() if at in value:
            return {**value, at: with_way(value[at], below, way)}
        case tuple() if isinstance(at, int) and at < len(value):
            return (*value[:at], with_way(value[at], below, way), *value[at + 1 :])
        case _:
            return value


def in_words(name: str, place: Place, target: str) -> str:
    """An exit for people: ``recognise: sure → found``."""
    return f"{name}: {'.'.join(map(str, place))} → {target}"
