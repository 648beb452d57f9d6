"""What `make bench` is made of: the callers it plays, and how it tells what it saw."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bench.speed.asterisk import Counted, Way, environment, played
from bench.speed.processes import compiled, cpu, listening, resident
from bench.speed.tables import table
from router.channels.agi import commands
from router.channels.agi.call import AgiCall
from router.channels.agi.codec import Connection, EnvironmentReceived
from router.channels.agi.server import AgiServer, Handler


def test_a_table_can_be_pasted_into_a_document() -> None:
    assert table(("server", "calls/s"), [("ours", "1,000"), ("another one", "20")]).splitlines() == [
        "| server      | calls/s |",
        "| ----------- | ------: |",
        "| ours        |   1,000 |",
        "| another one |      20 |",
    ]


def test_callers_are_as_asterisk_tells_of_them() -> None:
    for caller, number in ((7, "+493023120007"), (None, None)):
        connection = Connection()
        connection.receive(environment("bench", 12, caller))
        (event,) = connection.events()
        assert isinstance(event, EnvironmentReceived)
        assert (event.environment.caller_number, event.environment.withheld) == (number, number is None)
        assert event.environment.arguments == ("started",)


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = compiled("asterisk", tmp_path_factory.mktemp("asterisk"))
    if made is None:
        pytest.skip("there is no C compiler: install gcc, or another that is called cc")
    return made


async def _called(asterisk: Path, handler: Handler, way: Way) -> Counted:
    server = AgiServer(handler, "127.0.0.1", 0)
    await server.start()
    try:
        return await asyncio.to_thread(played, asterisk, server.address[1], way, 0.05, 4)
    finally:
        await server.stop(grace=1)


async def test_calls_are_counted_and_those_without_a_route_have_failed(asterisk: Path) -> None:
    seen: set[str | None] = set()

    async def routed(call: AgiCall) -> None:
        seen.add(call.env.caller_number)
        for key in "211":
            assert (await call.send(commands.wait_for_digit(1000))).number == ord(key)
        await call.run(commands.set_variables({"THREADLINE_ROUTE": "queue"}))

    async def lost(call: AgiCall) -> None:
        await call.send(commands.noop())

    for handler, sent in ((routed, 4), (lost, 1)):
        found = await _called(asterisk, handler, Way(3, "21"))
        assert found.calls >= 4
        assert found.failed == (0 if handler is routed else found.calls)
        assert found.commands == sent
        assert 0 < found.p50 <= found.p99
    assert seen == {f"+49302312000{caller}" for caller in range(3)}


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (("a", "a"), ""),
        (("a", "b"), "not to be expected"),
        (("a",), "1 commands in place of 2"),
        (("a", "a", "a"), "3 commands in place of 2"),
    ],
)
async def test_a_server_that_says_something_else_ends_the_run(asterisk: Path, sent: tuple[str, ...], why: str) -> None:
    async def handler(call: AgiCall) -> None:
        await call.run(*(commands.set_variable("QUEUE", value) for value in sent))

    way = Way(commands=2, line='SET VARIABLE "QUEUE" "a"')
    if why:
        with pytest.raises(RuntimeError, match=why):
            await _called(asterisk, handler, way)
    else:
        assert (await _called(asterisk, handler, way)).failed == 0


async def test_a_server_is_found_without_a_connection_to_it() -> None:
    def never(*_: object) -> None:
        raise AssertionError("somebody has connected")

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert listening(port)
    server.close()
    await server.wait_closed()
    assert not listening(port)


def test_what_a_process_takes() -> None:
    assert cpu(os.getpid()) > 0
    assert resident(os.getpid()) > 10
