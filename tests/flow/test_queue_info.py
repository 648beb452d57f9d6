"""What callers are told of the wait, and where they go by it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router.core.assurance import Assurance
from router.core.commands import Command, SeeQueue
from router.core.events import WITHHELD, CallStarted, Event, MatchesFound, QueueSeen
from router.core.match import NO_MATCH, Candidate, Decision, Match
from router.engine.session import session_from_json, session_to_json
from router.engine.step import start, step
from router.flow.files import check

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD)
OFFERS = MatchesFound(Match(Decision.SURE, Assurance.L1, 0.01, (Candidate("m1", 0.99, (), "offers"),)))
FLOW = """
version: 1
name: waiting
languages: [de]
default_queue: fallback
start: find
steps:
  find: {{type: match, sure: look, likely: look, unclear: look, none: look}}
  look: {{type: queue_info, {fields}, next: connect}}
  connect: {{type: hangup, text: {{de: Verbinden}}}}
  away: {{type: hangup, text: {{de: Niemand da}}}}
  offer: {{type: hangup, text: {{de: Rückruf}}}}
"""
WAYS = "queue: sales, text: {de: Es dauert.}, empty: away, long: {over: 300, next: offer}"


def play(fields: str, found: MatchesFound, *seen: QueueSeen) -> tuple[Command, ...]:
    flow = check(FLOW.format(fields=fields), "waiting.yaml")
    session, _ = step(flow, start("c", flow, BEGIN), BEGIN, NOW)
    events: tuple[Event, ...] = (found, *seen)
    for event in events:
        session = session_from_json(session_to_json(session))
        session, commands = step(flow, session, event, NOW)
    return commands


def heard(commands: tuple[Command, ...]) -> list[str]:
    return [prompt.text for command in commands for prompt in getattr(command, "prompts", ())]


@pytest.mark.parametrize(
    ("waiting", "ready", "expected", "hears"),
    [
        (3, 2, 240, ["Es dauert.", "Verbinden"]),
        (0, 2, 90, ["Es dauert.", "Verbinden"]),  # nobody waits, but all are talking
        (0, 2, 0, ["Verbinden"]),
        (3, 2, None, ["Verbinden"]),
        (3, 0, None, ["Niemand da"]),
        (3, 2, 300, ["Es dauert.", "Verbinden"]),
        (3, 2, 301, ["Es dauert.", "Rückruf"]),
    ],
)
def test_the_wait_is_told_where_there_is_one(waiting: int, ready: int, expected: int | None, hears: list[str]) -> None:
    seen = QueueSeen("sales", waiting, ready, expected)
    assert heard(play(WAYS, MatchesFound(NO_MATCH), seen)) == hears


def test_an_empty_queue_needs_no_way_of_its_own() -> None:
    ways = "queue: sales, text: {de: Es dauert.}, long: {over: 1, next: offer}"
    source = FLOW.format(fields=ways).replace("none: look", "none: away")
    flow = check(source, "waiting.yaml")
    session, _ = step(flow, start("c", flow, BEGIN), BEGIN, NOW)
    session, _ = step(flow, session, OFFERS, NOW)
    assert heard(step(flow, session, QueueSeen("sales", 2, 0, None), NOW)[1]) == ["Verbinden"]


@pytest.mark.parametrize(
    ("fields", "found", "queue"),
    [
        ("queue: sales", OFFERS, "sales"),
        ("queue: sales, offer_queue: true", OFFERS, "offers"),
        ("queue: sales, offer_queue: true", MatchesFound(NO_MATCH), "sales"),
        ("text: {de: Es dauert.}", OFFERS, "offers"),
        ("text: {de: Es dauert.}", MatchesFound(NO_MATCH), "fallback"),
    ],
)
def test_it_looks_at_the_queue_that_a_transfer_would_take(fields: str, found: MatchesFound, queue: str) -> None:
    source = fields + ", empty: away, long: {over: 1, next: offer}"
    assert play(source, found) == (SeeQueue(queue),)
