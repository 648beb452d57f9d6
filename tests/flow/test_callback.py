"""``callback``: the place kept, this number or another, at a time that there is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.commands import AskDigits, KeepCallback, Transfer
from router.core.events import (
    WITHHELD,
    CallbackKept,
    Caller,
    DigitsEntered,
    Event,
    InputTimedOut,
    SpeechHeard,
    TransferEnded,
    TransferOutcome,
)
from tests.talk import ANNA, FOUND, MONDAY, Talk

FLOW = """
version: 1
name: calling_back
languages: [de]
start: back
hours:
  office: {timezone: Europe/Berlin, weekly: {mon-fri: ["08:00-12:00", "13:00-18:00"]}}
steps:
  back:
    type: callback
    text: {de: Diese 1 oder andere 2.}
    number: {de: Die Nummer.}
    confirm: {de: Richtig?}
    invalid: {de: Geht nicht.}
    queue: sales
    kept: kept
    declined: declined
    failed: failed
  kept: {type: transfer, queue: kept}
  declined: {type: transfer, queue: declined}
  failed: {type: transfer, queue: failed}
"""
WHEN = FLOW.replace(
    "    queue: sales\n",
    """    queue: sales
    during: office
    when_text: {de: Wann?}
    when:
      "1": {span: soon, text: {de: Bald 1.}}
      "2": {span: "today 14:00-16:00", text: {de: Heute Nachmittag 2.}}
      "3": {span: tomorrow, text: {de: Morgen 3.}}
""",
)


def keys(talk: Talk, *pressed: str) -> None:
    for each in pressed:
        talk.tell(DigitsEntered(each))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00+01:00")


def test_this_number_is_kept_with_the_place() -> None:
    talk = Talk(FLOW)
    assert talk.heard == ["Diese 1 oder andere 2."]
    keys(talk, "1")
    assert talk.last == KeepCallback("sales", MONDAY)
    talk.tell(CallbackKept(True))
    assert talk.step == "kept"


def test_another_number_is_read_back_digit_by_digit_and_confirmed() -> None:
    talk = Talk(FLOW)
    keys(talk, "2")
    assert talk.heard == ["Die Nummer."]
    keys(talk, "030231250")
    assert talk.heard == ["0 3, 0 2, 3 1, 2 5 0.", "Richtig?"]
    assert talk.then(AskDigits).prompts[0].once, "made for this call alone"
    keys(talk, "2")
    assert talk.heard == ["Die Nummer."]
    keys(talk, "03023125099", "1")
    assert talk.last == KeepCallback("sales", MONDAY, "03023125099")
    assert "23125" not in str(talk.notes), "a number is never in the trace"


def test_a_withheld_caller_has_to_give_a_number() -> None:
    talk = Talk(FLOW, WITHHELD)
    assert talk.heard == ["Die Nummer."]
    keys(talk, "1")
    assert talk.heard == ["Geht nicht.", "Die Nummer."]
    talk.tell(SpeechHeard("null drei null, zwei drei eins, zwei fünf null"))
    talk.tell(SpeechHeard("Nein."))
    assert talk.heard == ["Die Nummer."]
    talk.tell(SpeechHeard("null drei null, zwei drei eins, zwei fünf null"))
    talk.tell(SpeechHeard("Ja."))
    assert talk.last == KeepCallback("sales", MONDAY, "030231250")


@pytest.mark.parametrize("pressed", [(), ("2",), ("2", "03023125099")])
def test_the_hash_key_declines_wherever_the_call_stands(pressed: tuple[str, ...]) -> None:
    talk = Talk(FLOW)
    keys(talk, *pressed, "")
    assert talk.step == "declined"


@pytest.mark.parametrize("event", [InputTimedOut(), DigitsEntered("9"), SpeechHeard("hm")])
@pytest.mark.parametrize("pressed", [(), ("2",), ("2", "03023125099")])
def test_what_cannot_be_used_is_asked_for_again_and_ends_somewhere(pressed: tuple[str, ...], event: Event) -> None:
    talk = Talk(FLOW)
    keys(talk, *pressed)
    question = talk.heard[-1]
    for _ in range(2):
        talk.tell(event)
        assert talk.heard[-1] == question
    talk.tell(event)
    assert talk.step == "failed"


def test_a_number_that_must_not_be_called_is_asked_for_again() -> None:
    talk = Talk(FLOW)
    keys(talk, "2", "0900123456", "1")
    talk.tell(CallbackKept(False))
    assert talk.heard == ["Geht nicht.", "Die Nummer."]
    keys(talk, "03023125099", "1")
    talk.tell(CallbackKept(True))
    assert talk.step == "kept"


def test_only_times_that_are_left_and_open_are_offered() -> None:
    talk = Talk(WHEN)
    keys(talk, "1")
    assert talk.heard == ["Wann?", "Bald 1.", "Heute Nachmittag 2.", "Morgen 3."]
    keys(talk, "2")
    assert talk.last == KeepCallback("sales", MONDAY, None, 0, berlin("23T14:00"), berlin("23T16:00"))

    talk = Talk(WHEN, now=berlin("23T15:30"))
    keys(talk, "1", "2")
    assert talk.then(KeepCallback).wanted_from == berlin("23T15:30")

    talk = Talk(WHEN, now=berlin("23T16:00"))
    keys(talk, "1")
    assert talk.heard == ["Wann?", "Bald 1.", "Morgen 3."]
    keys(talk, "2")
    assert talk.heard == ["Geht nicht.", "Wann?", "Bald 1.", "Morgen 3."]
    keys(talk, "3")
    assert talk.last == KeepCallback("sales", talk.now, None, 0, berlin("24T08:00"), berlin("24T18:00"))


def test_where_nothing_but_soon_is_left_nothing_is_asked() -> None:
    talk = Talk(WHEN, now=berlin("27T19:00"))  # Friday evening, and closed on Saturday
    keys(talk, "1")
    assert talk.last == KeepCallback("sales", talk.now)


def test_the_time_chosen_stays_when_the_number_has_to_be_given_again() -> None:
    talk = Talk(WHEN)
    keys(talk, "1", "2")
    talk.tell(CallbackKept(False))
    keys(talk, "03023125099", "1")
    assert talk.last == KeepCallback("sales", MONDAY, "03023125099", 0, berlin("23T14:00"), berlin("23T16:00"))


def test_coming_back_begins_anew() -> None:
    talk = Talk(WHEN.replace("kept: kept", "kept: back").replace("  kept: {type: transfer, queue: kept}\n", ""))
    keys(talk, "2", "03023125099", "1", "3")
    talk.tell(CallbackKept(True))
    assert talk.heard == ["Diese 1 oder andere 2."]
    keys(talk, "1", "1")
    assert talk.last == KeepCallback("sales", MONDAY)


def test_the_place_is_that_of_the_moment_when_the_caller_joined_the_queue() -> None:
    flow = FLOW.replace("start: back", "start: wait").replace(
        "steps:\n", "steps:\n  wait: {type: transfer, queue: sales, no_answer: back, done: back}\n"
    )
    for outcome, minutes in ((TransferOutcome.NO_ANSWER, 0), (TransferOutcome.ANSWERED, 10)):
        talk = Talk(flow)
        talk.now += timedelta(minutes=10)
        talk.tell(TransferEnded(outcome))
        keys(talk, "1")
        assert talk.last == KeepCallback("sales", MONDAY + timedelta(minutes=minutes))


def test_the_offers_queue_goes_first_where_the_step_says_so() -> None:
    flow = FLOW.replace("start: back", "start: find").replace("queue: sales", "offer_queue: true")
    flow = flow.replace(
        "steps:\n", "steps:\n  find: {type: match, sure: back, likely: back, unclear: back, none: back}\n"
    )
    talk = Talk(flow, match=FOUND)
    keys(talk, "1")
    assert talk.then(KeepCallback).queue == "sales"


ANSWERS = st.one_of(
    st.text("0123456789*", max_size=20).map(DigitsEntered),
    st.sampled_from([DigitsEntered("1"), DigitsEntered("2"), DigitsEntered("03023125099")]),
    st.just(InputTimedOut()),
    st.text(max_size=20).map(SpeechHeard),
    st.booleans().map(CallbackKept),
)


@given(st.sampled_from([ANNA, WITHHELD]), st.lists(ANSWERS, max_size=40), st.integers(0, 7 * 24 * 60))
def test_whatever_a_caller_does_it_ends_and_a_withheld_number_is_never_called(
    caller: Caller, answers: list[Event], later: int
) -> None:
    talk = Talk(WHEN, caller, now=MONDAY + timedelta(minutes=later))
    kept = 0
    for answer in answers:
        if isinstance(talk.last, Transfer):
            break
        if isinstance(talk.last, KeepCallback) != isinstance(answer, CallbackKept):
            continue
        talk.tell(answer)
        if isinstance(talk.last, KeepCallback):
            kept += 1
            assert talk.last.number or caller is not WITHHELD
            assert talk.last.wanted_until is None or talk.last.wanted_until > talk.now
    assert kept <= 3 and talk.session.tries <= 3
