"""A flow as a graph: what its boxes and arrows are, and their text for Mermaid. `drawing` makes a picture of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from router.flow.model import Flow
from router.flow.nodes.base import HUMAN, Place, Step
from router.flow.nodes.match import Match

BEGIN = "_start"
"""The point where calls come in; no step can be called so."""

_SILENT = ("next", "options", "keys", "cases")
"""Parts of a place that say nothing to a reader."""


@dataclass(frozen=True, slots=True)
class Box:
    """A step: its name, its type, a line more where there is more to say, and its line in the file (0: in none)."""

    name: str
    type: str
    more: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Arrow:
    """The ways from one step to another, all of them. ``written``: one of them at least stands in the file; the others
    lead to a person by default."""

    source: str
    target: str
    ways: tuple[str, ...]
    written: bool = True

    @property
    def label(self) -> str:
        """The ways, in the order of the file."""
        return ", ".join(way for way in self.ways if way)


@dataclass(frozen=True, slots=True)
class Graph:
    """The boxes in the order of the file, the default queue last, and the arrows between them."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def graph_of(flow: Flow) -> Graph:
    """The flow's boxes and arrows. Ways to steps that are not there are left out."""
    arrows = (Arrow(BEGIN, flow.text.start, ()), *_arrows(flow))
    used = {arrow.target for arrow in arrows}
    steps = [(name, step) for name, step in flow.text.steps.items() if name != HUMAN]
    if HUMAN in used:
        steps.append((HUMAN, flow.steps[HUMAN]))
    boxes = (Box(name, step.type, _more(step), flow.lines.get(name, 0)) for name, step in steps)
    return Graph(tuple(boxes), tuple(arrow for arrow in arrows if arrow.target in flow.steps))


def mermaid(flow: Flow) -> str:
    """Mermaid text: a box for each step, an arrow for each step that another leads to."""
    graph = graph_of(flow)
    lines = ["flowchart TD", f"  {BEGIN}(( ))"]
    for box in graph.boxes:
        more = f"<br/>{box.more}" if box.more else ""
        lines.append(f'  {box.name}["{box.name}<br/><i>{box.type}</i>{more}"]')
    for arrow in graph.arrows:
        line = "-->" if arrow.written else "-.->"
        label = arrow.label.replace('"', "'")
        said = f'|"{label}"|' if label else ""
        lines.append(f"  {arrow.source} {line}{said} {arrow.target}")
    return "\n".join(lines)


def _arrows(flow: Flow) -> Iterator[Arrow]:
    for name, step in flow.text.steps.items():
        ways: dict[str, list[Place]] = {}
        for place, target in step.targets().items():
            ways.setdefault(target, []).append(place)
        for target, places in ways.items():
            written = any(_written(step, place) for place in places)
            shown = [place for place in places if _written(step, place) == written]
            yield Arrow(name, target, tuple(map(_label, shown)), written)


def _written(step: Step, place: Place) -> bool:
    """Whether the way stands in the file, and is not there by default."""
    return place[0] in step.model_fields_set


def _more(step: Step) -> str:
    if isinstance(step, Match) and step.ask is not None:
        asked = dict.fromkeys(question.kind.value.replace("_", " ") for question in step.ask.questions({}))
        return f"asks for {', '.join(asked)}"
    queue = getattr(step, "queue", "")
    return f"to {queue}" if isinstance(queue, str) and queue else ""


def _label(place: Place) -> str:
    names = [str(part + 1) if isinstance(part, int) else part for part in place if part not in _SILENT]
    return " ".join(names).replace("_", " ")
