"""Whole calls in which a number is said: what becomes of it, what is tried as a code, and what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from router.calls.handle import Calls
from router.calls.hearings import HEARINGS_KEPT
from router.calls.learning import say
from router.calls.turns import Turn
from router.core.commands import AskDigits, Transfer
from router.core.events import WITHHELD, CallStarted, Event, SpeechHeard
from router.core.hearing import Reading
from router.core.match import Decision
from router.flow.load import load_file
from router.matching.codes import CodeKeys
from router.matching.outcomes import Verdict
from router.releases.flows import Flows
from router.store import hearings as store
from router.store.bus import Bus
from router.store.cards import calls_by_id
from router.store.database import Database
from router.store.tables import hearings, wrong_codes
from tests.stored import NOW, a_message

KEYS = CodeKeys("a secret of the tests, long enough to pass")
REFERENCE, CODE = "48213907", "7540702376"
FLOW = """
version: 1
name: said
start: recognise
default_queue: human
languages: [en]
steps:
  recognise:
    type: match
    ask:
      reference: {en: "Please say the reference, digit by digit."}
    sure: known
    likely: known
    unclear: human
    none: human
  known: {type: transfer, queue: sales}
  human: {type: transfer, queue: human}
"""


@dataclass
class House:
    """Calls of withheld callers to a flow that asks for the reference."""

    calls: Calls
    database: Database
    placed: int = 0

    async def call(self, *said: tuple[tuple[str, float], ...] | str, to: str | None = None) -> Turn:
        self.placed += 1
        turn = await self.calls.begin("test", f"ref{self.placed}", CallStarted("test", WITHHELD, to))
        for each in said:
            readings = ((each, 0.9),) if isinstance(each, str) else each
            event: Event = SpeechHeard(
                _said(readings[0][0]), tuple(Reading(_said(text), weight) for text, weight in readings), "whisper"
            )
            turn = await self.calls.handle(turn.call_id, event, turn.sequence)
        return turn

    async def kept(self) -> list[tuple[str, str | None]]:
        async with self.database.read() as connection:
            rows = await connection.execute(select(hearings).order_by(hearings.c.at, hearings.c.id))
            return [(row.verdict, row.number) for row in rows]

    async def guesses(self) -> int:
        async with self.database.read() as connection:
            return len((await connection.execute(select(wrong_codes))).all())


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> House:
    async with database.begin() as connection:
        for place, reference in enumerate((REFERENCE, "57720364", "91408652", "30066183")):
            await a_message(connection, f"m{place}", reference=reference)
        code = {"code_hash": KEYS.code_hash(CODE), "code_digits": 10, "code_expires_at": NOW + timedelta(days=9)}
        await a_message(connection, "coded", **code)
        await a_message(connection, "as long as references", **code | {"code_hash": b"x" * 32, "code_digits": 8})
    flows = {}
    for name, text in (("said", FLOW), ("always", FLOW.replace("match\n", "match\n    confirm: always\n"))):
        path = tmp_path / f"{name}.yaml"
        path.write_text(text.replace("name: said", f"name: {name}"), encoding="utf-8")
        flows[name] = load_file(path)
    return House(Calls(database, Bus(), Flows(flows, {"+493055500": "always"}, "said"), KEYS, lambda: NOW), database)


def _said(text: str) -> str:
    return " ".join(text) if text.isdigit() else text


def queue_of(turn: Turn) -> str | None:
    return next((each.queue for each in turn.commands if isinstance(each, Transfer)), None)


def asks(turn: Turn) -> AskDigits:
    return next(each for each in turn.commands if isinstance(each, AskDigits))


async def test_a_reference_that_is_said_clearly_leads_to_its_agents_and_is_kept(house: House) -> None:
    asked = await house.call()
    assert asks(asked).max_digits == 10, "the code, which is longer than the references"
    turn = await house.call(REFERENCE)
    assert queue_of(turn) == "sales"
    assert turn.session.match is not None and turn.session.match.decision is Decision.SURE
    assert await house.kept() == [("accept", None)]
    assert await house.guesses() == 0


async def test_a_yes_tells_which_number_it_was(house: House) -> None:
    turn = await house.call("48213987", "yes", to="+493055500")
    assert queue_of(turn) == "sales"
    assert await house.kept() == [("accept", REFERENCE)]


async def test_an_agent_tells_which_number_it_was_where_the_caller_did_not(house: House) -> None:
    turn = await house.call("48213907")
    async with house.database.begin() as connection:
        call = (await calls_by_id(connection, [turn.call_id]))[turn.call_id]
        await say(connection, call, Verdict.OTHER, "m1", "robin", NOW)
    assert await house.kept() == [("accept", "57720364")]


async def test_of_all_readings_one_code_is_tried_and_it_is_found(house: House) -> None:
    turn = await house.call((("754070237", 0.3), (CODE, 0.3), ("7540702377", 0.2)))
    assert turn.session.match is not None
    assert (queue_of(turn), turn.session.match.code_accepted) == ("sales", True)
    assert await house.guesses() == 0
    assert await house.kept() == [], "what is a code is not kept"


async def test_a_wrong_code_that_is_said_is_one_guess_and_a_reference_is_none(house: House) -> None:
    await house.call((("1234567894", 0.3), ("9182812818", 0.3), ("3141592653", 0.2)))
    assert await house.guesses() == 1
    await house.call(REFERENCE)
    await house.call("30066183")
    assert await house.guesses() == 1
    assert ("accept", None) in await house.kept()


async def test_what_was_heard_is_deleted_in_time(house: House) -> None:
    await house.call(REFERENCE)
    async with house.database.begin() as connection:
        assert await store.forget(connection, NOW - HEARINGS_KEPT, 100) == 0
        assert await store.forget(connection, NOW + timedelta(seconds=1), 100) == 1
    assert await house.kept() == []


async def test_nothing_is_kept_while_nobody_knows_how_long_codes_are(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("router.calls.weights.live_set", fails)
    await house.call(CODE)
    assert await house.kept() == []
