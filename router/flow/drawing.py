"""A flow as a picture in SVG: layered from where calls come in downwards, arrows back up on the side.

Every step is a group ``<g id="step-NAME" data-step="NAME" data-line="N">``, so that a page can follow it. Colours come
from the page's styles by class; `standalone` brings its own, for a file.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from router.flow.graph import BEGIN, Arrow, Box, Graph, graph_of
from router.flow.model import Flow

WIDTH, HEIGHT = 168, 46
"""Of a box, in pixels."""
_ACROSS, _DOWN = 204, 104
_MARGIN = 28
_BESIDE = 16
_FURTHEST_LED = 12
"""Layers that an arrow is led past other boxes; a longer one goes straight, or big flows would take seconds."""
_SORTINGS = 30
_BEGIN_RADIUS = 8
_MOST_LETTERS = 24
_MOST_LABEL = 22

_STYLE = """
  .box rect { fill: #fff; stroke: #5b6472; }
  .box text, .arrow text { font: 13px system-ui, sans-serif; fill: #1c2430; text-anchor: middle; }
  .box .type { font-size: 11px; fill: #5b6472; }
  .arrow path { fill: none; stroke: #8a94a3; stroke-width: 1.3; }
  .arrow.default path { stroke-dasharray: 4 4; }
  .arrow text { font-size: 11px; fill: #3b4452; paint-order: stroke; stroke: #fff; stroke-width: 4px; }
  .box.begin circle, #tip path { fill: #5b6472; }
"""


@dataclass(frozen=True, slots=True)
class _Point:
    x: float
    y: float


_Places = Mapping[str, _Point]


def svg(flow: Flow, *, standalone: bool = False) -> str:
    """The picture. ``standalone``: with styles of its own, to be looked at outside our pages."""
    graph = graph_of(flow)
    places, bends = _laid_out(graph)
    right = max(place.x for place in places.values()) + WIDTH / 2 + _MARGIN
    bottom = max(place.y for place in places.values()) + HEIGHT / 2 + _MARGIN
    style = f"<style>{_STYLE}</style>" if standalone else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flow-graph" role="img" width="{right:.0f}" '
        f'height="{bottom:.0f}" viewBox="0 0 {right:.0f} {bottom:.0f}" aria-label={quoteattr(flow.name)}>'
    )
    tip = (
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 1 10 5 0 9z"/></marker></defs>'
    )
    arrows = "".join(_arrow(arrow, places, bend) for arrow, bend in zip(graph.arrows, bends, strict=True))
    begin = places[BEGIN]
    start = f'<g class="box begin"><circle cx="{begin.x:.0f}" cy="{begin.y:.0f}" r="{_BEGIN_RADIUS}"/></g>'
    boxes = "".join(_box(box, places[box.name]) for box in graph.boxes)
    return f"{head}{style}{tip}{arrows}{start}{boxes}</svg>\n"


# -- where things stand --------------------------------------------------------------------------------------------


def _laid_out(graph: Graph) -> tuple[_Places, list[Sequence[_Point]]]:
    """The middle of each box, and the points through which each arrow goes on its way past other boxes."""
    import igraph  # type: ignore[import-untyped]  # takes a quarter of a second: only for those who draw

    names = [BEGIN, *(box.name for box in graph.boxes)]
    number = {name: at for at, name in enumerate(names)}
    layers = _layers(graph, names)
    # A way back is laid out as if it led down, so that it is led past other boxes, too.
    ends = [_downhill(arrow, layers) for arrow in graph.arrows]
    led = [at for at, (above, below) in enumerate(ends) if layers[below] - layers[above] <= _FURTHEST_LED]
    drawn = igraph.Graph(len(names), [(number[ends[at][0]], number[ends[at][1]]) for at in led], directed=True)
    layout = drawn.layout_sugiyama(layers=[layers[name] for name in names], hgap=_ACROSS, vgap=_DOWN, maxiter=_SORTINGS)
    points = [_Point(x, y) for x, y in layout.coords]
    bends: list[Sequence[_Point]] = [() for _ in ends]
    for at, route in zip(led, layout.edge_routing, strict=True):
        bends[at] = [_Point(x, y) for x, y in route]
    left = min(point.x for point in itertools.chain(points, *bends))
    across = _MARGIN + WIDTH / 2 - left
    return (
        {name: _Point(point.x + across, point.y + _MARGIN) for name, point in zip(names, points, strict=True)},
        [[_Point(point.x + across, point.y + _MARGIN) for point in route] for route in bends],
    )


def _downhill(arrow: Arrow, layers: Mapping[str, int]) -> tuple[str, str]:
    if layers[arrow.source] > layers[arrow.target]:
        return arrow.target, arrow.source
    return arrow.source, arrow.target


def _layers(graph: Graph, names: Sequence[str]) -> Mapping[str, int]:
    """How far down each box stands: below everything that leads to it, but for ways back to where a call has been."""
    ahead: dict[str, list[str]] = {name: [] for name in names}
    for arrow in graph.arrows:
        ahead[arrow.source].append(arrow.target)
    ordered, back = _walked(ahead)
    layers = dict.fromkeys(names, 0)
    for name in ordered:
        for target in ahead[name]:
            if (name, target) not in back:
                layers[target] = max(layers[target], layers[name] + 1)
    return layers


def _walked(ahead: Mapping[str, Sequence[str]]) -> tuple[list[str], set[tuple[str, str]]]:
    """The boxes so that each comes before those it leads to, and the arrows that lead back (depth first, from the
    beginning; without recursion, as a flow may be 500 steps long)."""
    done: list[str] = []
    back: set[tuple[str, str]] = set()
    state: dict[str, bool] = {}  # True: on the way, False: done with
    for root in ahead:
        if root in state:
            continue
        state[root] = True
        trail = [(root, iter(ahead[root]))]
        while trail:
            name, targets = trail[-1]
            target = next(targets, None)
            if target is None:
                state[name] = False
                done.append(name)
                trail.pop()
            elif target not in state:
                state[target] = True
                trail.append((target, iter(ahead[target])))
            elif state[target]:
                back.add((name, target))
    return done[::-1], back


# -- what is drawn -------------------------------------------------------------------------------------------------


def _box(box: Box, at: _Point) -> str:
    left, top = at.x - WIDTH / 2, at.y - HEIGHT / 2
    about = f"{box.type}, {box.more}" if box.more else box.type
    line = about if len(about) <= _MOST_LETTERS else box.type
    return (
        f'<g id="step-{box.name}" class="box {box.type}" data-step="{box.name}" data-line="{box.line}">'
        f"<title>{escape(f'{box.name}: {about}')}</title>"
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{at.x:.0f}" y="{at.y - 3:.0f}">{escape(_short(box.name, _MOST_LETTERS))}</text>'
        f'<text class="type" x="{at.x:.0f}" y="{at.y + 14:.0f}">{escape(line)}</text></g>'
    )


def _arrow(arrow: Arrow, places: _Places, bends: Sequence[_Point]) -> str:
    begin, end = places[arrow.source], places[arrow.target]
    if arrow.source == BEGIN:
        begin = _Point(begin.x, begin.y + _BEGIN_RADIUS - HEIGHT / 2)
    if arrow.source == arrow.target:
        path, label = _around(begin)
    elif begin.y > end.y:
        path, label = _upwards(begin, end, bends)
    elif begin.y == end.y:
        path, label = _beside(begin, end)
    else:
        path, label = _downwards(begin, end, bends)
    kind = "arrow" if arrow.written else "arrow default"
    text = arrow.label
    said = f'<text x="{label.x:.0f}" y="{label.y:.0f}">{escape(_short(text, _MOST_LABEL))}</text>' if text else ""
    return (
        f'<g class="{kind}" data-from="{arrow.source}" data-to="{arrow.target}"><title>{escape(text)}</title>'
        f'<path d="{path}" marker-end="url(#tip)"/>{said}</g>'
    )


def _downwards(begin: _Point, end: _Point, bends: Sequence[_Point]) -> tuple[str, _Point]:
    """Straight down through the bends, each piece softly."""
    points = [_Point(begin.x, begin.y + HEIGHT / 2), *bends, _Point(end.x, end.y - HEIGHT / 2)]
    # The label near the end rather than at the beginning, where the ways from one box lie together.
    last, before = points[-1], points[-2]
    return _softly(points), _Point(before.x + (last.x - before.x) * 0.62, before.y + (last.y - before.y) * 0.58)


def _upwards(begin: _Point, end: _Point, bends: Sequence[_Point]) -> tuple[str, _Point]:
    """Out at the top and in at the bottom, a little to the right of the ways down."""
    points = [
        _Point(begin.x + _BESIDE, begin.y - HEIGHT / 2),
        *(_Point(bend.x + _BESIDE, bend.y) for bend in reversed(bends)),
        _Point(end.x + _BESIDE, end.y + HEIGHT / 2),
    ]
    return _softly(points), _Point((points[0].x + points[1].x) / 2, (points[0].y + points[1].y) / 2)


def _beside(begin: _Point, end: _Point) -> tuple[str, _Point]:
    side = WIDTH / 2 if end.x > begin.x else -WIDTH / 2
    points = [_Point(begin.x + side, begin.y), _Point(end.x - side, end.y)]
    return _softly(points), _Point((points[0].x + points[1].x) / 2, begin.y - 4)


def _softly(points: Sequence[_Point]) -> str:
    path = f"M{points[0].x:.0f} {points[0].y:.0f}"
    for here, there in itertools.pairwise(points):
        half = (there.y - here.y) / 2
        path += f" C{here.x:.0f} {here.y + half:.0f} {there.x:.0f} {there.y - half:.0f} {there.x:.0f} {there.y:.0f}"
    return path


def _around(at: _Point) -> tuple[str, _Point]:
    right = at.x + WIDTH / 2
    path = (
        f"M{right:.0f} {at.y + 8:.0f} C{right + 30:.0f} {at.y + 14:.0f} {right + 30:.0f} {at.y - 14:.0f} "
        f"{right:.0f} {at.y - 8:.0f}"
    )
    return path, _Point(right + 24, at.y - 14)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
