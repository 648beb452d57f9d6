"""(a) FastAGI: calls a second and CPU a call, of ours and of servers that do less."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.speed.house import CUSTOMERS, served
from bench.speed.processes import PROJECT, Cores, cpu, on_core, python, running
from bench.speed.tables import table
from tests.system.harness.waiting import free_port

AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured: a server's process and port, and how it is called."""

    name: str
    pid: int
    port: int
    calling: tuple[str, ...] = ()


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
        rows = list(_rows(stack, cores))
        found: dict[str, list[Round]] = {row.name: [] for row in rows}
        for row in rows:
            _round(row, cores, 1.0)  # what is made once is made before it counts
        for _ in range(rounds):
            for row in rows:
                found[row.name].append(_round(row, cores, seconds))
    lines = [_line(name, each) for name, each in found.items()]
    head = ("FastAGI", "calls/s", "CPU µs a call", "commands", "p50 ms", "p99 ms", "failed")
    told = (
        f"Medians of {rounds} rounds of {seconds:g} s, {AT_ONCE} calls at one time, all servers in turn in each round."
    )
    return f"{told}\n\n{table(head, lines)}"


def _rows(stack: ExitStack, cores: Cores) -> Iterator[Row]:
    known = ("--callers", str(CUSTOMERS), "--route")
    asking = ("--callers", "0", "--keys", "2#", "--route")

    def server(kind: str) -> tuple[int, int]:
        port = free_port()
        return stack.enter_context(
            running(python("bench.speed.agi_servers", kind, str(port)), cores.served, port)
        ), port

    yield Row("Threadline's server and codec, nothing decided", *server("codec"))
    house = stack.enter_context(served(cores.served))
    yield Row("Threadline, a known number straight to its queue", house.pid, house.agi, known)
    yield Row("Threadline, a withheld number through the questions", house.pid, house.agi, asking)
    yield Row("panoramisk as it comes", *server("panoramisk"))
    yield Row("panoramisk with uvloop", *server("panoramisk-uvloop"))
    yield Row("asyncio.Protocol with uvloop, parses nothing", *server("protocol"))
    echo = _echo(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threadline-bench-"))))
    if echo is not None:
        port = free_port()
        pid = stack.enter_context(running([str(echo), str(port)], cores.served, port))
        yield Row("the protocol's ceiling: epoll in C, parses nothing", pid, port)


def _echo(folder: Path) -> Path | None:
    compiler = shutil.which("cc")
    if compiler is None:
        print("no C compiler: the protocol's ceiling is left out")
        return None
    made = folder / "echo"
    source = PROJECT / "bench" / "speed" / "echo.c"
    subprocess.run([compiler, "-O2", "-o", str(made), str(source)], check=True)
    return made


def _round(row: Row, cores: Cores, seconds: float) -> Round:
    before = cpu(row.pid)
    told = calls(row.port, cores.asking, seconds, AT_ONCE, row.calling)
    spent = cpu(row.pid) - before
    return Round(
        told["calls"] / told["seconds"],
        spent * 1e6 / told["calls"],
        told["commands"],
        told["p50"],
        told["p99"],
        told["failed"],
    )


def calls(port: int, core: int, seconds: float, at_once: int, more: Sequence[str] = ()) -> dict[str, Any]:
    """Call a FastAGI server for so many seconds; what `bench.speed.asterisk` has counted."""
    options = ("--seconds", str(seconds), "--at-once", str(at_once), *more)
    command = on_core(core, python("bench.speed.asterisk", str(port), *options))
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=seconds + 60)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _line(name: str, found: Sequence[Round]) -> tuple[str, ...]:
    def middle(of: Callable[[Round], float]) -> float:
        return statistics.median(map(of, found))

    failed = sum(each.failed for each in found)
    rate, used = middle(lambda each: each.rate), middle(lambda each: each.cpu)
    latency = (f"{middle(lambda each: each.p50):.1f}", f"{middle(lambda each: each.p99):.1f}")
    return name, f"{rate:,.0f}", f"{used:,.0f}", f"{middle(lambda each: each.commands):.0f}", *latency, str(failed)
