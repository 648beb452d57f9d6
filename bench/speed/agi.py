"""(a) FastAGI: calls a second and CPU a call, of ours and of servers that do less."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.speed.asterisk import COMMANDS, LINE, Way, played
from bench.speed.house import CUSTOMERS, served
from bench.speed.processes import Cores, compiled, cpu, python, running
from bench.speed.tables import table
from tests.system.harness.waiting import free_port

AT_ONCE = 20
NOTHING_DECIDED = Way(callers=100, commands=COMMANDS, line=LINE)


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured: a server's process and port, and what happens in its calls."""

    name: str
    pid: int
    port: int
    way: Way = NOTHING_DECIDED


@dataclass(frozen=True, slots=True)
class Round:
    """Calls a second and µs of the server's CPU a call; ms from the connection to its end."""

    rate: float
    cpu: float
    commands: float
    p50: float
    p99: float
    failed: int


def run(cores: Cores, rounds: int, seconds: float) -> str:
    """The table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threadline-bench-")))
        asterisk, echo = compiled("asterisk", folder), compiled("echo", folder)
        if asterisk is None or echo is None:
            return "Left out: there is no C compiler (cc)."
        rows = list(_rows(stack, cores, echo))
        found: dict[str, list[Round]] = {row.name: [] for row in rows}
        for row in rows:
            _round(row, asterisk, cores, 1.0)  # what is made once is made before it counts
        for _ in range(rounds):
            for row in rows:
                found[row.name].append(_round(row, asterisk, cores, seconds))
    lines = [_line(name, each) for name, each in found.items()]
    head = ("FastAGI", "calls/s", "CPU µs a call", "least", "most", "commands", "p50 ms", "p99 ms", "failed")
    told = (
        f"Medians of {rounds} rounds of {seconds:g} s, {AT_ONCE} calls at one time, all servers in turn in each round."
    )
    return f"{told}\n\n{table(head, lines)}"


def _rows(stack: ExitStack, cores: Cores, echo: Path) -> Iterator[Row]:
    def server(*command: str) -> tuple[int, int]:
        port = free_port()
        return stack.enter_context(running([*command, str(port)], cores.served, port)), port

    def kind(name: str) -> tuple[int, int]:
        return server(*python("bench.speed.agi_servers", name))

    yield Row("Threadline's server and codec, nothing decided", *kind("codec"))
    house = stack.enter_context(served(cores.served))
    yield Row("Threadline, a known number straight to its queue", house.pid, house.agi, Way(CUSTOMERS))
    yield Row("Threadline, a withheld number through the questions", house.pid, house.agi, Way(keys="2#"))
    yield Row("panoramisk as it comes", *kind("panoramisk"))
    yield Row("panoramisk with uvloop", *kind("panoramisk-uvloop"))
    yield Row("asyncio.Protocol with uvloop, parses nothing", *kind("protocol"))
    yield Row("the protocol's ceiling: epoll in C, parses nothing", *server(str(echo), str(COMMANDS), LINE))


def _round(row: Row, asterisk: Path, cores: Cores, seconds: float) -> Round:
    before = cpu(row.pid)
    told = played(asterisk, row.port, row.way, seconds, AT_ONCE, cores.asking)
    spent = cpu(row.pid) - before
    return Round(told.calls / told.seconds, spent * 1e6 / told.calls, told.commands, told.p50, told.p99, told.failed)


def _line(name: str, found: Sequence[Round]) -> tuple[str, ...]:
    def middle(of: Callable[[Round], float]) -> float:
        return statistics.median(map(of, found))

    used = [each.cpu for each in found]
    told = middle(lambda each: each.rate), statistics.median(used), min(used), max(used)
    commands = f"{middle(lambda each: each.commands):.0f}"
    latency = (f"{middle(lambda each: each.p50):.1f}", f"{middle(lambda each: each.p99):.1f}")
    return name, *(f"{each:,.0f}" for each in told), commands, *latency, str(sum(each.failed for each in found))
