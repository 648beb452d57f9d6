"""Reading YAML: hostile files are refused fast, and nothing is read as something else than it says."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.flow.files import check, check_files
from router.flow.load import read_folder
from router.flow.places import within
from router.flow.problems import CODES, FlowRefused
from router.flow.source import DEEPEST, MOST_CHARACTERS, MOST_PROBLEMS, read


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


@pytest.mark.parametrize(
    "text", ["name: 0" + "_" * 200_000 + "x", "steps:\na" + " " * 200_000 + "\n  - [", "a: 0" + "0_" * 100_000 + "x"]
)
def test_a_line_without_end_is_read_at_once(text: str) -> None:
    """Each took minutes, in which no call went on. What this asserts is that it comes to an end."""
    with contextlib.suppress(FlowRefused):
        read(text, "x.yaml")


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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 200_000, "too-deep"),
        ("{" * 200_000, "key"),
        ("[" + "a," * 100_000 + "]", "too-large"),
        ("a: 1\n" * 50_000, "duplicate-key"),
        ("- " * 100_000, "too-deep"),
        ("? " * 100_000, "key"),
        ("&a " * 80_000, "yaml"),
        ("---\n" * 60_000, "several-documents"),
        ("'" + "a" * 200_000, "yaml"),
        ("%" * 200_000, "yaml"),
        ("\t" * 200_000, "yaml"),
        ("\n" * 200_000, "empty"),
        ("#" * 200_000, "empty"),
        ("steps:\n" + "".join(f"  s{n}: [\n" for n in range(20_000)), "too-deep"),
        ("steps:\n" + "".join(f"  s{n}: @x\n" for n in range(20_000)), "yaml"),
        ("a: \u202eb", "hidden-character"),
        ("a: b\x00c", "hidden-character"),
        ("a: \ud800", "hidden-character"),
        ("a: b\ufeff", "hidden-character"),
        ("a: \u2028 b", "hidden-character"),
        ("a:\u00a0b", "hidden-character"),
        ("? " + "k" * 100_000 + "\n: 1\n? " + "k" * 100_000 + "\n: 2", "duplicate-key"),
    ],
    ids=lambda value: value if len(value) < 20 else value[:8],
)
def test_hostile_text_is_refused_with_few_problems(text: str, code: str) -> None:
    with pytest.raises(FlowRefused) as refused:
        check(text, "x.yaml")
    problems = refused.value.problems
    assert code in {problem.code for problem in problems}
    assert len(problems) <= 2 * MOST_PROBLEMS
    assert all(len(problem.message) < 400 for problem in problems)


def a_flow(*steps: str) -> str:
    head = "version: 1\nname: x\nlanguages: [de]\nstart: s0\nsteps:\n"
    return head + "".join(f"  s{number}: {{{step}}}\n" for number, step in enumerate(steps))


@pytest.mark.parametrize("written", ["\\0", "\\u202e", "\\e[31m"])
def test_a_hidden_character_is_found_however_it_is_written(written: str) -> None:
    with pytest.raises(FlowRefused) as refused:
        check(a_flow(f'type: say, text: {{de: "Gut{written}en Tag."}}, next: human'), "x.yaml")
    assert [(each.line, each.code) for each in refused.value.problems] == [(6, "hidden-character")]


def test_no_more_than_some_of_very_many_mistakes_in_texts_are_told() -> None:
    says = [f'type: say, text: {{de: "{number}{"{{ x ?? }}" * 40}"}}, next: human' for number in range(400)]
    with pytest.raises(FlowRefused) as refused:
        check(a_flow(*says), "x.yaml")
    assert len(refused.value.problems) < 1_000


def test_a_mark_of_the_byte_order_is_passed_over_and_columns_stay_right() -> None:
    assert read("\ufeffa: 1\n", "x").keys[("a",)] == (1, 1)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_end_as_in_any_editor(line_end: str) -> None:
    source = read(f"a: 1{line_end}b:{line_end}  c: 2{line_end}", "x")
    assert source.places[("b", "c")] == (3, 6)


def test_what_cannot_be_read_is_left_out_and_the_rest_is_read() -> None:
    text = "name: x\nsteps:\n  one: {type: say\n  two: {type: hangup}\n  three: 'a\n  four: {type: hangup}\n"
    source = read(text, "x.yaml")
    assert source.data == {"name": "x", "steps": {"two": {"type": "hangup"}, "four": {"type": "hangup"}}}
    assert source.lost == {("steps", "one"), ("steps", "three")}
    assert [(each.line, each.column, each.code) for each in source.problems] == [(3, 8, "yaml"), (5, 10, "yaml")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 'it''s so'", "it's so"),
        ('a: "one two"', "one two"),
        ("a: one two three", "one two three"),
        ("a: >-\n  one two\n  three", "one two three"),
        ("a: |\n  one two\n  three\n", "one two\nthree\n"),
        ("a: one\n  two three", "one two three"),
        ('a: "one\n  two"', "one two"),
    ],
)
def test_each_character_of_a_text_is_found_in_its_yaml(text: str, value: str) -> None:
    source = read(text, "x")
    assert source.data["a"] == value
    lines = text.split("\n")
    for offset, sign in enumerate(value):
        line, column = within(text, source.places[("a",)], offset, value)
        if not sign.isspace():
            assert lines[line - 1][column - 1] == sign, (offset, sign)


_PIECES = [
    "a", "steps", "prompts", "type", "say", "menu", ":", ": ", "- ", "\n", "\n  ", "\n    ", "{", "}", "[", "]",
    ",", '"', "'", "|", ">", "&a ", "*a", "!!x ", "#", "%", "@", "`", "\t", "\r", "\x00", "\ufeff", "\u202e", "\ud800",
    "0123", "~", "<<", "---", "...", "no", "1", "é", "😀", "? ", "next", "if", "de", "{{ offer.title }}",
    "version: 1\n",
]  # fmt: skip
_YAML = st.lists(st.sampled_from(_PIECES), max_size=60).map("".join)


@given(st.one_of(st.text(max_size=200), _YAML))
def test_whatever_is_written_gives_problems_with_places(text: str) -> None:
    with pytest.raises(FlowRefused) as refused:
        check(text, "x.yaml")
    lines = re.split(r"\r\n|\r|\n", text)
    for problem in refused.value.problems:
        assert 1 <= problem.line <= len(lines) + 1
        assert problem.column >= 1
        assert problem.code in CODES


FILES = read_folder(Path(__file__).parents[2] / "ivr_flows")
GOOD = FILES["hotline.yaml"]


@given(st.data())
def test_a_flow_with_something_put_in_or_left_out_is_told_of_or_still_good(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD)))
    left_out = data.draw(st.integers(0, 40))
    put_in = data.draw(_YAML)
    with contextlib.suppress(FlowRefused):
        check_files({**FILES, "hotline.yaml": GOOD[:at] + put_in + GOOD[at + left_out :]})
