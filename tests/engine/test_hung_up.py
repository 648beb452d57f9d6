"""What a flow still does after the caller has hung up: bounded, unheard, and the call has ended all the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.commands import CallWebhook, Command, SendText
from router.core.events import (
    Caller,
    CallerHungUp,
    CallStarted,
    DigitsEntered,
    Event,
    TextSent,
    WebhookAnswered,
)
from router.engine.session import Outcome, Session, State, session_from_json, session_to_json
from router.engine.step import MOST_STEPS_HUNG_UP, NotAccepted, start, step
from router.flow.files import check, check_files

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", Caller("+491713920011"), "+493023125000")
FLOW = """
version: 1
name: leaving
languages: [de]
start: greet
hung_up: note_it
steps:
  greet: {type: say, text: {de: Guten Tag.}, next: choose}
  choose:
    type: menu
    text: {de: Bitte wählen.}
    options: {"1": {next: ask}, "2": {next: wait}}
  ask: {type: collect, text: {de: Nummer?}, into: number, hung_up: send_link, next: bye}
  wait: {type: transfer, queue: sales}
  note_it: {type: set, values: {left: "true"}, next: tell}
  tell: {type: call_webhook, webhook: crm, send: {left: vars.left}, next: is_left}
  is_left: {type: branch, cases: [{if: vars.left == true, next: send_link}], otherwise: end}
  send_link: {type: send_message, text: {de: Hier geht es weiter.}, next: end}
  end: {type: hangup}
  bye: {type: hangup, text: {de: Tschüss.}}
"""


def played(source: str, *events: Event) -> tuple[Session, list[Command]]:
    flow = check(source, "leaving.yaml")
    asked: list[Command] = []
    session, _ = step(flow, start("c", flow, BEGIN), BEGIN, NOW)
    for event in events:
        session = session_from_json(session_to_json(session))
        session, commands = step(flow, session, event, NOW)
        asked += commands
    return session, asked


def test_the_flow_does_what_is_left_and_the_caller_has_still_hung_up() -> None:
    session, asked = played(FLOW, CallerHungUp(), WebhookAnswered({}), TextSent())
    assert asked == [CallWebhook("crm", {"left": True}, 2.5), SendText("Hier geht es weiter.", "caller")]
    assert (session.state, session.outcome, session.sequence) == (State.ENDED, Outcome.HUNG_UP, 2)
    assert [each.step for each in session.trace][2:] == [
        "choose", "note_it", "tell", "tell", "is_left", "send_link", "send_link", "end", "end",
    ]  # fmt: skip
    assert (session.caller.number, session.values) == (None, {})


def test_until_then_the_call_is_not_over_and_the_number_is_there() -> None:
    session, _ = played(FLOW, CallerHungUp(), WebhookAnswered({}))
    assert session.state is State.FLOW
    assert session.caller.number == BEGIN.caller.number
    with pytest.raises(NotAccepted):
        step(check(FLOW, "leaving.yaml"), session, CallerHungUp(), NOW)


def test_who_is_found_to_have_left_long_ago_gets_nothing_any_more() -> None:
    session, asked = played(FLOW, CallerHungUp(late=True))
    assert (session.outcome, asked) == (Outcome.HUNG_UP, [])
    session, asked = played(FLOW, CallerHungUp(), CallerHungUp(late=True))
    assert session.outcome is Outcome.HUNG_UP
    assert asked == [CallWebhook("crm", {"left": True}, 2.5)]


def test_the_way_of_the_step_goes_before_that_of_the_flow() -> None:
    session, asked = played(FLOW, DigitsEntered("1"), CallerHungUp(), TextSent())
    assert asked[1:] == [SendText("Hier geht es weiter.", "caller")]
    assert session.outcome is Outcome.HUNG_UP


def test_who_leaves_the_queue_leaves_no_flow_behind() -> None:
    session, asked = played(FLOW, DigitsEntered("2"), CallerHungUp())
    assert session.outcome is Outcome.LEFT_QUEUE
    assert len(asked) == 1


def test_without_such_a_way_the_call_is_over_at_once() -> None:
    source = "\n".join(
        line for line in FLOW.splitlines() if not line.startswith(("hung_up", "  note_it", "  tell", "  is_left"))
    )
    session, asked = played(source, CallerHungUp())
    assert session.outcome is Outcome.HUNG_UP
    assert asked == []
    assert session.trace[-1].note == "call ended: hung_up"


@pytest.mark.parametrize(
    "first",
    [
        "{type: menu, text: {de: Noch da?}, options: {'1': {next: end}}}",
        "{type: voicemail, text: {de: Noch da?}}",
        "{type: transfer, queue: sales}",
        "{type: hangup, text: {de: Tschüss.}}",
        "{type: say, text: {de: Schade.}, next: end}",
    ],
)
def test_the_first_step_that_needs_the_caller_ends_it(first: str) -> None:
    """A checked flow may have it where the step is reached by another way, too."""
    source = FLOW.replace('"2": {next: wait}', '"2": {next: shared}, "3": {next: wait}')
    source = source.replace("hung_up: note_it", "hung_up: shared").replace("steps:\n", f"steps:\n  shared: {first}\n")
    source = "\n".join(
        line for line in source.splitlines() if not line.startswith(("  note_it", "  tell", "  is_left"))
    )
    session, asked = played(source, CallerHungUp())
    assert session.outcome is Outcome.HUNG_UP
    assert asked == []


def test_what_is_done_has_an_end() -> None:
    other = """
version: 1
name: leaving
languages: [de]
start: choose
hung_up: tell
steps:
  choose: {type: menu, text: {de: Bitte wählen.}, options: {"1": {next: tell}}}
  tell: {type: call_webhook, webhook: crm, next: on}
  on: {type: go_to, flow: again}
"""
    flows = check_files(
        {"a.yaml": other, "b.yaml": other.replace("leaving", "again").replace("flow: again", "flow: leaving")}
    )
    flow_now = flows.flows["leaving"]
    session, _ = step(flow_now, start("c", flow_now, BEGIN), BEGIN, NOW)
    session, commands = step(flow_now, session, CallerHungUp(), NOW)
    asked = 0
    while commands:
        asked += 1
        assert asked <= MOST_STEPS_HUNG_UP
        session, commands = step(flows.flows[session.flow], session, WebhookAnswered({}), NOW)
    assert session.outcome is Outcome.HUNG_UP


@given(
    st.lists(
        st.sampled_from([DigitsEntered("1"), DigitsEntered("2"), DigitsEntered("7"), DigitsEntered("")]), max_size=6
    )
)
def test_whenever_somebody_hangs_up_the_call_ends(pressed: list[DigitsEntered]) -> None:
    flow = check(FLOW, "leaving.yaml")
    session, commands = step(flow, start("c", flow, BEGIN), BEGIN, NOW)
    for event in pressed:
        if session.ended or session.state is State.QUEUE:
            break
        session, commands = step(flow, session, event, NOW)
    if session.ended:
        return
    session, commands = step(flow, session, CallerHungUp(), NOW)
    while commands:
        answer = WebhookAnswered() if isinstance(commands[-1], CallWebhook) else TextSent()
        session, commands = step(flow, session, answer, NOW)
    assert session.outcome in (Outcome.HUNG_UP, Outcome.LEFT_QUEUE)
    assert session.caller.number is None
