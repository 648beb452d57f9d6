"""Handing over: to which queue, how long, how urgently, to whom, and what the agent alone hears."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from router.core.abilities import Ability
from router.core.assurance import Assurance
from router.core.commands import Command, Prompt, Transfer
from router.core.events import WITHHELD, CallStarted, MatchesFound
from router.core.match import NO_MATCH, About, Candidate, Decision, Match
from router.engine.session import Session, session_from_json, session_to_json
from router.engine.step import start, step
from router.flow.files import check_files

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD)
FLOW = """
version: 1
name: handing
languages: [de, en]
start: find
steps:
  find: {{type: match, sure: connect, likely: connect, unclear: connect, none: connect}}
  connect: {{type: transfer, queue: sales, {fields}}}
"""
SHARED = """
version: 1
queues:
  sales: {timeout: 120, priority: 7, skills: [sales]}
  offers: {timeout: 60}
"""
ABOUT = About({"title": "Sommer-Angebot", "skills": ["gas", "en", "a&b,${X}", "gas"]}, {})
NOBODY = MatchesFound(NO_MATCH)


def named(assurance: Assurance = Assurance.L1) -> MatchesFound:
    best = Candidate("m1", 0.99, (), "offers", "en", "Sommer-Angebot")
    return MatchesFound(Match(Decision.SURE, assurance, 0.01, (best,)), ABOUT)


def play(fields: str, found: MatchesFound = NOBODY, shared: str = SHARED) -> tuple[Transfer, Session]:
    flows = check_files({"handing.yaml": FLOW.format(fields=fields), "shared/queues.yaml": shared})
    flow = flows.flows["handing"]
    session, commands = step(flow, start("c", flow, BEGIN), BEGIN, NOW)
    asked: Any = commands[-1]
    assert asked.details or not found.about or "offer" not in fields.replace("offer_queue", "")
    session, commands = step(flow, session_from_json(session_to_json(session)), found, NOW)
    handed: Command = commands[-1]
    assert isinstance(handed, Transfer)
    assert session_from_json(session_to_json(session)).waiting == handed
    return handed, session


@pytest.mark.parametrize(
    ("fields", "found", "handed"),
    [
        ("done: human", NOBODY, Transfer("sales", 120, 7, ("sales",))),
        ("timeout: 30, priority: 0, skills: []", NOBODY, Transfer("sales", 30, 0, ())),
        ("skills: [english]", NOBODY, Transfer("sales", 120, 7, ("english",))),
        ("offer_queue: true", named(), Transfer("offers", 60, 0, ())),
        ("offer_skills: true", named(), Transfer("sales", 120, 7, ("sales", "gas", "en"))),
        ("offer_skills: true", NOBODY, Transfer("sales", 120, 7, ("sales",))),
        ("offer_skills: true, skills: [gas, x]", named(), Transfer("sales", 120, 7, ("gas", "x", "en"))),
    ],
)
def test_what_the_step_does_not_say_the_queue_does(fields: str, found: MatchesFound, handed: Transfer) -> None:
    assert play(fields, found)[0] == handed


def test_without_a_shared_piece_it_is_as_ever() -> None:
    assert play("done: human", shared="version: 1")[0] == Transfer("sales", 600)


@pytest.mark.parametrize(
    ("formula", "priority", "note"),
    [
        ("match.assurance >= 2 ? 20 : 10", 10, ""),
        ("50 * 3", 100, ""),
        ("0 - 4", 0, ""),
        ("5.0 / 2.0", 2, ""),
        ("1 / (match.assurance - 1)", 7, "; priority: cannot be worked out for this call"),
    ],
)
def test_the_priority_may_be_worked_out(formula: str, priority: int, note: str) -> None:
    handed, session = play(f'priority: "{formula}"', named())
    assert handed.priority == priority
    assert session.trace[-1].note == f"to queue sales{note}"


@pytest.mark.parametrize("assurance", [Assurance.L1, Assurance.L3])
def test_the_agent_alone_hears_what_is_personal(assurance: Assurance) -> None:
    whisper = 'whisper: {de: "Anruf zu {{ offer.title }}.", en: "A call about {{ offer.title }}."}'
    handed, session = play(whisper, named(assurance))
    assert session.language == "en"
    assert handed.whisper == Prompt("Anruf zu Sommer-Angebot.", "de", once=True)
    assert "Sommer" not in str(session.trace)


@pytest.mark.parametrize(("days", "said"), [(0, "Angebot Sommer. Endet heute."), (3, "Angebot Sommer.")])
def test_the_agent_hears_which_offer_it_is_and_that_it_ends_today(days: int, said: str) -> None:
    text = "Angebot {{ offer.title ?? 'unbekannt' }}. {{ offer.days_left == 0 ? 'Endet heute' : '' }}."
    found = replace(named(), about=About({"title": "Sommer", "days_left": days}, {}))
    handed, _ = play(f'whisper: {{de: "{text}", en: "A call."}}', found)
    assert handed.whisper == Prompt(said, "de", once=True)


def test_a_whisper_is_there_in_all_languages_that_it_has() -> None:
    handed, _ = play("whisper: {de: Ein Anruf., en: A call.}")
    assert (handed.whisper, handed.whispers) == (Prompt("Ein Anruf.", "de"), (Prompt("A call.", "en"),))


def test_a_whisper_of_which_nothing_is_known_is_left_out() -> None:
    assert play('whisper: {de: "{{ offer.title }}", en: "{{ offer.title }}"}')[0].whisper is None


def test_it_says_what_a_channel_must_be_able_to_do() -> None:
    fields = "whisper: {de: Hallo., en: Hello.}, priority: 1, skills: [gas], offer_skills: true"
    flows = check_files({"handing.yaml": FLOW.format(fields=fields)})
    assert flows.flows["handing"].steps["connect"].needs() == {
        ("whisper",): Ability.WHISPER,
        ("priority",): Ability.PRIORITY,
        ("skills",): Ability.SKILLS,
        ("offer_skills",): Ability.SKILLS,
    }
    plain = check_files({"handing.yaml": FLOW.format(fields="priority: 0, skills: []")})
    assert plain.flows["handing"].steps["connect"].needs() == {}
