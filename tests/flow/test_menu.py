"""A menu by key, by word, by nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router.core.commands import AskDigits
from router.core.events import WITHHELD, CallStarted, DigitsEntered, Event, InputTimedOut, SpeechHeard
from router.engine.step import start, step
from router.flow.files import check

FLOW = check(
    """
version: 1
name: menu
languages: [de, en]
start: choose
steps:
  choose:
    type: menu
    text: {de: Strom oder Gas?, en: Power or gas?}
    invalid: {de: Das war keine Wahl., en: That was no choice.}
    options:
      "1": {next: power, words: [strom]}
      "2": {next: gas, words: [gas, erd gas]}
      "9": {next: choose_again, language: en}
    otherwise: lost
  choose_again: {type: menu, text: {de: Nochmal, en: Again}, options: {"1": {next: power}}, otherwise: lost}
  power: {type: hangup, text: {de: Strom, en: Power}}
  gas: {type: hangup, text: {de: Gas, en: Gas}}
  lost: {type: hangup, text: {de: Mensch, en: Human}}
""",
    "menu.yaml",
)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def play(*events: Event) -> list[str]:
    """What is heard in the last turn."""
    begin = CallStarted("test", WITHHELD)
    session, commands = step(FLOW, start("c", FLOW, begin), begin, NOW)
    for event in events:
        session, commands = step(FLOW, session, event, NOW)
    return [prompt.text for command in commands for prompt in getattr(command, "prompts", ())]


@pytest.mark.parametrize(
    ("events", "heard"),
    [
        ([DigitsEntered("1")], ["Strom"]),
        ([SpeechHeard("Ich hätte gern Gas")], ["Gas"]),
        ([SpeechHeard("2")], ["Gas"]),
        ([SpeechHeard("Strom und Gas")], ["Das war keine Wahl.", "Strom oder Gas?"]),
        ([DigitsEntered("5")], ["Das war keine Wahl.", "Strom oder Gas?"]),
        ([DigitsEntered("5"), DigitsEntered("5")], ["Mensch"]),
        ([InputTimedOut()], ["Strom oder Gas?"]),
        ([InputTimedOut(), InputTimedOut()], ["Mensch"]),
        ([DigitsEntered("9")], ["Again"]),
        ([DigitsEntered("9"), DigitsEntered("1")], ["Power"]),
    ],
)
def test_menu(events: list[Event], heard: list[str]) -> None:
    assert play(*events) == heard


def test_a_menu_asks_for_one_key_and_listens_where_there_are_words() -> None:
    begin = CallStarted("test", WITHHELD)
    _, commands = step(FLOW, start("c", FLOW, begin), begin, NOW)
    ask = commands[0]
    assert isinstance(ask, AskDigits)
    assert (ask.max_digits, ask.speech) == (1, True)


@pytest.mark.parametrize(
    ("events", "comes"),
    [
        ([InputTimedOut(), InputTimedOut()], ["Gas"]),
        ([DigitsEntered("5"), InputTimedOut()], ["Gas"]),
        ([InputTimedOut(), DigitsEntered("5")], ["Mensch"]),
    ],
)
def test_silence_may_have_a_way_of_its_own(events: list[Event], comes: list[str]) -> None:
    flow = check(FLOW.source.replace("otherwise: lost\n", "otherwise: lost\n    silence: gas\n", 1), "menu.yaml")
    begin = CallStarted("test", WITHHELD)
    session, commands = step(flow, start("c", flow, begin), begin, NOW)
    for event in events:
        session, commands = step(flow, session, event, NOW)
    assert [prompt.text for command in commands for prompt in getattr(command, "prompts", ())] == comes
