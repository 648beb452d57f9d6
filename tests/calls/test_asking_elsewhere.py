"""A call that asks another system: no transaction is open meanwhile, it goes on once, and nothing strands it."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from router.calls.handle import Calls
from router.calls.webhooks import Webhook, Webhooks, keys_of
from router.core.commands import AskDigits, Hangup, Transfer
from router.core.events import WITHHELD, CallerHungUp, CallStarted, DigitsEntered
from router.engine.session import Outcome
from router.flow.files import check
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import calls as rows
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import call_events
from tests.calls.elsewhere import Elsewhere, elsewhere

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD, "+493023125000")
KEYS = keys_of("whsec_" + base64.b64encode(b"k" * 32).decode())
FLOW = check(
    """
version: 1
name: asking
languages: [de]
start: greet
hung_up: note_it
steps:
  greet: {type: say, text: {de: Guten Tag.}, next: ask}
  ask: {type: collect, text: {de: Nummer?}, into: number, next: find}
  find:
    type: call_webhook
    webhook: crm
    send: {number: inputs.number}
    keep: {tier: customer.tier, name: customer.name}
    timeout: 4
    next: split
    failed: human
  split: {type: branch, cases: [{if: vars.tier == 'gold', next: gold}], otherwise: bye}
  gold: {type: transfer, queue: gold}
  bye: {type: hangup, text: {de: Tschüss.}}
  note_it: {type: call_webhook, webhook: crm, send: {gone: "true"}, next: done}
  done: {type: hangup}
""",
    "asking.yaml",
)


def make_calls(database: Database, there: Elsewhere) -> Calls:
    webhooks = Webhooks({"crm": Webhook(there.address, KEYS)})
    flows = Flows({FLOW.name: FLOW}, {}, FLOW.name)
    return Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: NOW, webhooks=webhooks)


async def asked(calls: Calls) -> tuple[str, int]:
    """A call that stands at the question."""
    turn = await calls.begin("test", "ref", BEGIN)
    assert isinstance(turn.commands[-1], AskDigits)
    return turn.call_id, turn.sequence


async def test_the_answer_decides_and_no_transaction_is_open_meanwhile(database: Database) -> None:
    async with elsewhere() as there:
        calls = make_calls(database, there)

        async def others_can_write() -> None:
            async with asyncio.timeout(60), database.begin() as connection:
                row = await rows.by_id(connection, call_id, lock=True)
                assert row is not None
                assert (row.state, row.sequence) == ("flow", 2)

        there.meanwhile = others_can_write
        there.answers({"customer": {"tier": "gold", "name": "Erika"}})
        call_id, sequence = await asked(calls)
        turn = await calls.handle(call_id, DigitsEntered("42"), sequence)
        await calls.aclose()
    assert turn.commands == (Transfer("gold", 600),)
    assert turn.session.values == {"tier": "gold", "name": "Erika"}
    assert [header["webhook-id"] for header, _ in there.requests] == [f"{call_id}-3"]
    assert "Erika" not in str(turn.session.trace)
    async with database.read() as connection:
        kept = (await connection.execute(select(call_events.c.event).order_by(call_events.c.number))).scalars().all()
    assert [[answer["kind"] for answer in turn["answers"]] for turn in kept] == [[], ["webhook_answered"]]


async def test_a_repeated_request_does_not_continue_the_call_twice(database: Database) -> None:
    """Also where it reaches another process."""
    async with elsewhere() as there:
        there.hangs = True
        there.answers({"customer": {"tier": "gold"}})
        other = Database(database.url)
        machines = [make_calls(at, there) for at in (database, other)]
        call_id, sequence = await asked(machines[0])
        tries = [asyncio.create_task(calls.handle(call_id, DigitsEntered("42"), sequence)) for calls in machines * 2]
        await asyncio.wait_for(there.came.wait(), 60)
        there.let_go.set()
        turns = await asyncio.gather(*tries)
        for calls in machines:
            await calls.aclose()
        await other.close()
    assert {turn.sequence for turn in turns} == {2}
    assert {turn.commands for turn in turns} == {(Transfer("gold", 600),)}
    assert [turn.repeated for turn in turns].count(False) == 1
    assert {(headers["webhook-id"], body) for headers, body in there.requests} == {
        (f"{call_id}-3", there.requests[0][1])
    }
    assert turns[0].session.steps == 5


@pytest.mark.parametrize("again", [DigitsEntered("42"), DigitsEntered("7"), BEGIN])
async def test_a_crash_in_between_strands_no_call(
    database: Database, again: DigitsEntered | CallStarted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with elsewhere() as there:
        there.answers({"customer": {"tier": "gold"}})
        dead = make_calls(database, there)
        call_id, sequence = await asked(dead)

        async def killed(*_: object) -> None:
            raise ConnectionResetError

        monkeypatch.setattr(dead.elsewhere, "ask", killed)
        with pytest.raises(ConnectionResetError):
            await dead.handle(call_id, DigitsEntered("42"), sequence)
        calls = make_calls(database, there)
        if isinstance(again, CallStarted):
            turn = await calls.begin("test", "ref", again)
        else:
            turn = await calls.handle(call_id, again, sequence)
        assert turn.commands == (Transfer("gold", 600),)
        without = await make_calls(database, there).turn(call_id)
        assert without.commands == turn.commands
        await calls.aclose()
    assert [headers["webhook-id"] for headers, _ in there.requests] == [f"{call_id}-3"]


async def test_an_event_without_a_sequence_takes_the_request_up_as_well(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with elsewhere() as there:
        there.answers({"customer": {"tier": "gold"}})
        calls = make_calls(database, there)
        call_id, _ = await asked(calls)
        with monkeypatch.context() as patched:

            async def killed(*_: object) -> None:
                raise ConnectionResetError

            patched.setattr(calls.elsewhere, "ask", killed)
            with pytest.raises(ConnectionResetError):
                await calls.handle(call_id, DigitsEntered("42"))
        turn = await calls.handle(call_id, DigitsEntered("42"))
        assert turn.commands == (Transfer("gold", 600),)
        await calls.aclose()


async def test_who_hangs_up_meanwhile_ends_the_call_and_the_answer_is_dropped(database: Database) -> None:
    async with elsewhere() as there:
        there.hangs = True
        calls = make_calls(database, there)
        call_id, sequence = await asked(calls)
        task = asyncio.create_task(calls.handle(call_id, DigitsEntered("42"), sequence))
        await asyncio.wait_for(there.came.wait(), 60)
        gone = asyncio.create_task(calls.handle(call_id, CallerHungUp()))
        while len(there.requests) < 2:
            there.came.clear()
            await asyncio.wait_for(there.came.wait(), 60)
        there.let_go.set()
        turn, late = await gone, await task
        await calls.aclose()
    assert turn.session.outcome is Outcome.HUNG_UP
    assert turn.commands == ()
    assert late.session.ended
    told = {headers["webhook-id"]: body.count(b"gone") for headers, body in there.requests}
    assert list(told.values()) == [0, 1]


async def test_a_channel_that_waits_no_longer_does_not_stop_what_was_begun(database: Database) -> None:
    async with elsewhere() as there:
        there.hangs = True
        calls = make_calls(database, there)
        call_id, sequence = await asked(calls)
        task = asyncio.create_task(calls.handle(call_id, DigitsEntered("42"), sequence))
        await asyncio.wait_for(there.came.wait(), 60)
        task.cancel()
        there.let_go.set()
        await calls.aclose()
    turn = await calls.turn(call_id)
    assert turn.commands[-1] == Hangup()
    assert turn.session.outcome is Outcome.FINISHED


async def test_without_an_answer_the_call_goes_on_elsewhere(database: Database) -> None:
    async with elsewhere() as there:
        there.answers({}, "503 Service Unavailable")
        calls = make_calls(database, there)
        call_id, sequence = await asked(calls)
        turn = await calls.handle(call_id, DigitsEntered("42"), sequence)
        await calls.aclose()
    assert turn.commands == (Transfer("default", 600),)
    assert turn.session.values == {"tier": "", "name": ""}
    assert turn.session.trace[-2].note == "failed: answered with status 503"
