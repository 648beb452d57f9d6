"""The flow as a graph: every step and every way, in Mermaid's text and as a picture."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.flow.drawing import HEIGHT, WIDTH, svg
from router.flow.files import check
from router.flow.graph import BEGIN, graph_of, mermaid
from router.flow.load import load_file
from router.flow.model import Flow

HOTLINE = load_file(Path(__file__).parents[2] / "ivr_flows" / "hotline.yaml")
SVG = "{http://www.w3.org/2000/svg}"

LOOP = check(
    """
version: 1
name: loop
languages: [de]
start: ask
steps:
  ask:
    type: menu
    text: {de: Ja oder nein?}
    options: {"1": {next: again}, "2": {next: again}, "3": {next: ask}}
  again: {type: say, text: {de: "Noch <einmal> & \\"neu\\"."}, next: ask}
""",
    "loop.yaml",
)


def steps_drawn(flow: Flow) -> dict[str, ElementTree.Element]:
    picture = ElementTree.fromstring(svg(flow))
    return {each.attrib["data-step"]: each for each in picture.iter(f"{SVG}g") if "data-step" in each.attrib}


def test_every_step_has_a_box_that_knows_its_line() -> None:
    drawn = steps_drawn(HOTLINE)
    assert set(drawn) == set(HOTLINE.text.steps)
    lines = HOTLINE.source.splitlines()
    for name, group in drawn.items():
        assert group.attrib["id"] == f"step-{name}"
        assert lines[int(group.attrib["data-line"]) - 1].strip() == f"{name}:"


def test_ways_to_one_step_are_one_arrow_and_defaults_are_told_from_what_is_written() -> None:
    arrows = {(each.source, each.target): each for each in graph_of(LOOP).arrows}
    assert arrows["ask", "again"].label == "1, 2"
    assert arrows["ask", "ask"].label == "3"
    assert arrows["again", "ask"].label == ""
    assert (BEGIN, "ask") in arrows
    to_a_person = arrows["ask", "human"]
    assert (to_a_person.label, to_a_person.written) == ("otherwise", False)


def test_mermaid_has_every_step_and_way() -> None:
    text = mermaid(LOOP)
    assert 'again["again<br/><i>say</i>"]' in text
    assert 'ask -->|"1, 2"| again' in text
    assert 'ask -.->|"otherwise"| human' in text
    assert "_start --> ask" in text


def test_a_file_brings_its_own_colours_and_a_page_does_not() -> None:
    assert "<style>" in svg(LOOP, standalone=True)
    assert "style" not in svg(LOOP), "the pages' content security policy refuses inline styles"


def middle(group: ElementTree.Element) -> tuple[float, float]:
    rect = group.find(f"{SVG}rect")
    assert rect is not None
    return float(rect.attrib["x"]) + WIDTH / 2, float(rect.attrib["y"]) + HEIGHT / 2


@pytest.mark.parametrize("flow", [HOTLINE, LOOP], ids=["hotline", "loop"])
def test_no_box_lies_on_another(flow: Flow) -> None:
    for one, other in combinations(map(middle, steps_drawn(flow).values()), 2):
        assert abs(one[0] - other[0]) >= WIDTH or abs(one[1] - other[1]) >= HEIGHT


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=12))
def test_any_tangle_can_be_drawn(ways: list[tuple[int, int]]) -> None:
    lines = [
        f"  s{at}: {{type: menu, text: {{de: x}}, options: {{'1': {{next: s{one % len(ways)}}}, "
        f"'2': {{next: s{other % len(ways)}}}, '3': {{next: s{(at + 1) % len(ways)}}}}}}}"
        for at, (one, other) in enumerate(ways)
    ]
    flow = check("\n".join(["version: 1", "name: tangle", "languages: [de]", "start: s0", "steps:", *lines]), "t.yaml")
    assert set(steps_drawn(flow)) == {*flow.text.steps, "human"}
