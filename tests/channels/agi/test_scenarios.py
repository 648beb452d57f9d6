"""The scenarios of `tests/scenarios` as calls through FastAGI: the same steps and the same end as on the engine."""

from __future__ import annotations

from typing import Any

import pytest

from router.calls.handle import Calls
from router.channels.agi.server import AgiServer
from router.channels.agi.session import AgiChannel
from router.core.commands import AskDigits, ChannelCommand
from router.core.spoken import digits_said
from tests.channels.agi.asterisk import ENVIRONMENT, Asterisk
from tests.channels.agi.test_session import sounds
from tests.channels.conftest import HOTLINE
from tests.scenarios.scenario import Scenario, on_the_engine, way, what_then

pytestmark = pytest.mark.sqlite_only

QUEUE_STATUS = {"no_answer": "TIMEOUT", "unavailable": "JOINEMPTY", "failed": "FULL", "answered": "CONTINUE"}
RECORDED, NOTHING = "200 result=35 (dtmf) endpos=24000", "200 result=0 (timeout) endpos=0"


def keys(line: dict[str, Any], asked: tuple[ChannelCommand, ...]) -> str:
    """What is pressed on the telephone for a line; a point for each prompt or wait that passes without a key."""
    prompts = len(getattr(asked[-1], "prompts", ())) if asked else 0
    match next(iter(line.items())):
        case ("digits", digits):
            return pressed(digits, asked)
        case ("speech", text):
            return pressed(line.get("keys", digits_said(text)), asked)
        case ("silence", _):
            return "." * (prompts + 1)
        case ("recording", _):
            return "." * prompts
        case _:
            return ""


def pressed(digits: str, asked: tuple[ChannelCommand, ...]) -> str:
    most = asked[-1].max_digits + asked[-1].more_digits if asked and isinstance(asked[-1], AskDigits) else 0
    full = len(digits) == most
    return digits if full else f"{digits}." if digits else "#"


async def test_scenario(scenario: Scenario, scenario_calls: Calls) -> None:
    expected, turns = on_the_engine(scenario, HOTLINE, "asterisk")
    server = AgiServer(AgiChannel(scenario_calls, sounds), "127.0.0.1", 0)
    await server.start()
    try:
        asterisk = await through(scenario, turns, server.address)
    finally:
        await server.stop()
    if "hangup" in scenario.call[-1]:
        await scenario_calls.hung_up("asterisk", ENVIRONMENT["uniqueid"])  # as the manager interface tells it
    call_id = await scenario_calls.call_for("asterisk", ENVIRONMENT["uniqueid"])
    assert call_id is not None
    session = (await scenario_calls.turn(call_id)).session
    if "hangup" in scenario.call[-1] and what_then(turns[-2]) == "record":
        # Hanging up is how most people end a message, so the recording is over first, and then the call.
        assert way(session)[: len(way(expected)) - 1] == way(expected)[:-1]
        assert session.ended
        return
    assert way(session) == way(expected)
    assert (session.state, session.language, session.queue) == (expected.state, expected.language, expected.queue)
    if what_then(turns[-1]).startswith("queue"):
        assert asterisk.variables["THREADLINE_QUEUE"] == expected.queue


async def through(scenario: Scenario, turns: list[tuple[ChannelCommand, ...]], address: tuple[str, int]) -> Asterisk:
    """The call as the dialplan makes it: one AGI connection until the queue, another one after it."""
    lines = [line for line in scenario.call if "hangup" not in line]
    before = [(), *turns]
    parts: list[list[tuple[dict[str, Any], tuple[ChannelCommand, ...]]]] = [[]]
    for line, asked in zip(lines, before, strict=False):
        if "transfer" in line:
            parts.append([])
        parts[-1].append((line, asked))
    variables: dict[str, str] = {"THREADLINE_RECORDINGS": "/rec"}
    for part in parts:
        first = part[0][0]
        asterisk = Asterisk("".join(keys(line, asked) for line, asked in part))
        asterisk.variables = variables
        asterisk.say = {
            "RECORD FILE": [RECORDED if line["recording"] else NOTHING for line, _ in part if "recording" in line]
        }
        if len(scenario.call) > 1 and part[-1][0] is scenario.call[-2] and "hangup" in scenario.call[-1]:
            asterisk.say["RECORD FILE"].append(NOTHING)
        caller = {
            "callerid": scenario.caller.number or "unknown",
            "callingpres": "0" if scenario.caller.number else "35",
        }
        if "transfer" in first:
            status = QUEUE_STATUS[first["transfer"]]
            await asterisk.call(address, arg_1="transfer-ended", arg_2=status, **caller)
        else:
            await asterisk.call(address, **caller)
    return asterisk
