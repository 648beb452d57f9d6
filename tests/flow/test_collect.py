"""Digits that are collected: enough, too few, none, and keys with a way of their own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router.core.abilities import Ability
from router.core.commands import AskDigits, FindMatches
from router.core.events import WITHHELD, CallStarted, DigitsEntered, Event, InputTimedOut, SpeechHeard, SpeechLost
from router.core.hearing import Expected, Listening, Reading
from router.engine.session import session_from_json, session_to_json
from router.engine.step import start, step
from router.flow.files import check
from router.flow.model import Flow
from router.flow.problems import FlowRefused

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
CODE, SHORT, NO = DigitsEntered("4821391234"), DigitsEntered("48213"), DigitsEntered("2")


def heard(**weights: float) -> SpeechHeard:
    readings = tuple(Reading(number.removeprefix("n"), weight) for number, weight in weights.items())
    return SpeechHeard(readings[0].text, readings, "whisper")


IN_DOUBT = heard(n482139=0.7, n483139=0.2)
LAST_IN_DOUBT = heard(n482139=0.4, n482144=0.38)
READ_BACK = "Ich habe verstanden: 4 8 2, 1 3 9. Ist das richtig? Ja oder 1, nein oder 2."
BY_KEYS, UNSURE = "Bitte nehmen Sie jetzt die Tasten Ihres Telefons.", "Das habe ich nicht sicher verstanden."
CANNOT_HEAR = "Ich kann Sie gerade leider nicht gut hören. Bitte nehmen Sie die Tasten Ihres Telefons."


def play(*events: Event, flow: Flow = FLOW) -> list[str]:
    """What is heard in the last turn, or the code that the house is asked about."""
    begin = CallStarted("test", WITHHELD)
    session, commands = step(flow, start("c", flow, begin), begin, NOW)
    for event in events:
        if not session.ended:
            session, commands = step(flow, session_from_json(session_to_json(session)), event, NOW)
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
        ([SpeechHeard("weiß nicht")], ["Nichts"]),
        ([SpeechHeard("guten Tag")], ["Zu kurz.", "Ihr Code?"]),
        ([SpeechHeard("guten Tag"), SpeechHeard("guten Tag")], [BY_KEYS, "Ihr Code?"]),
        ([SpeechHeard("guten Tag"), SpeechHeard("guten Tag"), SHORT], ["Mensch"]),
        ([IN_DOUBT], [READ_BACK]),
        ([IN_DOUBT, DigitsEntered("1")], ["482139"]),
        ([IN_DOUBT, SpeechHeard("ja bitte")], ["482139"]),
        ([IN_DOUBT, NO], ["Ich habe verstanden: 4 8 3, 1 3 9. Ist das richtig? Ja oder 1, nein oder 2."]),
        ([IN_DOUBT, NO, NO], [UNSURE, "Ihr Code?"]),
        ([IN_DOUBT, NO, NO, IN_DOUBT], [BY_KEYS, "Ihr Code?"]),
        (
            [IN_DOUBT, NO, NO, SpeechHeard("482 130")],
            ["Ich habe verstanden: 4 8 2, 1 3 0. Ist das richtig? Ja oder 1, nein oder 2."],
        ),
        ([IN_DOUBT, InputTimedOut()], [READ_BACK]),
        ([IN_DOUBT, InputTimedOut(), InputTimedOut()], ["Nichts"]),
        ([LAST_IN_DOUBT], ["Bitte nur noch einmal die letzten drei Stellen, gesprochen oder getippt."]),
        ([LAST_IN_DOUBT, SpeechHeard("eins vier vier")], ["482144"]),
        ([LAST_IN_DOUBT, DigitsEntered("139")], ["482139"]),
        ([LAST_IN_DOUBT, heard(n139=0.5, n144=0.2)], [READ_BACK]),
        ([SpeechLost()], [CANNOT_HEAR, "Ihr Code?"]),
        ([SpeechLost(), CODE], ["4821391234"]),
        ([IN_DOUBT, SpeechLost(), DigitsEntered("1")], ["482139"]),
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
    assert asked.listening == Listening(Expected.DIGITS, 6, 10)


def test_it_may_read_back_whatever_is_given() -> None:
    flow = check(FLOW.source.replace("into: code", "into: code\n    confirm: always"), "collect.yaml")
    assert play(CODE, flow=flow) == [
        "Ich habe verstanden: 4 8 2, 1 3 9, 1 2, 3 4. Ist das richtig? Ja oder 1, nein oder 2."
    ]
    assert play(CODE, DigitsEntered("1"), flow=flow) == ["4821391234"]
    assert play(CODE, NO, flow=flow) == ["Ihr Code?"]


def test_what_is_said_may_not_be_taken_unasked() -> None:
    with pytest.raises(FlowRefused, match="on doubt"):
        check(FLOW.source.replace("into: code", "into: code\n    confirm: never"), "collect.yaml")


@pytest.mark.parametrize(("way", "event"), [("tries: 9", IN_DOUBT), ("confirm: always", CODE)])
def test_whoever_always_says_no_ends_with_a_person(way: str, event: Event) -> None:
    flow = check(FLOW.source.replace("into: code", f"into: code\n    {way}"), "collect.yaml")
    events: list[Event] = []
    while play(*events, flow=flow) != ["Mensch"]:
        events += [event, NO]
        assert len(events) < 60


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
