"""What the engine refuses, caps and survives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router.core.assurance import Assurance
from router.core.commands import AskDigits, Command, Hangup, Say, Transfer
from router.core.events import (
    WITHHELD,
    Caller,
    CallerHungUp,
    CallStarted,
    DigitsEntered,
    InputTimedOut,
    MatchesFound,
    TransferEnded,
    TransferOutcome,
)
from router.core.match import About, Candidate, Decision, Match
from router.engine.session import Outcome, Session, State, session_to_json
from router.engine.step import MOST_STEPS, NotAccepted, start, step
from router.flow.files import check
from router.flow.model import Flow

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD, "+4930231250000")

MENU = """
version: 1
name: small
languages: [de]
language_by_prefix: {"+49": de}
start: choose
steps:
  choose:
    type: menu
    text: {de: Bitte wählen.}
    options:
      "1": {next: bye, words: [auf wiedersehen]}
      "2": {next: choose}
    tries: 2
  bye:
    type: hangup
    text: {de: Tschüss.}
"""


def begin(source: str = MENU, event: CallStarted = BEGIN) -> tuple[Flow, Session, tuple[Command, ...]]:
    flow = check(source, "small.yaml")
    return flow, *step(flow, start("c", flow, event), event, NOW)


def test_an_event_that_is_not_waited_for_changes_nothing() -> None:
    flow, session, _ = begin()
    with pytest.raises(NotAccepted):
        step(flow, session, TransferEnded(TransferOutcome.NO_ANSWER), NOW)
    with pytest.raises(NotAccepted):
        step(flow, session, BEGIN, NOW)
    ended, _ = step(flow, session, CallerHungUp(), NOW)
    with pytest.raises(NotAccepted):
        step(flow, ended, CallerHungUp(), NOW)


def test_nothing_but_the_start_can_begin_a_call() -> None:
    flow = check(MENU, "small.yaml")
    with pytest.raises(NotAccepted):
        step(flow, start("c", flow, BEGIN), DigitsEntered("1"), NOW)


def test_hanging_up_is_told_apart_from_leaving_the_queue() -> None:
    flow, session, _ = begin()
    assert step(flow, session, CallerHungUp(), NOW)[0].outcome is Outcome.HUNG_UP
    waiting, _ = step(flow, session, InputTimedOut(), NOW)
    queued, commands = step(flow, waiting, InputTimedOut(), NOW)
    assert commands == (Transfer("default", 600),)
    assert step(flow, queued, CallerHungUp(), NOW)[0].outcome is Outcome.LEFT_QUEUE


def test_a_wrong_key_is_asked_again_and_then_a_person_takes_over() -> None:
    flow, session, commands = begin()
    assert isinstance(commands[0], AskDigits)
    session, commands = step(flow, session, DigitsEntered("7"), NOW)
    assert isinstance(commands[0], AskDigits)
    session, commands = step(flow, session, DigitsEntered("7"), NOW)
    assert isinstance(commands[-1], Transfer)


def test_the_person_at_the_end_is_asked_again_when_nobody_answers() -> None:
    flow, session, _ = begin()
    for _ in range(2):
        session, commands = step(flow, session, InputTimedOut(), NOW)
    session, commands = step(flow, session, TransferEnded(TransferOutcome.NO_ANSWER), NOW)
    assert commands == (Transfer("default", 600),)
    assert session.state is State.QUEUE


def test_a_flow_that_runs_away_is_handed_to_a_person() -> None:
    flow, session, _ = begin()
    for _ in range(MOST_STEPS + 1):
        session, commands = step(flow, session, DigitsEntered("2"), NOW)
        if isinstance(commands[-1], Transfer):
            break
    assert isinstance(commands[-1], Transfer)
    assert any("ran away" in entry.note for entry in session.trace) or len(session.trace) == 200
    assert session.steps <= MOST_STEPS + 2


def test_goodbye_is_said_before_hanging_up() -> None:
    flow, session, _ = begin()
    session, commands = step(flow, session, DigitsEntered("1"), NOW)
    assert [type(command) for command in commands] == [Say, Hangup]
    assert session.outcome is Outcome.FINISHED


def test_the_trace_holds_no_digits() -> None:
    flow, session, _ = begin(event=CallStarted("test", Caller("+4930231250011"), None))
    session, _ = step(flow, session, DigitsEntered("1"), NOW)
    assert "+4930231250011" not in " ".join(entry.note for entry in session.trace)


def test_a_condition_that_fails_at_run_time_goes_otherwise() -> None:
    source = MENU.replace("start: choose", "start: split").replace(
        "steps:\n",
        "steps:\n  split:\n    type: branch\n    cases:\n"
        '      - {if: "visits.choose > 0 || 1 / visits.bye > 0", next: bye}\n    otherwise: choose\n',
    )
    with pytest.raises(Exception, match="condition"):
        check(source, "small.yaml")  # found before a caller meets it


OFFERED = """
version: 1
name: small
languages: [de]
start: find
hours: {office: {timezone: Europe/Berlin, weekly: {mon-fri: ["08:00-18:00"]}}}
steps:
  find: {type: match, sure: split, likely: human, unclear: human, none: human}
  split:
    type: branch
    cases: [{if: "offer.days_left < 0", next: past}]
    otherwise: open
  past: {type: transfer, queue: past}
  open: {type: transfer, queue: open}
"""


@pytest.mark.parametrize(
    ("until", "queue"),
    [
        ("9999-12-31T23:59:59+00:00", "open"),
        ("9999-12-31T23:59:59-14:00", "open"),
        ("0001-01-01T00:00:00+00:00", "past"),
        ("0001-01-01T00:00:00+14:00", "past"),
    ],
)
def test_an_offer_that_never_ends_or_ended_long_ago_fails_no_call(until: str, queue: str) -> None:
    flow, session, _ = begin(OFFERED)
    sure = Match(Decision.SURE, Assurance.L2, 0.01, (Candidate("m1", 0.99, ()),))
    _, commands = step(flow, session, MatchesFound(sure, About({"valid_until": until})), NOW)
    assert commands == (Transfer(queue, 600),)


def test_a_step_that_fails_in_any_way_is_handed_to_a_person_without_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OverflowError("+491713920011")

    flow, session, _ = begin()
    monkeypatch.setattr("router.flow.nodes.menu.Menu.resume", fail)
    session, commands = step(flow, session, DigitsEntered("1"), NOW)
    assert commands == (Transfer("default", 600),)
    assert "failed: OverflowError" in [each.note for each in session.trace]


def test_a_withheld_caller_cannot_carry_a_number() -> None:
    with pytest.raises(ValueError, match="withheld"):
        Caller("+4930231250011", withheld=True)


def test_a_queue_that_fails_for_ever_does_not_keep_a_call_for_ever() -> None:
    flow, session, _ = begin()
    for _ in range(2):
        session, commands = step(flow, session, InputTimedOut(), NOW)
    turns = 0
    while not session.ended:
        session, commands = step(flow, session, TransferEnded(TransferOutcome.FAILED), NOW)
        turns += 1
        assert turns <= 2 * MOST_STEPS
    assert commands == (Hangup(),)


SECRET_CODE = "99999999999999999999"


@pytest.mark.parametrize(
    "condition",
    ["int(inputs.code) > 3", "[1, 2][int(inputs.code)] == 1", "duration(inputs.code) > duration('1s')"],
)
def test_a_condition_that_fails_on_what_was_keyed_in_does_not_put_it_into_the_trace(condition: str) -> None:
    flow, session, _ = begin(
        f"""
version: 1
name: small
languages: [de]
start: ask
steps:
  ask:
    type: collect
    text: {{de: "Ihr Code?"}}
    into: code
    next: weigh
  weigh:
    type: branch
    cases:
      - if: "has(inputs.code) && inputs.code != '' && {condition}"
        next: bye
    otherwise: bye
  bye:
    type: hangup
"""
    )
    session, _ = step(flow, session, DigitsEntered(SECRET_CODE), NOW)
    assert session.ended
    weighed = next(each.note for each in session.trace if each.step == "weigh")
    assert condition in weighed
    assert ": " in weighed.removeprefix("has(inputs.code)")
    assert SECRET_CODE not in session_to_json(session)


@pytest.mark.parametrize("by_caller", [True, False])
def test_a_call_that_is_over_remembers_neither_number_nor_keys(by_caller: bool) -> None:
    number = "+493023125011"
    flow, session, _ = begin(event=CallStarted("test", Caller(number), "+4930231250000"))
    assert session.caller.number == number
    session, _ = step(flow, session, CallerHungUp() if by_caller else DigitsEntered("1"), NOW)
    assert session.ended
    assert number not in session_to_json(session)
    assert session.caller == Caller(None)
    withheld, _ = step(flow, begin()[1], CallerHungUp(), NOW)
    assert withheld.caller == WITHHELD
