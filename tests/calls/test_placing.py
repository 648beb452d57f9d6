"""Where callers wait, one place after the other: the plan, and whole calls of customers whose last agent is there."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update

from router.calls.handle import Calls
from router.calls.placing import legs
from router.core.commands import Leg, Transfer
from router.core.events import Caller, CallStarted, TransferEnded, TransferOutcome
from router.flow.files import check_files
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import calls as calls_table
from router.store.tables import cards, customers, people
from tests.stored import NOW, a_call, a_customer, a_message

SALES = Transfer("sales", 300)
LANDLINE = "+493023125011"


@pytest.mark.parametrize(
    ("transfer", "skills", "there", "planned"),
    [
        (SALES, (), None, ()),
        (Transfer("sales", 300, last_agent=30), (), None, ()),
        (Transfer("sales", 300, last_agent=30), (), "anna", (Leg("sales", 30, (), "anna"), Leg("sales", 270))),
        (Transfer("sales", 20, last_agent=30), (), "anna", (Leg("sales", 20, (), "anna"),)),
        (SALES, ("english",), None, (Leg("sales", 300, ("english",)),)),
        (
            Transfer("sales", 300, skills_for=60, last_agent=30),
            ("english", "gas"),
            "anna",
            (Leg("sales", 30, (), "anna"), Leg("sales", 60, ("english", "gas")), Leg("sales", 210)),
        ),
        (
            Transfer("sales", 300, overflow="service", overflow_after=90),
            (),
            None,
            (Leg("sales", 90), Leg("service", 210)),
        ),
        (
            Transfer("sales", 300, skills_for=200, last_agent=50, overflow="service", overflow_after=90),
            ("gas",),
            "anna",
            (Leg("sales", 50, (), "anna"), Leg("sales", 40, ("gas",)), Leg("service", 210)),
        ),
        (
            Transfer("sales", 300, overflow="service", overflow_after=90),
            ("gas",),
            None,
            (Leg("sales", 90, ("gas",)), Leg("service", 210, ("english",))),
        ),
        (Transfer("sales", 300, overflow="service", overflow_after=300), (), None, ()),
    ],
)
def test_one_place_comes_after_the_other(
    transfer: Transfer, skills: tuple[str, ...], there: str | None, planned: tuple[Leg, ...]
) -> None:
    assert legs(transfer, skills, ("english",) if skills else (), there) == planned


@given(
    timeout=st.integers(5, 3600),
    last_agent=st.integers(0, 600),
    skills_for=st.none() | st.integers(5, 3600),
    overflow_after=st.integers(1, 3600),
    overflow=st.sampled_from([None, "service"]),
    skills=st.sampled_from([(), ("gas",)]),
    there=st.sampled_from([None, "anna"]),
)
def test_nobody_waits_longer_or_shorter_than_the_flow_says(
    timeout: int,
    last_agent: int,
    skills_for: int | None,
    overflow_after: int,
    overflow: str | None,
    skills: tuple[str, ...],
    there: str | None,
) -> None:
    transfer = Transfer(
        "sales", timeout, last_agent=last_agent, skills_for=skills_for, overflow=overflow, overflow_after=overflow_after
    )
    planned = legs(transfer, skills, (), there)
    assert not planned or sum(leg.seconds for leg in planned) == timeout
    assert all(leg.seconds > 0 for leg in planned)
    waited = sum(leg.seconds for leg in planned if leg.queue == "sales")
    assert not overflow or not planned or waited == min(overflow_after, timeout)


FLOW = """
version: 1
name: hotline
languages: [de]
start: find
steps:
  find: {type: match, sure: connect, likely: connect, unclear: connect, none: connect}
  connect: {type: transfer, queue: sales, skills: [english], timeout: 100, no_answer: connect}
"""
SHARED = """
version: 1
queues:
  sales:
    skill_set: [english]
    skills_for: 20
    rules: [{when: customer.segment == "gold", last_agent: 30}]
"""
WITH_SKILLS = (Leg("sales", 20, ("english",)), Leg("sales", 80))
ANNA_FIRST = (Leg("sales", 30, (), "anna"), Leg("sales", 20, ("english",)), Leg("sales", 50))


class House:
    def __init__(self, database: Database) -> None:
        self.database = database
        flows = check_files({"hotline.yaml": FLOW, "shared/queues.yaml": SHARED}).flows
        self.calls = Calls(database, Bus(), Flows(flows, {}, "hotline"), CodeKeys("x" * 32), lambda: NOW)

    async def agent(self, login: str, **more: Any) -> None:
        fixed = {"id": login, "login": login, "name": login, "role": "agent", "language": "de", "created_at": NOW}
        values = {"queues": ["sales"], "skills": [], "presence": "ready", "phone": f"PJSIP/{login}"}
        async with self.database.begin() as connection:
            await connection.execute(insert(people).values({**fixed, **values, **more}))

    async def talked(self, person: str, days_ago: int, **call: Any) -> None:
        at = NOW - timedelta(days=days_ago)
        async with self.database.begin() as connection:
            key = f"{person}-{days_ago}"
            await a_call(connection, LANDLINE, call.pop("message", None), id=key, **call)
            card = {"id": key, "call_key": key, "call_id": key, "person_id": person, "state": "gone", "rang_at": at}
            await connection.execute(insert(cards).values(**card, answered_at=at))

    async def change(self, person: str, **values: Any) -> None:
        async with self.database.begin() as connection:
            await connection.execute(update(people).where(people.c.id == person).values(**values))

    async def call(self, ref: str = "1.1", channel: str = "asterisk") -> Transfer:
        turn = await self.calls.begin(channel, ref, CallStarted(channel, Caller(LANDLINE)))
        assert isinstance(turn.commands[-1], Transfer)
        return turn.commands[-1]


@pytest.fixture
async def house(database: Database) -> House:
    async with database.begin() as connection:
        await a_customer(connection, "erika", LANDLINE)
        await connection.execute(update(customers).values(segment="gold"))
        await a_message(connection, "m1", customer_id="erika", to_phone=LANDLINE)
        await a_message(connection, "m2", customer_id="erika", sent_at=NOW - timedelta(days=90))
    made = House(database)
    await made.agent("anna")
    await made.agent("bert", skills=["english"])
    return made


async def test_a_valued_customer_waits_for_whom_they_talked_to_last(house: House) -> None:
    await house.talked("bert", 9, message="m1")
    await house.talked("anna", 5, message="m2")
    assert (await house.call()).legs == ANNA_FIRST


async def test_a_call_that_an_agent_tied_to_the_customer_counts_as_well(house: House) -> None:
    await house.talked("anna", 5, customer_id="erika")
    assert (await house.call()).legs == ANNA_FIRST


@pytest.mark.parametrize(
    "gone", [{"presence": "off"}, {"presence": "paused"}, {"queues": ["service"]}, {"phone": None}]
)
async def test_nobody_waits_for_whom_is_not_there(house: House, gone: dict[str, Any]) -> None:
    await house.talked("anna", 5, message="m1")
    await house.change("anna", **gone)
    assert (await house.call()).legs == WITH_SKILLS


async def test_test_calls_ring_on_the_page(house: House) -> None:
    await house.talked("anna", 5, message="m1")
    assert (await house.call(channel="testphone")).legs == ()
    await house.change("anna", phone=None)
    await house.change("bert", phone=None)
    assert (await house.call("2", "testphone")).legs == ANNA_FIRST


async def test_other_customers_do_not_wait_for_anybody(house: House) -> None:
    await house.talked("anna", 5, message="m1")
    async with house.database.begin() as connection:
        await connection.execute(update(customers).values(segment="silver"))
    assert (await house.call()).legs == WITH_SKILLS


async def test_skills_that_nobody_on_duty_has_are_not_waited_for(house: House) -> None:
    await house.change("bert", presence="paused")
    assert (await house.call()).legs == ()


async def test_a_request_that_comes_twice_gets_the_same_again(house: House) -> None:
    await house.talked("anna", 5, message="m1")
    first = await house.call()
    await house.change("anna", presence="off")
    assert await house.call() == first
    async with house.database.read() as connection:
        row = (await connection.execute(calls_table.select().where(calls_table.c.channel_ref == "1.1"))).one()
    assert json.loads(row.reply)[-1]["legs"][0]["person"] == "anna"
    turn = await house.calls.handle(row.id, TransferEnded(TransferOutcome.NO_ANSWER), row.sequence)
    assert isinstance(turn.commands[-1], Transfer)
    assert turn.commands[-1].legs == WITH_SKILLS, "who is there now counts"
