"""What flows get to know of the message a call is about, and what is left of it when the call is over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from router.calls.about import MOST_CHARACTERS, about_message
from router.calls.handle import Calls
from router.core.assurance import Assurance
from router.core.commands import AskDigits, Hangup, Say
from router.core.events import Caller, CallerHungUp, CallStarted, DigitsEntered
from router.core.match import NO_MATCH, About, Candidate, Decision, Match
from router.engine.facts import facts_of
from router.engine.session import Session, session_from_json, session_to_json
from router.engine.step import start
from router.flow.files import check, kept_files
from router.flow.variables import SAMPLE, VARIABLES
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import calls as calls_table
from router.store.tables import customers, messages
from tests.stored import NOW, a_customer, a_message

LANDLINE = "+493023125011"
OFFER = {
    "title": "Sommer-Angebot",
    "summary": "12 Monate",
    "valid_from": "2026-03-01T00:00:00+00:00",
    "valid_until": "2026-03-20T00:00:00+00:00",
    "queue": "sales",
    "topic": "power",
    "skills": ["gas"],
    "url": "https://example.net/s",
    "facts": {"price": 9.5, "Türcode": {"value": "2041#", "sensitive": True}, "new": True},
}
SURE = Match(Decision.SURE, Assurance.L2, 0.01, (Candidate("m1", 0.99, ()),))


@pytest.fixture
async def stored(database: Database) -> Database:
    async with database.begin() as connection:
        await a_customer(connection, "erika", LANDLINE)
        await connection.execute(update(customers).values(name="Erika Muster", external_id="K-1009", segment="gold"))
        await a_message(
            connection, "m1", customer_id="erika", to_phone=LANDLINE, offer=OFFER, campaign="spring", body="Geheim"
        )
    return database


async def test_everything_a_flow_may_name_is_there_and_of_its_type(stored: Database) -> None:
    async with stored.read() as connection:
        about = await about_message(connection, SURE)
    assert about is not None
    session = start("c", SMALL, CallStarted("test", Caller(LANDLINE), None)).but(about=about)
    facts = facts_of(SMALL, session, NOW)
    for variable in VARIABLES:
        group, _, name = variable.path.partition(".")
        if group in ("offer", "customer"):
            value = facts[group][name]
            assert type(value) is type(variable.sample), variable.path
            assert value not in ("", [], {}, 9999), f"{variable.path} has to come from the message"
    assert set(facts["offer"]) == set(SAMPLE["offer"])
    assert set(facts["customer"]) == set(SAMPLE["customer"])
    assert facts["offer"]["facts"] == {"price": 9.5, "new": True}, "what is sensitive is for agents alone"
    assert LANDLINE not in json.dumps([about.offer, about.customer])


async def test_nothing_is_told_where_the_match_names_no_message(stored: Database) -> None:
    unclear = Match(Decision.UNCLEAR, Assurance.L0, 0.4, SURE.candidates)
    unknown = Match(Decision.SURE, Assurance.L2, 0.0, (Candidate("gone", 0.9, ()),))
    async with stored.read() as connection:
        for match in (NO_MATCH, unclear, unknown):
            assert await about_message(connection, match) is None


@pytest.mark.parametrize(
    "offer",
    [{}, [], {"valid_until": "soon", "facts": [1], "skills": [1, None], "title": 5}, {"valid_until": "2026-03-20"}],
)
async def test_whatever_is_stored_does_no_harm(stored: Database, offer: Any) -> None:
    async with stored.begin() as connection:
        await connection.execute(update(messages).values(offer=offer, customer_id=None, campaign=None))
        about = await about_message(connection, SURE)
    assert about is not None
    assert about.customer == {}
    facts = facts_of(SMALL, start("c", SMALL, CallStarted("test", Caller(None), None)).but(about=about), NOW)
    assert facts["offer"]["days_left"] == 9999
    assert facts["customer"]["known"] is False


async def test_a_session_stays_small_whatever_the_offer_holds(stored: Database) -> None:
    facts = {f"fact {number}": "x" * 500 for number in range(50)}
    async with stored.begin() as connection:
        await connection.execute(update(messages).values(offer={**OFFER, "facts": facts, "summary": "y" * 2000}))
        about = await about_message(connection, SURE)
    assert about is not None
    kept = about.offer["facts"]
    assert sum(len(name) + len(value) for name, value in kept.items()) <= MOST_CHARACTERS
    assert len(kept) > 5
    session = start("c", SMALL, CallStarted("test", Caller(None), None)).but(about=about)
    assert len(session_to_json(session)) < 20_000
    assert session_from_json(session_to_json(session)).about == about


@pytest.mark.parametrize(
    ("until", "now", "days"),
    [
        ("2026-06-30T21:59:59+00:00", "2026-06-30T08:00:00+00:00", 0),
        ("2026-06-30T22:00:00+00:00", "2026-06-30T08:00:00+00:00", 0),
        ("2026-06-30T22:00:01+00:00", "2026-06-30T08:00:00+00:00", 1),
        ("2026-06-30T21:59:59+00:00", "2026-06-30T22:00:00+00:00", -1),
        ("2026-06-30T14:00:00+02:00", "2026-06-30T11:59:59+00:00", 0),
        ("2026-06-30T14:00:00+02:00", "2026-06-30T12:00:00+00:00", -1),
        ("2026-06-30T23:59:59-05:00", "2026-06-30T21:59:00+00:00", 1),
        ("2024-03-01T00:00:00+01:00", "2024-02-28T12:00:00+00:00", 1),
    ],
)
def test_days_are_those_of_the_flows_zone(until: str, now: str, days: int) -> None:
    assert _facts({"valid_until": until}, now)["offer"]["days_left"] == days


def _facts(offer: Mapping[str, Any], now: str) -> Mapping[str, Any]:
    session = start("c", SMALL, CallStarted("test", Caller(None), None)).but(about=About(offer))
    return facts_of(SMALL, session, datetime.fromisoformat(now))


FLOW = """
version: 1
name: small
languages: [de]
start: find
hours: {office: {timezone: Europe/Berlin, weekly: {mon-fri: ["08:00-18:00"]}}}
steps:
  find:
    type: match
    ask: {code: {de: "Ihren Code bitte."}}
    sure: split
    likely: split
    unclear: bye
    none: bye
  split: {type: branch, cases: [{if: "match.assurance >= 3", next: tell}], otherwise: anon}
  tell: {type: say, text: {de: "Ihr Angebot {{ offer.title }} kostet {{ offer.facts.price | amount EUR }}."}, next: ask}
  anon: {type: say, text: {de: "Noch {{ offer.days_left | duration days }}. Danke."}, next: ask}
  ask: {type: menu, text: {de: "Ende mit 1."}, options: {"1": {next: last}}}
  last: {type: say, text: {de: "Danke. Es ging um {{ offer.title ?? 'uns' }} für {{ vars.x ?? 'Sie' }}."}, next: note}
  note: {type: set, values: {x: offer.title}, next: bye}
  bye: {type: hangup, text: {de: Tschüss.}}
"""
SMALL = kept_files({"small.yaml": FLOW}).flows["small"]
"""Says more than a check would let it: what is held back is held back in the call."""
KEYS = CodeKeys("x" * 32)
CODE = "7540702376"


def make_calls(database: Database) -> Calls:
    return Calls(database, Bus(), Flows({SMALL.name: SMALL}, {}, SMALL.name), KEYS, lambda: NOW)


def heard(commands: Any) -> list[str]:
    return [prompt.text for each in commands if isinstance(each, Say | AskDigits) for prompt in each.prompts]


async def test_what_was_said_to_one_caller_is_not_kept_beyond_the_call(stored: Database) -> None:
    calls = make_calls(stored)
    turn = await calls.begin("test", "ref", CallStarted("test", Caller(LANDLINE), "+493023125000"))
    assert heard(turn.commands) == ["Noch 18 Tage. Danke.", "Ende mit 1."], "the number alone proves nobody"
    assert "Erika Muster" in (await _row(stored)).session
    last = await calls.handle(turn.call_id, DigitsEntered("1"), turn.sequence)
    assert heard(last.commands) == ["Danke. Es ging um uns für Sie.", "Tschüss."]
    assert isinstance(last.commands[-1], Hangup)
    row = await _row(stored)
    assert not any(each in row.session + row.reply for each in ("Erika Muster", "12 Monate", "K-1009"))
    assert "Es ging um" not in row.reply
    again = await calls.handle(turn.call_id, DigitsEntered("1"), turn.sequence)
    assert heard(again.commands) == ["Tschüss."], "asked again, the network gets what every caller hears"
    assert isinstance(again.commands[-1], Hangup)


async def _row(database: Database) -> Any:
    async with database.read() as connection:
        return (await connection.execute(select(calls_table))).one()


@pytest.mark.parametrize("by_caller", [True, False])
async def test_a_caller_at_l3_hears_the_offer_and_nothing_of_it_is_left_afterwards(
    stored: Database, by_caller: bool
) -> None:
    code = {"code_hash": KEYS.code_hash(CODE), "code_digits": 10, "code_expires_at": NOW.replace(month=6)}
    async with stored.begin() as connection:
        await connection.execute(update(messages).values(to_phone=None, **code))
        await a_customer(connection, "other", LANDLINE)
        await a_message(connection, "m2", customer_id="other", offer={"title": "Anderes"})
    calls = make_calls(stored)
    turn = await calls.begin("test", "ref", CallStarted("test", Caller(LANDLINE), "+493023125000"))
    turn = await calls.handle(turn.call_id, DigitsEntered(CODE), turn.sequence)
    assert turn.session.match is not None
    assert turn.session.match.assurance is Assurance.L3
    assert heard(turn.commands)[0] == "Ihr Angebot Sommer-Angebot kostet 9 Euro und 50 Cent."
    assert "kostet 9 Euro" in (await _row(stored)).reply, "a repeated request gets the same answer while the call lasts"
    await calls.handle(turn.call_id, CallerHungUp() if by_caller else DigitsEntered("1"))
    row = await _row(stored)
    assert "Sommer-Angebot" not in row.reply
    assert "Erika Muster" not in row.session
    session: Session = session_from_json(row.session)
    assert (session.about, session.values) == (None, {})


async def test_a_flow_that_does_not_speak_of_the_message_pays_no_query_for_it(stored: Database) -> None:
    flow = check(
        "version: 1\nname: small\nlanguages: [de]\nstart: find\nsteps:\n"
        "  find: {type: match, sure: human, likely: human, unclear: human, none: human}\n",
        "small.yaml",
    )
    calls = Calls(stored, Bus(), Flows({flow.name: flow}, {}, flow.name), KEYS, lambda: NOW)
    turn = await calls.begin("test", "ref", CallStarted("test", Caller(LANDLINE), None))
    assert turn.session.match is not None
    assert turn.session.match.best is not None
    assert turn.session.about is None
