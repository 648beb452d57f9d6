"""Reading YAML: hostile files are refused fast, and nothing is read as something else than it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.flow.files import check
from router.flow.problems import FlowRefused
from router.flow.source import DEEPEST, MOST_CHARACTERS, read


def code_of(text: str) -> str:
    """The code of the first problem, whether something could be read or not."""
    try:
        return read(text, "x.yaml").problems[0].code
    except FlowRefused as refused:
        return refused.problems[0].code


def test_billion_laughs_is_refused_at_its_first_anchor() -> None:
    lines = ['a0: &a0 "lol"'] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60)]
    assert code_of("\n".join(lines)) == "alias"


def test_a_cycle_is_refused() -> None:
    assert code_of("a: &a [*a]") == "alias"


def test_depth_and_size_are_bounded() -> None:
    assert code_of("[" * (DEEPEST + 2) + "]" * (DEEPEST + 2)) == "too-deep"
    assert code_of("[" * 100_000) == "too-deep"
    assert code_of("a" * (MOST_CHARACTERS + 1)) == "too-large"


def test_values_are_what_they_say() -> None:
    source = read('{a: no, b: on, c: 0123, d: 12, e: 1.5, f: true, g: "12", h: , i: 0x10, j: 1_000, k: 1:30}', "x")
    assert source.data == {
        "a": "no", "b": "on", "c": "0123", "d": 12, "e": 1.5, "f": True, "g": "12", "h": None,
        "i": "0x10", "j": "1_000", "k": "1:30",
    }  # fmt: skip


def test_places_count_from_one() -> None:
    source = read("a:\n  - b: 1\n", "x")
    assert source.keys[("a", 0, "b")] == (2, 5)
    assert source.places[("a", 0, "b")] == (2, 8)


@given(st.text(max_size=200))
def test_whatever_is_written_gives_a_flow_or_problems_with_places(text: str) -> None:
    with pytest.raises(FlowRefused) as refused:
        check(text, "x.yaml")
    assert all(problem.line >= 1 and problem.column >= 1 for problem in refused.value.problems)
