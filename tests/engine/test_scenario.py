"""Scenario files: what is wrong with one is told by its place, and what came otherwise than expected in words."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from router.engine.coverage import coverage
from router.engine.scenario import Ran, flow_of, read_scenario, run
from router.flow.files import check_files
from router.flow.load import load_set
from router.flow.problems import FlowRefused

FLOWS = check_files(
    {
        "shop.yaml": """
version: 1
name: shop
languages: [de]
start: ask
prompts:
  which: {de: Verkauf oder Service?}
  place: {de: "Vor Ihnen warten {{ queue.waiting }} Anrufer. Das dauert etwa {{ queue.expected_seconds | duration }}."}
  thanks: {de: "Danke für {{ match.queue }}."}
steps:
  ask:
    type: menu
    text: which
    options: {"1": {next: sales}, "2": {next: service}, "3": {next: service}}
    otherwise: service
  sales: {type: match, sure: to_sales, likely: to_sales, unclear: service, none: service}
  to_sales: {type: transfer, queue: sales}
  service: {type: transfer, queue: service, no_answer: how_long}
  how_long: {type: queue_info, queue: service, text: place, next: bye}
  bye: {type: hangup}
"""
    }
).flows

CALL = """
flow: shop
at: "2026-11-23T10:00:00+01:00"
from: withheld
"""


def written(rest: str) -> str:
    return CALL.lstrip() + dedent(rest)


def ran(rest: str) -> Ran:
    scenario = read_scenario(written(rest), "s.yaml")
    return run(scenario, flow_of(scenario, FLOWS))


def misses(rest: str) -> list[str]:
    return [str(miss) for miss in ran(rest).misses]


def problems(text: str) -> list[str]:
    with pytest.raises(FlowRefused) as refused:
        read_scenario(text, "s.yaml")
    return [str(problem) for problem in refused.value.problems]


def test_a_call_that_goes_as_expected() -> None:
    went = ran("""\
        house:
          - match: {decision: sure, queue: sales}
        call:
          - {start: true, hears: [which], then: ask}
          - {digits: "1", hears: [], language: de, then: queue sales}
          - {hangup: true, then: nothing}
        steps: [ask, sales, to_sales]
    """)
    assert went.passed
    assert went.way == ("ask", "sales", "to_sales")


def test_what_came_otherwise_is_told_at_its_line() -> None:
    assert misses("""\
        call:
          - start: true
            hears: [which, which]
            language: en
            then: record
          - digits: "2"
            then: queue sales
        steps: [ask, sales]
    """) == [
        "line 6: expected to hear which, which; heard which",
        "line 7: expected language en, came to language de",
        "line 8: expected record, came to ask",
        "line 10: expected queue sales, came to queue service",
        "line 11: expected sales as step 2, came to service",
    ]


def test_a_call_that_cannot_go_on_is_told_and_left() -> None:
    assert misses("call: [{start: true}, {recording: 3}, {digits: '1'}]") == [
        "line 4: 'recording' cannot happen here: the call stands at 'ask'"
    ]
    assert misses("call: [{start: true}, {digits: '2'}, {hangup: true}, {digits: '1'}]") == [
        "line 4: 'digits' cannot happen here: the call stands at 'nothing'"
    ]


def test_the_house_answers_what_it_is_asked_and_all_of_it() -> None:
    asks = "call: [{start: true}, {digits: '1'}]\n"
    assert misses(asks) == [
        "line 4: the flow asks the house for an answer of the kind 'match', and none is left in 'house'"
    ]
    assert misses(asks + "house: [{queue: {waiting: 1}}]") == [
        "line 4: the flow asks the house for an answer of the kind 'match', the next one is 'queue'"
    ]
    assert misses(asks + "house: [{match: {decision: none}}, {callback: true}]") == [
        "line 5: not asked for: the last 1 of the house's answers"
    ]


def test_a_prompt_with_variables_goes_by_its_name() -> None:
    call = """\
        house: [{queue: {waiting: 3, ready: 1, expected_seconds: 240}}]
        call:
          - {start: true}
          - {digits: "2"}
          - {transfer: no_answer, hears: [WHAT], then: hangup}
    """
    assert misses(call.replace("WHAT", "place")) == []
    assert misses(call.replace("WHAT", '"Vor Ihnen warten 3 Anrufer. Das dauert etwa 4 Minuten."')) == []
    assert misses(call.replace("WHAT", "thanks")) == ["line 8: expected to hear thanks; heard place"]


def test_a_flow_that_is_not_there_is_told_with_the_nearest() -> None:
    scenario = read_scenario(CALL.replace("shop", "shopp") + "call: [{start: true}]", "s.yaml")
    with pytest.raises(FlowRefused, match=r"s.yaml:2:7: missing-flow no flow 'shopp'; did you mean 'shop'\?"):
        flow_of(scenario, FLOWS)


def test_mistakes_of_a_scenario_have_their_place() -> None:
    assert problems(
        written("""\
        house: [{match: {decision: shure}}, {queue: {}, callback: true}, {match: {decision: sure, offer: {titel: x}}}]
        call:
          - digits: "1"
          - {start: true, thn: ask}
          - {digits: "12a", then: queue}
        """)
    ) == [
        "s.yaml:4:28: wrong-value this should be 'sure', 'likely', 'unclear' or 'none' (given: 'shure')",
        "s.yaml:4:37: wrong-value exactly one of these must stand here: match, queue, code_sent, code_checked, "
        "text_sent, webhook, callback",
        "s.yaml:4:98: wrong-value no field 'titel'; there is: campaign, channel, facts, sent, skills, summary, title, "
        "url, valid_from, valid_until",
        "s.yaml:7:19: unknown-field no field 'thn'; did you mean 'then'?",
        "s.yaml:8:14: wrong-value keys are expected here: 0-9, * and # (given: '12a')",
        "s.yaml:8:27: wrong-value one of these is expected here: ask, record, hangup, nothing, queue NAME "
        "(given: 'queue')",
    ]


def test_a_call_begins_with_its_start() -> None:
    assert problems(written("call: [{digits: '1'}]")) == [
        "s.yaml:1:1: wrong-value 'call' begins with 'start: true', and no other line has it"
    ]


def test_exits_to_the_same_step_are_told_apart() -> None:
    watches = [
        ran("call: [{start: true}, {digits: '2'}, {transfer: no_answer}]\nhouse: [{queue: {ready: 1}}]").watch,
        ran("call: [{start: true}, {digits: '1'}]\nhouse: [{match: {decision: likely}}]").watch,
    ]
    found = coverage(FLOWS["shop"], watches)
    assert (found.steps, found.exits) == (6, 13)
    assert found.missing_steps == ()
    assert found.missing_exits == (
        ("ask", ("options", "3", "next"), "service"),
        ("ask", ("otherwise",), "service"),
        ("sales", ("sure",), "to_sales"),
        ("sales", ("unclear",), "service"),
        ("sales", ("none",), "service"),
        ("to_sales", ("no_answer",), "human"),
        ("to_sales", ("unavailable",), "human"),
        ("service", ("unavailable",), "human"),
    )
    assert found.percent == 57.8


def test_the_documented_scenario_goes_as_it_says() -> None:
    project = Path(__file__).parents[2]
    document = (project / "docs" / "flow-testing.md").read_text("utf-8")
    scenario = read_scenario(document.partition("```yaml\n")[2].partition("```")[0], "flow-testing.md")
    assert run(scenario, flow_of(scenario, load_set(project / "ivr_flows").flows)).misses == ()
