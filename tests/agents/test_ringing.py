from __future__ import annotations

import asyncio

import pytest

from router.agents.ringing import NO_ANSWER, Ringing
from router.store import calls, cards
from router.store.tables import desk_events
from tests.agents.house import House


@pytest.fixture
def ringing(house: House) -> Ringing:
    return Ringing(house.database, house.bus, house.clock)


async def test_two_agents_ring_one_answers_and_the_other_card_goes(house: House, ringing: Ringing) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    call = await house.call()
    await ringing.called(call, call, anna, "sales")
    await ringing.called(call, call, bert, "sales")
    assert await house.desks() == {anna: "ringing", bert: "ringing"}

    await ringing.answered(call, bert)
    assert await house.desks() == {anna: "elsewhere", bert: "talking"}
    async with house.database.read() as connection:
        row = await calls.by_id(connection, call)
    assert row is not None
    assert (row.state, row.agent_id) == ("talking", bert)

    await ringing.over(call)
    assert await house.desks() == {anna: "elsewhere", bert: "ended"}


async def test_only_the_desks_concerned_are_woken(house: House, ringing: Ringing) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    async with house.bus.listen(f"desk:{anna}") as hers, house.bus.listen(f"desk:{bert}") as his:
        await ringing.called("1.0", None, anna, "sales")
        assert hers.is_set()
        assert not his.is_set()
    told = await house.told(anna)
    assert [(name, data["state"]) for name, data in told] == [("card", "ringing")]
    assert await house.told(bert) == []


async def test_where_there_is_more_to_say_the_card_is_looked_at_anew(house: House, ringing: Ringing) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    call = await house.call()
    await ringing.called(call, call, anna, "sales")
    await ringing.called(call, call, bert, "sales")
    await ringing.answered(call, bert)
    async with house.bus.listen(f"desk:{anna}") as hers, house.bus.listen(f"desk:{bert}") as his:
        await ringing.changed(call)
        assert his.is_set() and not hers.is_set()
    *_, (name, data) = await house.told(bert)
    assert (name, list(data)) == ("work", ["card"])
    assert await house.desks() == {anna: "elsewhere", bert: "talking"}


async def test_no_answer_takes_the_card_and_the_next_ringing_brings_it_back(house: House, ringing: Ringing) -> None:
    anna = await house.person("anna")
    call = await house.call()
    await ringing.called(call, call, anna, "sales")
    await ringing.withdrawn(call, anna, NO_ANSWER)
    assert await house.desks() == {anna: "no_answer"}
    house.clock.forward(seconds=5)
    await ringing.called(call, call, anna, "default")
    async with house.database.read() as connection:
        (card,) = await cards.live_of_person(connection, anna)
    assert (card.queue, card.rang_at, card.reason) == ("default", house.clock(), None)


async def test_a_call_that_left_the_queue_rings_nowhere_and_may_ring_again(house: House, ringing: Ringing) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    for person in (anna, bert):
        await ringing.called("1.0", None, person, "sales")
    await ringing.left_queue("1.0")
    assert await house.desks() == {anna: "stopped", bert: "stopped"}
    await ringing.called("1.0", None, bert, "default")
    assert await house.desks() == {anna: "stopped", bert: "ringing"}


async def test_a_queue_that_gave_up_may_be_followed_by_another(house: House, ringing: Ringing) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    call = await house.call()
    for person in (anna, bert):
        await ringing.called(call, call, person, "sales")
    await ringing.over(call, NO_ANSWER)
    assert await house.desks() == {anna: "no_answer", bert: "no_answer"}
    await ringing.called(call, call, bert, "default")
    assert await house.desks() == {anna: "no_answer", bert: "ringing"}


async def test_what_is_told_twice_happens_once(house: House, ringing: Ringing) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    call = await house.call()
    for _ in range(2):
        await ringing.called(call, call, anna, "sales")
        await ringing.called(call, call, bert, "sales")
    for _ in range(2):
        await ringing.answered(call, anna)
    for _ in range(2):
        await ringing.completed(call, anna)
    await ringing.answered(call, anna)
    for _ in range(2):
        await ringing.over(call)
    assert [data["state"] for _, data in await house.told(anna)] == ["ringing", "talking", "gone"]
    assert [data["state"] for _, data in await house.told(bert)] == ["ringing", "gone"]


async def test_an_answer_told_before_the_ringing_pins_the_card(house: House, ringing: Ringing) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    call = await house.call()
    await ringing.answered(call, anna, call_id=call, queue="sales")
    await ringing.called(call, call, anna, "sales")
    await ringing.called(call, call, bert, "sales")
    assert await house.desks() == {anna: "talking"}


async def test_after_the_end_nothing_counts(house: House, ringing: Ringing) -> None:
    anna = await house.person("anna")
    await ringing.over("1.0")
    await ringing.called("1.0", None, anna, "sales")
    await ringing.answered("1.0", anna)
    assert await house.desks() == {}


async def test_the_end_counts_in_another_process_too(house: House, ringing: Ringing) -> None:
    anna = await house.person("anna")
    await ringing.called("1.0", None, anna, "sales")
    await ringing.over("1.0")
    await Ringing(house.database, house.bus, house.clock).called("1.0", None, anna, "sales")
    assert await house.desks() == {anna: "ended"}


@pytest.mark.parametrize("call_id", [None, "no-call-of-ours", "x" * 150])
async def test_a_call_that_never_reached_us_has_a_card(house: House, ringing: Ringing, call_id: str | None) -> None:
    anna = await house.person("anna")
    await ringing.called("1.0", call_id, anna, "default")
    await ringing.answered("1.0", anna, call_id=call_id)
    async with house.database.read() as connection:
        (card,) = await cards.live_of_person(connection, anna)
    assert (card.state, card.call_id, card.queue) == ("talking", None, "default")


async def test_a_person_who_is_not_there_gets_no_card(house: House, ringing: Ringing) -> None:
    await ringing.called("1.0", None, "nobody", "sales")
    await ringing.answered("1.0", "nobody")
    assert await house.desks() == {}


async def test_a_caller_in_the_queue_again_after_a_talk_rings_again(house: House, ringing: Ringing) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    call = await house.call()
    await ringing.answered(call, anna, call_id=call)
    await ringing.completed(call, anna)
    await ringing.called(call, call, anna, "service")
    await ringing.called(call, call, bert, "service")
    await ringing.answered(call, bert)
    assert await house.desks() == {anna: "elsewhere", bert: "talking"}


async def test_a_call_whose_session_had_ended_stays_ended(house: House, ringing: Ringing) -> None:
    """The router was frozen and took the call for lost; the caller got to the default queue all the same."""
    anna = await house.person("anna")
    call = await house.call(state="ended", outcome="hung_up")
    await ringing.called(call, call, anna, "default")
    await ringing.answered(call, anna)
    assert await house.desks() == {anna: "talking"}
    async with house.database.read() as connection:
        row = await calls.by_id(connection, call)
    assert row is not None
    assert (row.state, row.agent_id) == ("ended", anna)


async def test_many_desks_at_one_time(house: House, ringing: Ringing) -> None:
    people = [await house.person(f"agent{number}") for number in range(8)]
    await asyncio.gather(*(ringing.called("1.0", None, person, "sales") for person in people))
    await asyncio.gather(*(ringing.answered("1.0", person) for person in people[:2]))
    states = sorted((await house.desks()).values())
    assert states == ["elsewhere"] * 7 + ["talking"]


async def test_old_events_are_deleted_in_small_bites(house: House, ringing: Ringing) -> None:
    anna = await house.person("anna")
    old = {"person_id": anna, "name": "card", "data": {}, "at": house.clock()}
    async with house.database.begin() as connection:
        await connection.execute(desk_events.insert(), [old] * 250)
    house.clock.forward(days=2)
    await ringing.called("1.0", None, anna, "sales")
    assert len(await house.told(anna)) == 51
    await ringing.called("2.0", None, anna, "sales")
    assert len(await house.told(anna)) == 52
    house.clock.forward(minutes=2)
    await ringing.called("3.0", None, anna, "sales")
    assert len(await house.told(anna)) == 3


async def test_a_phone_that_rings_after_we_gave_the_call_up_keeps_its_card(house: House, ringing: Ringing) -> None:
    """The default queue has the caller; that our own call is over says nothing of theirs."""
    anna, bert = await house.person("anna"), await house.person("bert")
    given_up, hung_up = await house.call(), await house.call("2.0")
    await ringing.called(hung_up, hung_up, bert, "sales")
    house.clock.forward(seconds=1)
    async with house.database.begin() as connection:
        for call in (given_up, hung_up):
            await calls.change(connection, call, {"state": "ended", "ended_at": house.clock()})
    house.clock.forward(seconds=1)
    await ringing.called(given_up, given_up, anna, "default")
    async with house.database.read() as connection:
        assert await cards.of_ended_calls(connection, house.clock()) == [hung_up]
