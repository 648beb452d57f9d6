"""A scenario as a call from the test phone."""

from __future__ import annotations

from router.calls.handle import Calls
from router.channels.simulator.phone import TestPhone
from router.engine.scenario import Ran
from router.engine.session import Session


async def through_testphone(ran: Ran, calls: Calls) -> Session:
    """The call; every turn must be the engine's."""
    phone, scenario = TestPhone(calls, "DE"), ran.scenario
    number = scenario.caller.number or ""
    turn = await phone.dial(number, withheld=scenario.caller.withheld, service_number=scenario.text.to)
    assert turn.commands == ran.turns[0].commands
    for line, expected in zip(scenario.text.call[1:], ran.turns[1:], strict=True):
        event = line.event()
        if line.hangup or event is None:
            turn = await phone.hang_up(turn.call_id)
        else:
            turn = await phone.send(turn.call_id, event, turn.sequence)
        assert turn.commands == expected.commands, f"line {expected.line}"
        assert turn.session.language == expected.language, f"line {expected.line}"
    return turn.session
