"""Digits that are collected: enough, too few, none, and keys with a way of their own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router.core.abilities import Ability
from router.core.commands import AskDigits, FindMatches
from router.core.events import WITHHELD, CallStarted, DigitsEntered, Event, InputTimedOut, SpeechHeard
from router.engine.step import start, step
from router.flow.files import check

FLOW = check(
    """
version: 1
name: collect
languages: [de]
start: ask
steps:
  ask:
    type: collect
    text: {de: Ihr Code?}
    invalid: {de: Zu kurz.}
    into: code
    min_digits: 6
    max_digits: 10
    keys: {"*": star}
    next: find
    none: nothing
    otherwise: lost
  find: {type: match, code: code, sure: bye, likely: bye, unclear: bye, none: bye}
  star: {type: hangup, text: {de: Stern}}
  nothing: {type: hangup, text: {de: Nichts}}
  lost: {type: hangup, text: {de: Mensch}}
  bye: {type: hangup}
""",
    "collect.yaml",
)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
CODE, SHORT = DigitsEntered("4821391234"), DigitsEntered("48213")


def play(*events: Event) -> list[str]:
    """What is heard in the last turn, or the code that the house is asked about."""
    begin = CallStarted("test", WITHHELD)
    session, commands = step(FLOW, start("c", FLOW, begin), begin, NOW)
    for event in events:
        session, commands = step(FLOW, session, event, NOW)
    if isinstance(asked := commands[-1], FindMatches):
        return [asked.code or ""]
    return [prompt.text for command in commands for prompt in getattr(command, "prompts", ())]


@pytest.mark.parametrize(
    ("events", "comes"),
    [
        ([CODE], ["4821391234"]),
        ([SpeechHeard("vier acht zwei, eins drei neun")], ["482139"]),
        ([DigitsEntered("*")], ["Stern"]),
        ([SpeechHeard("Stern")], ["Stern"]),
        ([DigitsEntered("")], ["Nichts"]),
        ([InputTimedOut()], ["Nichts"]),
        ([SHORT], ["Zu kurz.", "Ihr Code?"]),
        ([SpeechHeard("weiß nicht")], ["Zu kurz.", "Ihr Code?"]),
        ([SHORT, SHORT], ["Mensch"]),
        ([SHORT, CODE], ["4821391234"]),
    ],
)
def test_collect(events: list[Event], comes: list[str]) -> None:
    assert play(*events) == comes


def test_it_asks_for_as_many_keys_as_it_takes_and_listens() -> None:
    begin = CallStarted("test", WITHHELD)
    _, commands = step(FLOW, start("c", FLOW, begin), begin, NOW)
    assert isinstance(asked := commands[0], AskDigits)
    assert (asked.max_digits, asked.first_timeout, asked.next_timeout, asked.speech) == (10, 6, 4, True)


@pytest.mark.parametrize(("by", "listens", "needs"), [("[keys]", False, False), ("[speech]", True, True)])
def test_it_may_be_keyed_in_or_spoken_only(by: str, listens: bool, needs: bool) -> None:
    flow = check(FLOW.source.replace("into: code", f"into: code\n    by: {by}"), "collect.yaml")
    begin = CallStarted("test", WITHHELD)
    _, commands = step(flow, start("c", flow, begin), begin, NOW)
    assert isinstance(asked := commands[0], AskDigits)
    assert asked.speech is listens
    assert flow.steps["ask"].needs() == ({("by",): Ability.SPEECH} if needs else {})


@pytest.mark.parametrize(("event", "comes"), [(InputTimedOut(), ["Mensch"]), (DigitsEntered(""), ["Nichts"])])
def test_silence_may_have_a_way_of_its_own(event: Event, comes: list[str]) -> None:
    flow = check(FLOW.source.replace("into: code", "into: code\n    silence: lost"), "collect.yaml")
    begin = CallStarted("test", WITHHELD)
    session, _ = step(flow, start("c", flow, begin), begin, NOW)
    _, commands = step(flow, session, event, NOW)
    assert [prompt.text for command in commands for prompt in getattr(command, "prompts", ())] == comes
