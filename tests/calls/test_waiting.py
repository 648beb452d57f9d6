"""When a call first waited for people, and when the first of them answered."""

from __future__ import annotations

import pytest

from router.agents.ringing import Ringing
from router.calls.handle import Calls
from router.core.events import WITHHELD, CallerHungUp, CallStarted, TransferEnded, TransferOutcome
from router.flow.files import check_files
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import calls as rows
from router.store.database import Database
from tests.agents.house import START, House

TWICE = """
version: 1
name: hotline
start: first
default_queue: default
languages: [en]
steps:
  first: {type: transfer, queue: sales, done: again, unavailable: again, no_answer: again}
  again: {type: transfer, queue: default}
"""


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


@pytest.fixture
def calls(house: House) -> Calls:
    flow = check_files({"hotline.yaml": TWICE}).flows["hotline"]
    flows = Flows({"hotline": flow}, {}, "hotline")
    return Calls(house.database, house.bus, flows, CodeKeys("x" * 32), house.clock)


async def times(house: House, call_id: str) -> tuple[float | None, float | None]:
    """Seconds from the start until it waited, and until somebody answered."""
    async with house.database.read() as connection:
        row = await rows.by_id(connection, call_id)
    assert row is not None
    queued, answered = (at and (at - START).total_seconds() for at in (row.queued_at, row.answered_at))
    return queued, answered


async def test_the_first_queue_and_the_first_answer_count(house: House, calls: Calls) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    turn = await calls.begin("test", "ref", CallStarted("test", WITHHELD, "+493023125000"))
    assert await times(house, turn.call_id) == (0, None)
    house.clock.forward(seconds=20)
    await calls.handle(turn.call_id, TransferEnded(TransferOutcome.NO_ANSWER))
    assert await times(house, turn.call_id) == (0, None)

    ringing = Ringing(house.database, house.bus, house.clock)
    house.clock.forward(seconds=10)
    await ringing.answered(turn.call_id, anna, call_id=turn.call_id)
    house.clock.forward(seconds=60)
    await ringing.completed(turn.call_id, anna)
    await ringing.answered(turn.call_id, bert, call_id=turn.call_id)
    await calls.handle(turn.call_id, CallerHungUp())
    assert await times(house, turn.call_id) == (0, 30)


async def test_an_answer_of_somebody_without_a_desk_counts(house: House, calls: Calls) -> None:
    turn = await calls.begin("test", "ref", CallStarted("test", WITHHELD, "+493023125000"))
    house.clock.forward(seconds=5)
    await Ringing(house.database, house.bus, house.clock).answered_by_nobody(turn.call_id)
    house.clock.forward(seconds=50)
    await calls.handle(turn.call_id, TransferEnded(TransferOutcome.ANSWERED))
    assert await times(house, turn.call_id) == (0, 5)


async def test_an_answer_that_is_only_told_at_its_end_counts_then(house: House, calls: Calls) -> None:
    turn = await calls.begin("test", "ref", CallStarted("test", WITHHELD, "+493023125000"))
    house.clock.forward(minutes=2)
    await calls.handle(turn.call_id, TransferEnded(TransferOutcome.ANSWERED))
    assert await times(house, turn.call_id) == (0, 120)


async def test_who_hangs_up_while_waiting_was_not_answered(house: House, calls: Calls) -> None:
    turn = await calls.begin("test", "ref", CallStarted("test", WITHHELD, "+493023125000"))
    await calls.handle(turn.call_id, CallerHungUp())
    assert await times(house, turn.call_id) == (0, None)
