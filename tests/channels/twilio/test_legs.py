"""What is told of agents' phones in odd ways: at the same moment, too late, twice, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from router.calls.handle import Calls
from router.store import handovers
from tests.channels.twilio.desk import Desk, caller

pytestmark = pytest.mark.sqlite_only

ANNA, BERT = "sip:anna@pbx.example.net", "sip:bert@pbx.example.net"


async def ringing(desk: Desk) -> Any:
    """A caller for whom two phones ring: the call, and what is dialled for Anna and Bert."""
    await desk.agent("anna", ANNA)
    await desk.agent("bert", BERT)
    call = caller(desk)
    await call.wait()
    anna, bert = sorted(call.rung)
    await call.phone(anna, "ringing", "9")
    await call.phone(bert, "ringing", "8")
    return call, anna, bert


async def test_of_two_who_answer_at_once_the_card_is_with_the_one_whom_twilio_connects(desk: Desk) -> None:
    call, anna, bert = await ringing(desk)
    await call.phone(anna, "in-progress", "9")
    await call.phone(bert, "in-progress", "8")
    assert await desk.desks() == {"anna": "talking", "bert": "elsewhere"}
    await call.phone(bert, "completed", "8")
    assert await desk.desks() == {"anna": "talking", "bert": "elsewhere"}


async def test_and_where_the_first_one_told_of_was_not_connected_the_card_goes_to_the_other(desk: Desk) -> None:
    desk.queues["sales"] = desk.queues["sales"].model_copy(update={"wrap_up": 60})
    call, anna, bert = await ringing(desk)
    await call.phone(anna, "in-progress", "9")
    await call.phone(bert, "in-progress", "8")
    await call.phone(anna, "completed", "9", CallDuration="0")
    assert await desk.desks() == {"anna": "elsewhere", "bert": "talking"}, "who never had the caller has nothing to do"
    await call.dial_ends("completed", "8")
    assert await desk.desks() == {"anna": "elsewhere", "bert": "wrap_up"}


async def test_an_agent_who_answers_as_the_caller_hangs_up_has_no_card_left(desk: Desk) -> None:
    call, anna, bert = await ringing(desk)
    await call.status()
    await call.phone(anna, "in-progress", "9")
    await call.phone(bert, "canceled", "8")
    await call.phone(anna, "completed", "9")
    assert await desk.desks() == {"anna": "ended", "bert": "ended"}
    assert [(row.state, row.agent_id) for row in await desk.rows()] == [("ended", None)]


async def test_who_answered_and_was_gone_before_the_two_were_connected_did_not_talk(desk: Desk) -> None:
    call, _, bert = await ringing(desk)
    await call.phone(bert, "canceled", "8")
    await call.dial_ends("completed", "9", DialBridged="false")
    assert list(call.rung) == [bert], "who was hung up for another one is rung again at once"
    assert [row.state for row in await desk.rows()] == ["queue"]


async def test_a_talk_of_which_nothing_was_told_is_over_all_the_same(desk: Desk) -> None:
    await desk.agent("anna", ANNA)
    call = caller(desk)
    await call.wait()
    await call.dial_ends("completed")
    assert [row.state for row in await desk.rows()] == ["ended"]
    assert await desk.desks() == {}


async def test_news_of_another_callers_phone_change_nothing(desk: Desk) -> None:
    call, anna, _ = await ringing(desk)
    other = caller(desk, 2)
    await other.wait()
    mine, theirs = (each.xml.partition("call=")[2][:32] for each in (call, other))
    await call.told(call.rung[anna].attrib["statusCallback"].replace(mine, theirs), "in-progress", "9")
    assert [row.agent_id for row in await desk.rows()] == [None, None]


@pytest.mark.parametrize("passes_on", [False, True])
async def test_a_talk_that_is_over_while_we_fail_is_not_taken_for_a_wait(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, passes_on: bool
) -> None:
    call, anna, _ = await ringing(desk)
    await call.phone(anna, "in-progress", "9")
    (row,) = await desk.rows()
    if passes_on:
        wish = {"id": "a" * 32, "call_id": row.id, "from_person_id": row.agent_id, "to_queue": "other", "note": ""}
        async with desk.database.begin() as connection:
            await handovers.add(connection, {**wish, "to_person_id": None, "at": desk.now})

    async def fails(*_: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(Calls, "turn", fails)
        await call.dial_ends("completed", "9")
        assert call.document.find("Pause") is not None
        await call.ask_again()
    await call.ask_again()
    (row,) = await desk.rows()
    assert (row.state, row.queue) == (("queue", "other") if passes_on else ("ended", "sales"))
