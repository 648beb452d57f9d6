"""Checking expressions: what is right is let through, what is wrong is found in every branch, nothing takes long."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.flow.expressions import holds, value_of
from router.flow.formulas import FormulaCheck, Known
from router.flow.nodes.base import Formula
from router.flow.variables import SAMPLE

CHECK = FormulaCheck(
    Known(["ask", "greet"], ["code", "a_1", "a1"], {"tier": [None], "late": [Formula("time.hour > 20", "value")]})
)
FACTS = {**SAMPLE, "visits": {"ask": 0, "greet": 1}, "inputs": {"code": "1", "a_1": "", "a1": ""}}
NOTED = {"vars": {"tier": "gold", "late": False}}


def told(text: str, gives: str = "condition") -> list[str]:
    return [mistake.message for mistake in CHECK.mistakes(Formula(text, gives))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "match.assurance >= 2 && language == 'de'",
        "caller.known ? match.probability > 1 : visits.ask == 0",
        "match.probability > 0.5 || match.probability == 1",
        "'gas' in offer.skills && size(offer.skills) < 3",
        "offer.skills.exists(skill, skill.startsWith('g'))",
        "has(offer.facts.price) && offer.facts.price > 100",
        "has(inputs.code) && int(inputs.code) > 3",
        "vars.tier == 'gold' || vars.tier > 3",
        "vars.late || vars.late == ''",
        "language.matches('^(de|en)$')",
        "timestamp(offer.valid_until).getHours() > 12",
        "inputs.a_1 != inputs.a1",
        "match.decision in ['sure', 'likely']",
    ],
)
def test_a_right_condition_is_let_through_and_runs(text: str) -> None:
    assert told(text) == []
    if "price" not in text:
        assert holds(text, {**FACTS, **NOTED}) in (True, False)


@pytest.mark.parametrize("text", ["1", "1.5", "'a'", "true", "time.hour + 1", "language + '!'", "vars.tier"])
def test_what_can_be_noted_is_let_through(text: str) -> None:
    assert told(text, "value") == []
    assert value_of(text, {**FACTS, **NOTED}) is not None


@pytest.mark.parametrize(
    ("text", "gives"),
    [("[1]", "value"), ("{}", "value"), ("null", "value"), ("'1'", "number"), ("1", "text"), ("1", "condition"),
     ("inputs", "value"), ("timestamp(offer.sent)", "value"), ("true", "number")],
)  # fmt: skip
def test_what_gives_something_else_is_refused(text: str, gives: str) -> None:
    assert "is needed" in told(text, gives)[0]


@pytest.mark.parametrize(
    "text",
    ["true || inputs.kode == '1'", "false && inputs.kode == '1'", "true ? true : inputs.kode == '1'",
     "false ? inputs.kode == '1' : true", "[].exists(x, inputs.kode == x)", "size('a') > 0 || size(inputs.kode) > 1"],
)  # fmt: skip
def test_a_mistake_is_found_behind_what_decides_already(text: str) -> None:
    assert told(text) == ["no step collects 'kode'; did you mean 'code'?"]


def test_all_mistakes_are_told_with_their_places() -> None:
    found = CHECK.mistakes(Formula("langage == 'de' || match.asurance > 1", "condition"))
    assert [mistake.offset for mistake in found] == [0, 25]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1].all(a, [1].all(b, [1].all(c, a == b)))", "inside another one"),
        ("offer.skills.map(a, offer.skills.filter(b, a == b)) == []", "inside another one"),
        ("'''a'b''' == 'x' || [1].all(a, [1].all(b, a == b)) && 'y' != 'x'", "inside another one"),
        ("true // '\n && [1].all(a, [1].all(b, a == b)) // '", "inside another one"),
        ("'''a'b''' == 'x' || language.matches('(x{1000}){1000}')", "at most 100"),
        ("language.matches('''(x{1000}){1000}''')", "at most 100"),
        ("language.matches('(x{1000}){1000}')", "at most 100"),
        ("language.matches(language)", "in quotes"),
        ("(" * 100 + "true" + ")" * 100, "nested too deeply"),
        ("!" * 501, "500 characters"),
    ],
)
def test_what_could_keep_a_call_waiting_is_refused(text: str, reason: str) -> None:
    assert reason in told(text)[0]


def test_two_loops_one_after_the_other_are_fine() -> None:
    assert told("[1].all(a, a > 0) && [1].exists(b, (b > 0) == true)") == []
    assert told("language.contains('.all(') && [1].all(a, a > 0)") == []


TOKENS = [
    "match", "inputs", "vars", "visits", "language", ".", "code", "assurance", "ask", "(", ")", "[", "]", "{", "}", "?",
    ":", "'a'", "1", "1.5", "&&", "||", "!", "-", "==", ">", ".exists(", ".map(", "x", ",", "has(", "size(", " ", "\n",
    "\\", '"', "\x00", "ä", "😀", "\ud800", " in ", "true", "null", ".matches(", "1u", "b'x'", "r'", "//", "`",
    "99999999999999999999",
]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
@example("match.assurance > 1 ? inputs : vars")
@example("has(match?")
def test_whatever_is_written_is_let_through_or_told(text: str) -> None:
    mistakes = CHECK.mistakes(Formula(text, "condition"))
    assert all(0 <= mistake.offset <= len(text) and mistake.message for mistake in mistakes)
    if not mistakes:
        try:
            holds(text, {**FACTS, **NOTED})
        except ValueError as error:
            assert "cannot be worked out" in str(error) or "different kinds" in str(error)
