"""The scenarios of `tests/scenarios`, on the test phone: the same steps and the same end as on the bare engine."""

from __future__ import annotations

from router.calls.handle import Calls
from router.channels.simulator.phone import TestPhone
from tests.channels.conftest import HOTLINE
from tests.scenarios.scenario import Scenario, event_of, on_the_engine, way, what_then


async def test_scenario(scenario: Scenario, scenario_calls: Calls) -> None:
    expected, turns = on_the_engine(scenario, HOTLINE, "testphone")
    phone = TestPhone(scenario_calls, "DE")
    number = scenario.caller.number or ""
    turn = await phone.dial(number, withheld=scenario.caller.withheld, service_number="030 23125 000")
    for line, commands in zip(scenario.call[1:], turns[1:], strict=True):
        if "hangup" in line:
            turn = await phone.hang_up(turn.call_id)
        else:
            event = event_of(line)
            assert event is not None
            turn = await phone.send(turn.call_id, event, turn.sequence)
        assert what_then(turn.commands) == what_then(commands)
    assert way(turn.session) == way(expected)
    assert turn.session.outcome == expected.outcome
