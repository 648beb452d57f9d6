"""Recorded calls on another flow: exactly those differ that would go another way, and nothing is guessed."""

from __future__ import annotations

from copy import copy
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.assurance import Assurance
from router.core.events import (
    WITHHELD,
    CallerHungUp,
    CallStarted,
    DigitsEntered,
    Event,
    HouseEvent,
    InputTimedOut,
    MatchesFound,
    RecordingEnded,
    SpeechHeard,
    TransferEnded,
    TransferOutcome,
)
from router.core.match import Candidate, Decision, Match
from router.engine.coverage import Watch, watched, with_way
from router.engine.recorded import from_record, to_record
from router.engine.replay import RecordedCall, Replayed, Verdict, followed, replay
from router.engine.step import start, step
from router.flow.files import check
from router.flow.load import load_set
from router.flow.model import Flow
from router.flow.nodes.base import Place
from tests.engine.recorded_calls import AT, call_of

PROJECT = Path(__file__).parents[2]
FLOWS = [
    *load_set(PROJECT / "ivr_flows").flows.values(),
    *load_set(PROJECT / "tests" / "scenarios" / "flows").flows.values(),
]

SHOP = """
version: 1
name: shop
languages: [de]
start: hello
prompts:
  which: {de: Verkauf oder Service?}
steps:
  hello: {type: say, text: {de: Guten Tag.}, next: which}
  which:
    type: menu
    text: which
    options: {"1": {next: sales, words: [Verkauf]}, "2": {next: service, words: [Service]}, "3": {next: sales}}
    otherwise: service
  sales: {type: transfer, queue: sales, no_answer: message}
  service: {type: transfer, queue: service, no_answer: message}
  message: {type: voicemail, text: {de: Bitte sprechen Sie.}}
"""
PLAIN_MATCH = SHOP.replace("next: which}", "next: who}") + (
    "  who: {type: match, sure: sales, likely: sales, unclear: which, none: which}\n"
)
SURE = MatchesFound(Match(Decision.SURE, Assurance.L2, 0.01, (Candidate("m", 0.99, ()),)))
NOBODY = MatchesFound(Match(Decision.NONE, Assurance.L0, 1.0))
HANGS_UP, NO_ANSWER = CallerHungUp(), TransferEnded(TransferOutcome.NO_ANSWER)


def flow_of(text: str) -> Flow:
    return check(text, "shop.yaml")


def call(text: str, *happens: Event | tuple[Event, HouseEvent], first: HouseEvent | None = None) -> RecordedCall:
    """A call as it is kept; ``first`` is the house's answer at its beginning."""
    flow = flow_of(text)
    begin = CallStarted("testphone", WITHHELD, "+493023125000")
    session, turns = start("c", flow, begin), []
    for event in (begin, *happens):
        outside, *answers = (
            event if isinstance(event, tuple) else (event, first) if event is begin and first else (event,)
        )
        for each in (outside, *answers):
            session, _ = step(flow, session, each, AT)
        turns.append(from_record(AT, to_record(flow, outside, tuple(answers))))
    assert session.ended
    return RecordedCall("c", tuple(turns), session.trace)


def again(recorded: RecordedCall, text: str, before: str = SHOP) -> Replayed:
    return replay(recorded, followed(flow_of(before)), followed(flow_of(text)))


def what(replayed: Replayed) -> tuple[Verdict, str | None, str | None, str | None]:
    return replayed.verdict, replayed.old_end, replayed.new_end, replayed.parted


def numbers_held_together(recorded: RecordedCall) -> bool:
    """Whether a part of a number was asked for, or another number said when one was read back: nothing is kept that
    would tell how one fits the other."""
    notes = [entry.note for entry in recorded.trace]
    return any("asks for a part" in note for note in notes) or notes.count("reads back") > 1


@settings(max_examples=150, deadline=None, print_blob=True)
@given(st.data(), st.sampled_from(FLOWS))
def test_a_call_goes_the_same_way_on_its_own_flow(data: st.DataObject, flow: Flow) -> None:
    recorded = call_of(flow, data)
    again = replay(recorded, followed(flow), followed(flow))
    if again.verdict is Verdict.CANNOT_TELL and numbers_held_together(recorded):
        return
    assert (again.verdict, again.new_end) == (Verdict.SAME, again.old_end), again


def with_another_way(flow: Flow, name: str, place: Place, target: str) -> Flow:
    """The flow with one exit leading elsewhere."""
    changed = copy(flow)
    changed.steps = {**flow.steps, name: with_way(flow.steps[name], place, target)}
    changed.flows = {**flow.flows, flow.name: changed}
    return changed


@settings(max_examples=150, deadline=None, print_blob=True)
@given(st.data(), st.sampled_from(FLOWS))
def test_one_exit_that_leads_elsewhere_changes_exactly_the_calls_that_take_it(data: st.DataObject, flow: Flow) -> None:
    exits = [(name, *way) for name, step in flow.text.steps.items() for way in step.targets().items()]
    name, place, target = data.draw(st.sampled_from(exits))
    elsewhere = data.draw(st.sampled_from([step for step in flow.steps if step != target]))
    watch = Watch()
    recorded = call_of(watched(flow, watch), data)
    replayed = replay(recorded, followed(flow), followed(with_another_way(flow, name, place, elsewhere)))
    if (flow.name, name, place) in watch.taken:
        assert replayed.verdict is not Verdict.SAME
        assert replayed.parted in (name, None) or replayed.verdict is Verdict.CANNOT_TELL
    elif replayed.verdict is not Verdict.CANNOT_TELL or not numbers_held_together(recorded):
        assert replayed.verdict is Verdict.SAME, replayed


CALLS = {
    "first key": call(SHOP, DigitsEntered("1"), HANGS_UP),
    "first key in words": call(SHOP, SpeechHeard("In den Verkauf bitte"), HANGS_UP),
    "second key": call(SHOP, DigitsEntered("2"), HANGS_UP),
    "silence": call(SHOP, InputTimedOut(), InputTimedOut(), HANGS_UP),
    "hung up": call(SHOP, HANGS_UP),
    "first key, nobody": call(SHOP, DigitsEntered("1"), NO_ANSWER, RecordingEnded("x", 3.0)),
}


def differing(text: str) -> dict[str, tuple[Verdict, str | None, str | None, str | None]]:
    found = {name: what(again(recorded, text)) for name, recorded in CALLS.items()}
    return {name: each for name, each in found.items() if each[0] is not Verdict.SAME}


def test_another_key_in_a_menu_changes_exactly_the_calls_that_pressed_it() -> None:
    changed = SHOP.replace('"1": {next: sales, words: [Verkauf]}', '"1": {next: service, words: [Verkauf]}')
    assert differing(changed) == {
        "first key": (Verdict.OTHER_END, "queue sales", "queue service", "which"),
        "first key in words": (Verdict.OTHER_END, "queue sales", "queue service", "which"),
        "first key, nobody": (Verdict.OTHER_END, "message at message", "queue service", "which"),
    }


def test_a_step_more_on_the_way_is_the_same_end_by_other_steps() -> None:
    longer = (
        SHOP.replace("next: sales, ", "next: thanks, ") + "  thanks: {type: say, text: {de: Danke.}, next: sales}\n"
    )
    assert differing(longer) == {
        name: (Verdict.OTHER_STEPS, end, end, "which")
        for name, end in {
            "first key": "queue sales",
            "first key in words": "queue sales",
            "first key, nobody": "message at message",
        }.items()
    }


def test_a_step_by_another_name_asks_the_same_in_the_same_words() -> None:
    renamed = SHOP.replace("next: which}", "next: choice}").replace("  which:\n    type", "  choice:\n    type")
    found = differing(renamed)
    assert found.pop("hung up") == (Verdict.OTHER_END, "hung up at which", "hung up at choice", "hello")
    assert {each[0] for each in found.values()} == {Verdict.OTHER_STEPS}


def test_a_question_that_nobody_was_asked_cannot_be_answered() -> None:
    asks = SHOP.replace("next: which}", "next: sure_about_it}") + (
        "  sure_about_it: {type: menu, text: {de: Wirklich?}, options: {'1': {next: which}}}\n"
    )
    replayed = again(CALLS["first key"], asks)
    assert what(replayed) == (Verdict.CANNOT_TELL, "queue sales", None, "sure_about_it")
    assert replayed.why == "asks the caller what nobody was asked"
    assert again(CALLS["silence"], PLAIN_MATCH).why == "asks the house what it was not asked"


def test_a_question_left_out_is_passed_over() -> None:
    short = PLAIN_MATCH.replace("next: who}", "next: which}").replace("  who:", "  # who:")
    asked = call(PLAIN_MATCH, DigitsEntered("1"), HANGS_UP, first=NOBODY)
    assert what(again(asked, short, PLAIN_MATCH))[:3] == (Verdict.OTHER_STEPS, "queue sales", "queue sales")
    at_once = SHOP.replace("next: which}", "next: sales}").replace("  which:\n    type", "  unused:\n    type")
    at_once = at_once[: at_once.index("  unused:")] + at_once[at_once.index("  sales:") :].replace("  service:", "  # ")
    assert what(again(asked, at_once, PLAIN_MATCH))[:3] == (Verdict.OTHER_STEPS, "queue sales", "queue sales")


def test_the_house_answers_as_it_did() -> None:
    known = call(PLAIN_MATCH, HANGS_UP, first=SURE)
    to_service = PLAIN_MATCH.replace("{type: match, sure: sales", "{type: match, sure: service")
    assert what(again(known, to_service, PLAIN_MATCH)) == (Verdict.OTHER_END, "queue sales", "queue service", "who")


BY_NUMBER = """
version: 1
name: shop
languages: [de]
start: number
steps:
  number: {type: collect, text: {de: Ihre Nummer?}, into: number, next: by_number}
  by_number:
    type: branch
    cases: [{if: 'inputs.number.startsWith("47")', next: gas}]
    otherwise: power
  gas: {type: transfer, queue: gas}
  power: {type: transfer, queue: power}
"""


def test_what_was_keyed_in_is_not_known_any_more_and_not_guessed() -> None:
    gas = call(BY_NUMBER, DigitsEntered("4711"), HANGS_UP)
    assert what(again(gas, BY_NUMBER, BY_NUMBER))[:3] == (Verdict.SAME, "queue gas", "queue gas")
    other_queue = BY_NUMBER.replace("queue: gas", "queue: oil")
    assert what(again(gas, other_queue, BY_NUMBER))[:3] == (Verdict.OTHER_END, "queue gas", "queue oil")
    other_numbers = BY_NUMBER.replace('"47"', '"48"')
    replayed = again(gas, other_numbers, BY_NUMBER)
    assert what(replayed) == (Verdict.CANNOT_TELL, "queue gas", None, "by_number")
    assert replayed.why == "goes by what was not kept of the call"


def test_words_that_nobody_listened_for_are_not_known() -> None:
    said = CALLS["first key in words"]
    listens = SHOP.replace("words: [Service]", "words: [Service, bitte]")
    assert again(said, listens).why == "listens for words that were not kept"
    assert again(CALLS["first key"], listens).verdict is Verdict.SAME


def test_a_call_that_this_program_takes_another_way_is_told_apart() -> None:
    recorded = CALLS["first key"]
    other = RecordedCall("c", recorded.turns, recorded.trace[:-2])
    assert again(other, SHOP).verdict is Verdict.CANNOT_TELL
    assert again(RecordedCall("c", recorded.turns[:-1], recorded.trace), SHOP).why == "the call's end was not kept"
