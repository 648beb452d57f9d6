"""What `make bench` is made of: the callers it plays, and how it tells what it saw."""

from __future__ import annotations

import asyncio
import os

from bench.speed.asterisk import Way, environment, played
from bench.speed.processes import cpu, listening, resident
from bench.speed.tables import table
from router.channels.agi import commands
from router.channels.agi.call import AgiCall
from router.channels.agi.codec import Connection, EnvironmentReceived
from router.channels.agi.server import AgiServer


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


async def test_calls_are_counted_and_those_without_a_route_have_failed() -> None:
    async def routed(call: AgiCall) -> None:
        key = await call.send(commands.wait_for_digit(1000))
        assert key.number == ord("2")
        await call.run(commands.set_variables({"THREADLINE_ROUTE": "queue"}))

    async def lost(call: AgiCall) -> None:
        await call.send(commands.noop())

    for handler, sent in ((routed, 2), (lost, 1)):
        server = AgiServer(handler, "127.0.0.1", 0)
        await server.start()
        found = await played(server.address[1], Way(3, "2", True), at_once=4, seconds=0.05, prefix="bench")
        await server.stop(grace=1)
        assert found.calls >= 4
        assert found.failed == (0 if handler is routed else found.calls)
        assert found.commands == sent


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
