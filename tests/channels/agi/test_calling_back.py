"""What the dialplan is told about callbacks: the number once, to whom it may concern, and never more than asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pytest

from router.calls.calling_back import Dialling, Waiting
from router.channels.agi.call import AgiCall
from router.channels.agi.calling_back import CallbackLine, position
from router.channels.agi.codec import Reply
from router.channels.agi.commands import Command
from router.channels.agi.environment import Environment
from router.channels.agi.errors import GivenUp
from router.channels.agi.server import by_script

CALL = "a" * 32
NO, TOLD = {"THREADLINE_ROUTE": "no"}, {"THREADLINE_ROUTE": "told"}
"""What the dialplan has when it asks no other router, and does nothing."""


@dataclass
class Line:
    """Notes what is set."""

    sent: list[tuple[str, ...]] = field(default_factory=list)
    hung_up: bool = False

    async def ask(
        self, commands: Sequence[Command], within: float, goes_on: Callable[[Command, Reply], bool]
    ) -> list[Reply]:
        self.sent += [command.arguments for command in commands]
        return [Reply(200, "1") for _ in commands]

    def close(self) -> None: ...


class House:
    def __init__(self) -> None:
        self.place: Waiting | None = Waiting("sales", 7, 300, 3)
        self.whom: Dialling | None = Dialling("+493023125011", "+493023125000", 25)
        self.told: list[tuple[str, str]] = []
        self.waits_for_customer = True
        self.looked_at_anew: list[str] = []

    async def waiting(self, call_id: str, earlier: int) -> Waiting | None:
        return self.place if call_id == CALL and earlier == 1 else None

    async def dial(self, call_id: str) -> Dialling | None:
        return self.whom if call_id == CALL else None

    async def reached(self, call_id: str) -> bool:
        waited, self.waits_for_customer = self.waits_for_customer, False
        return waited and call_id == CALL

    async def ended(self, call_id: str, result: str) -> None:
        self.told.append((call_id, result))

    async def changed(self, call_id: str) -> None:
        self.looked_at_anew.append(call_id)


async def asked(house: House, *arguments: str) -> dict[str, str]:
    """What the dialplan has afterwards, the last one set last."""
    line = Line()
    env = Environment("1.1", "Local/x", script="callback", arguments=arguments, asterisk_version="22.10.1")
    await CallbackLine(house, house.ended, house.changed)(AgiCall(env, line))
    return {said[0]: said[1] for said in line.sent}


async def test_where_a_placeholder_waits() -> None:
    assert await asked(House(), "wait", CALL, "2") == NO
    told = await asked(House(), "wait", CALL, "1")
    assert told == {
        "THREADLINE_QUEUE": "sales",
        "THREADLINE_PRIORITY": "7",
        "THREADLINE_QUEUE_TIMEOUT": "300",
        "THREADLINE_PLACE": ",,,,3",
        "THREADLINE_ROUTE": "queue",
    }
    assert list(told)[-1] == "THREADLINE_ROUTE"


async def test_whom_to_dial() -> None:
    house = House()
    told = await asked(house, "dial", CALL)
    assert told == {
        "THREADLINE_NUMBER": "+493023125011",
        "THREADLINE_SHOWN": "+493023125000",
        "THREADLINE_RING": "25",
        "THREADLINE_ROUTE": "dial",
    }
    assert list(told)[-1] == "THREADLINE_ROUTE"
    assert house.looked_at_anew == [CALL], "the card says now that the customer is dialled"


async def test_that_the_customer_has_answered_is_told_once() -> None:
    house = House()
    for _ in range(2):
        assert await asked(house, "answered", CALL) == TOLD
    assert house.looked_at_anew == [CALL]


@pytest.mark.parametrize("what", ["wait", "dial"])
async def test_of_a_call_that_is_not_dialled_now_nothing_is_said(what: str) -> None:
    assert await asked(House(), what, "b" * 32) == NO


@pytest.mark.parametrize("number", ["110", "+49&SIP/evil", "+4930\nX: y", "", "0900123456"])
async def test_what_is_no_number_is_not_dialled(number: str) -> None:
    house = House()
    house.whom = Dialling(number, "not a number", 25)
    assert await asked(house, "dial", CALL) == NO


async def test_a_queue_that_the_dialplan_could_not_take_is_not_named() -> None:
    house = House()
    house.place = Waiting("sales,r,,,evil", 0, 10, 1)
    assert await asked(house, "wait", CALL, "1") == NO


@pytest.mark.parametrize(
    ("status", "result"),
    [("ANSWER", "answered"), ("BUSY", "busy"), ("NOANSWER", "no_answer"), ("CANCEL", "cancelled"), ("", "failed")],
)
async def test_what_came_of_it(status: str, result: str) -> None:
    house = House()
    assert await asked(house, "ended", CALL, status) == TOLD
    assert house.told == [(CALL, result)]


@pytest.mark.parametrize(
    "arguments", [(), ("dial",), ("wait", CALL, "-1"), ("dial", "x"), ("dial", CALL + "0"), ("else", CALL)]
)
async def test_odd_questions_get_no_answer(arguments: tuple[str, ...]) -> None:
    with pytest.raises(GivenUp):
        await asked(House(), *arguments)


@pytest.mark.parametrize(("version", "arguments"), [("20.9.3", ",,,,,2"), ("22.10.1", ",,,,2"), ("", ",,,,2")])
def test_the_position_stands_where_this_asterisk_expects_it(version: str, arguments: str) -> None:
    assert position(2, version) == arguments


async def test_the_address_says_who_answers() -> None:
    heard: list[str] = []

    async def calls(call: AgiCall) -> None:
        heard.append(f"call {call.env.script}")

    async def callbacks(call: AgiCall) -> None:
        heard.append(f"callback {call.env.script}")

    handler = by_script(calls, MappingProxyType({"callback": callbacks}))
    for script in ("call", "callback", ""):
        await handler(AgiCall(Environment("1.1", "Local/x", script=script), Line()))
    assert heard == ["call call", "callback callback", "call "]
