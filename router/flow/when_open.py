"""When somebody is there for the callers of a flow: all hours together that it, and the flows it goes on with, ask."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Final

from router.flow.model import Flow
from router.flow.nodes.base import UseKind
from router.flow.opening import Hours

LOOKED_AHEAD: Final = timedelta(days=14)
_STEP: Final = timedelta(minutes=15)
_SETTLED: Final = timedelta(hours=1)
"""So long after opening it is a time like any other."""


def hours_asked(flow: Flow) -> list[Hours]:
    """The hours that the flow's steps and the queues they name ask, each once, in the order of the file."""
    found: dict[int, Hours] = {}
    for each in _flows_from(flow):
        names = [use.name for step in each.text.steps.values() for use in step.uses() if use.kind is UseKind.HOURS]
        queues = (each.queues.get(name) for name in sorted(each.queues_used()))
        names += [queue.hours for queue in queues if queue is not None and queue.hours]
        for name in names:
            if (hours := each.hours.get(name)) is not None:
                found[id(hours)] = hours
    return list(found.values())


def open_at(hours: Collection[Hours], moment: datetime) -> bool:
    """Whether ``moment`` (aware) is within all of ``hours``."""
    return all(each.open_at(moment) for each in hours)


def next_open(hours: Collection[Hours], now: datetime) -> datetime | None:
    """The first moment after ``now`` (aware) within all of ``hours``, an hour after opening where it is open then, too;
    to the quarter of an hour. None where there is none within `LOOKED_AHEAD`."""
    begin = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    for step in range(1, LOOKED_AHEAD // _STEP):
        moment = begin + step * _STEP
        if open_at(hours, moment):
            return moment + _SETTLED if open_at(hours, moment + _SETTLED) else moment
    return None


def _flows_from(flow: Flow) -> Iterator[Flow]:
    seen, ahead = {flow.name}, [flow]
    while ahead:
        each = ahead.pop(0)
        yield each
        uses = [use for step in each.text.steps.values() for use in step.uses() if use.kind is UseKind.FLOW]
        following = [use.name for use in uses if use.name in each.flows and use.name not in seen]
        ahead += [each.flows[name] for name in dict.fromkeys(following)]
        seen.update(following)
