"""What the rules of queues make of a caller: priority, skills, the last agent, another queue; and closed queues."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from router.core.assurance import Assurance
from router.core.commands import Command, Hangup, KeepCallback, Transfer
from router.core.events import WITHHELD, CallStarted, DigitsEntered, MatchesFound, TransferEnded, TransferOutcome
from router.core.match import NO_MATCH, About, Candidate, Decision, Match
from router.engine.session import Session, session_from_json, session_to_json
from router.engine.step import start, step
from router.flow.files import check_files
from router.flow.model import Flow

MONDAY, SUNDAY = datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 22, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD)
UNCLEAR = MatchesFound(replace(NO_MATCH, decision=Decision.UNCLEAR))
FLOW = """
version: 1
name: ruled
languages: [de, en]
start: find
steps:
  find: {{type: match, sure: connect, likely: connect, unclear: connect, none: bye}}
  connect: {{type: transfer, {fields}}}
  bye: {{type: hangup}}
"""
SHARED = """
version: 1
hours: {office: {weekly: {mon-fri: ["08:00-18:00"]}}}
queues:
  default: {hours: office}
  sales:
    timeout: 300
    priority: 10
    skill_set: [english, gas]
    skills_for: 40
    overflow: {after: 90, queue: default}
    rules:
      - {note: ends today, when: offer.days_left == 0, priority: 60}
      - {note: expired, when: offer.days_left < 0, queue: winback, priority: 5}
      - {note: valued, when: customer.segment == "gold", last_agent: 30, priority: "10 + match.assurance * 10"}
      - {note: very valued, when: customer.segment == "gold" && offer.campaign == "spring", last_agent: 45}
      - {note: in English, when: customer.language == "en", skills: [english]}
      - {note: gas, when: offer.facts.product == "gas", skills: [gas]}
  winback:
    hours: office
    timeout: 60
    skill_set: [english]
    rules: [{when: "true", priority: 7, skills: [english], queue: sales}]
"""


def told(until: str | None = "2026-12-24T00:00:00+01:00", facts: Any = None, **customer: str) -> MatchesFound:
    offer = {"campaign": "spring", "facts": {"product": "power"} if facts is None else facts}
    best = Candidate("m1", 0.99, (), "sales", "de", "Sommer-Angebot")
    match = Match(Decision.SURE, Assurance.L2, 0.01, (best,))
    return MatchesFound(match, About(offer | ({"valid_until": until} if until else {}), customer))


def ruled(fields: str) -> Flow:
    return check_files({"ruled.yaml": FLOW.format(fields=fields), "shared/queues.yaml": SHARED}).flows["ruled"]


def play(found: MatchesFound, fields: str = "queue: sales", now: datetime = MONDAY) -> tuple[Command, Session, str]:
    flow = ruled(fields)
    session, commands = step(flow, start("c", flow, BEGIN), BEGIN, now)
    asked: Any = commands[-1]
    assert asked.details, "a match has to bring what rules go by"
    session, commands = step(flow, session_from_json(session_to_json(session)), found, now)
    return commands[-1], session, "; ".join(entry.note for entry in session.trace)


def test_a_callback_waits_as_its_caller_would() -> None:
    asked = ", ".join(f"{name}: {{{{de: Ja?, en: Yes?}}}}" for name in ("text", "number", "confirm"))
    back = FLOW.replace("type: transfer, {fields}", f"type: callback, queue: sales, {asked}, kept: bye").format()
    flow = check_files({"ruled.yaml": back, "shared/queues.yaml": SHARED}).flows["ruled"]
    session = start("c", flow, BEGIN)
    commands: tuple[Command, ...] = ()
    found = told("2026-11-23T23:59:59+01:00", {"product": "gas"}, language="en")
    for event in (BEGIN, found, DigitsEntered("03023125099"), DigitsEntered("1")):
        session, commands = step(flow, session, event, MONDAY)
    assert commands == (KeepCallback("sales", MONDAY, "03023125099", 60, skills=("english", "gas")),)
    assert "rule sales 1; rule sales 5; rule sales 6" in session.trace[-1].note


@pytest.mark.parametrize(
    ("found", "handed"),
    [
        (UNCLEAR, Transfer("sales", 300, 10)),
        (told(), Transfer("sales", 300, 10)),
        (told("2026-11-23T23:59:59+01:00"), Transfer("sales", 300, 60)),
        (told(segment="gold"), Transfer("sales", 300, 30, last_agent=45)),
        (told(segment="gold", until="2026-11-23T23:00:00+01:00"), Transfer("sales", 300, 60, last_agent=45)),
        (told(language="en", facts={"product": "gas"}), Transfer("sales", 300, 10, ("english", "gas"))),
        (told(facts={}), Transfer("sales", 300, 10)),  # a rule that cannot be worked out does not count
    ],
)
def test_all_rules_that_hold_count_together(found: MatchesFound, handed: Transfer) -> None:
    commands, session, _ = play(found)
    wanted = Transfer(
        handed.queue, handed.timeout, handed.priority, handed.skills,
        last_agent=handed.last_agent, skills_for=40, overflow="default", overflow_after=90,
    )  # fmt: skip
    assert commands == wanted
    assert session_from_json(session_to_json(session)).waiting == wanted


def test_an_expired_offer_has_its_own_way_and_what_counts_there_counts() -> None:
    handed, session, note = play(told("2026-11-20T00:00:00+00:00"))
    assert handed == Transfer("winback", 60, 7, ("english",)), "winback leads back to sales, which it came from"
    assert session.queue == "winback"
    assert "to queue winback; rule sales 2;" in note
    assert "rule winback 1" in note


def test_a_rule_that_fails_is_told_without_what_stands_in_the_offer() -> None:
    _, _, note = play(told(facts={"secret": "4711"}))
    assert "rule sales 6: " in note
    assert "4711" not in note


def test_outside_its_hours_nobody_waits_in_a_queue() -> None:
    expired = told("2026-11-20T00:00:00+00:00")
    assert isinstance(play(expired, "queue: sales, closed: bye", now=SUNDAY)[0], Hangup)
    assert isinstance(play(expired, "queue: sales, unavailable: bye", now=SUNDAY)[0], Hangup)
    handed, _, note = play(expired, now=SUNDAY)
    assert handed == Transfer("default", 600), "the queue of the step human, which nothing stands behind"
    assert "queue winback is closed; rule sales 2" in note


def test_where_nothing_stands_behind_a_queue_its_hours_do_not_count() -> None:
    assert play(UNCLEAR, "queue: default", now=SUNDAY)[0] == Transfer("default", 600)


def test_a_step_that_came_back_from_a_queue_goes_by_the_rules_again() -> None:
    handed, session, _ = play(told("2026-11-23T23:59:59+01:00"), "queue: sales, no_answer: connect")
    assert isinstance(handed, Transfer)
    flow = ruled("queue: sales, no_answer: connect")
    session, commands = step(flow, session, TransferEnded(TransferOutcome.NO_ANSWER), MONDAY)
    assert commands[-1] == handed
