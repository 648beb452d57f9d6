"""Values that a flow notes: worked out, kept for later, and nothing lost where one cannot be worked out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.events import WITHHELD, CallStarted, DigitsEntered
from router.engine.session import Session, session_from_json, session_to_json
from router.engine.step import start, step
from router.flow.expressions import value_of
from router.flow.files import check
from router.flow.problems import FlowRefused

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD)
FLOW = """
version: 1
name: noting
languages: [de]
start: ask
steps:
  ask: {{type: collect, text: {{de: Zahl?}}, into: number, next: note}}
  note:
    type: set
    values: {values}
    next: split
  split:
    type: branch
    cases: [{{if: "{condition}", next: yes_}}]
    otherwise: no_
  yes_: {{type: hangup, text: {{de: Ja}}}}
  no_: {{type: hangup, text: {{de: Nein}}}}
"""


def play(values: str, condition: str, digits: str = "42") -> tuple[list[str], Session]:
    flow = check(FLOW.format(values=values, condition=condition), "noting.yaml")
    session, _ = step(flow, start("c", flow, BEGIN), BEGIN, NOW)
    session = session_from_json(session_to_json(session))
    session, commands = step(flow, session, DigitsEntered(digits), NOW)
    return [prompt.text for command in commands for prompt in getattr(command, "prompts", ())], session


@pytest.mark.parametrize(
    ("values", "condition", "heard"),
    [
        ("{twice: \"inputs.number == '' ? 0 : 2 * int(inputs.number)\"}", "vars.twice == 84", "Ja"),
        ("{word: \"inputs.number + '!'\"}", "vars.word == '42!'", "Ja"),
        ("{late: time.hour > 20}", "vars.late", "Nein"),
        ('{share: "1.0 / 4.0"}', "vars.share < 0.3", "Ja"),
    ],
)
def test_what_was_noted_decides_later(values: str, condition: str, heard: str) -> None:
    assert play(values, condition)[0] == [heard]


def test_what_cannot_be_worked_out_is_noted_and_empty_and_the_call_goes_on() -> None:
    heard, session = play(
        "{half: \"inputs.number == '42' ? 1 / 0 : 1\", fine: '1'}", "vars.half == '' && vars.fine == 1"
    )
    assert heard == ["Ja"]
    note = next(each.note for each in session.trace if each.step == "note")
    assert note == "half: cannot be worked out for this call"
    assert "42" not in note


def test_all_values_of_a_step_see_what_was_before_it() -> None:
    heard, _ = play('{a: "1", b: "has(vars.a)"}', "vars.b")
    assert heard == ["Nein"]


def test_a_value_that_no_step_notes_is_found() -> None:
    with pytest.raises(FlowRefused) as refused:
        play('{a: "1"}', "vars.b == 1")
    assert "no step notes 'b'" in str(refused.value)


def test_values_go_with_the_call() -> None:
    assert play('{a: "1"}', "vars.a == 1")[1].values == {}


@pytest.mark.parametrize(
    "expression", ["[1]", "{'a': 1}", "null", "b'x'", "1.0 / 0.0", "timestamp('2026-01-01T00:00:00Z')"]
)
def test_only_text_numbers_and_true_or_false_are_noted(expression: str) -> None:
    with pytest.raises(ValueError, match="gives n"):
        value_of(expression, {})


@given(
    st.one_of(
        st.text(max_size=600),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
    )
)
def test_what_is_noted_survives_the_way_through_json(value: Any) -> None:
    kept = value_of("vars.x", {"vars": {"x": value}})
    assert kept == (value[:500] if isinstance(value, str) else value)
    flow = check(FLOW.format(values='{a: "1"}', condition="true"), "noting.yaml")
    session = start("c", flow, BEGIN).but(values={"x": kept})
    assert session_from_json(session_to_json(session)).values == {"x": kept}
