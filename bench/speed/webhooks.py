"""(b) Twilio's voice webhooks: requests a second and CPU a request, of ours and of routes that only validate."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from bench.speed.house import CUSTOMERS, served
from bench.speed.processes import PROJECT, Cores, cpu, on_core, python, running
from bench.speed.tables import table
from tests.system.harness.waiting import free_port

AT_ONCE = 20
PATH = "/channels/twilio/voice"


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured: a server's process and port, and who calls."""

    name: str
    pid: int
    port: int
    callers: int = CUSTOMERS


def run(cores: Cores, rounds: int, seconds: float) -> str:
    """The table."""
    with ExitStack() as stack:
        rows = list(_rows(stack, cores))
        found: dict[str, list[tuple[float, float, float, float, int]]] = {row.name: [] for row in rows}
        for row in rows:
            _round(row, cores, 1.0)
        for _ in range(rounds):
            for row in rows:
                found[row.name].append(_round(row, cores, seconds))
    head = ("Twilio voice webhook", "requests/s", "CPU µs a request", "p50 ms", "p99 ms", "failed")
    told = f"Medians of {rounds} rounds of {seconds:g} s, {AT_ONCE} requests at one time, all servers in turn in each."
    return f"{told}\n\n{table(head, [_line(name, each) for name, each in found.items()])}"


def _rows(stack: ExitStack, cores: Cores) -> Iterator[Row]:
    house = stack.enter_context(served(cores.served))
    yield Row("Threadline: signature, call stored, match, flow; a known number", house.pid, house.port)
    yield Row("Threadline: the same, a withheld number, first question", house.pid, house.port, 0)
    for kind, name in (
        ("validator", "bare FastAPI route: twilio's RequestValidator and an answer"),
        ("plain", "bare FastAPI route: a plain HMAC and an answer"),
    ):
        port = free_port()
        pid = stack.enter_context(running(python("bench.speed.webhook_servers", kind, str(port)), cores.served, port))
        yield Row(name, pid, port)


def _round(row: Row, cores: Cores, seconds: float) -> tuple[float, float, float, float, int]:
    before = cpu(row.pid)
    options = ("--seconds", str(seconds), "--at-once", str(AT_ONCE), "--callers", str(row.callers))
    command = on_core(cores.asking, python("bench.speed.twilio", str(row.port), *options))
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=seconds + 60)
    told: dict[str, Any] = json.loads(done.stdout)
    used = (cpu(row.pid) - before) * 1e6 / told["requests"]
    return told["requests"] / told["seconds"], used, told["p50"], told["p99"], told["failed"]


def _line(name: str, found: Sequence[tuple[float, float, float, float, int]]) -> tuple[str, ...]:
    rate, used, p50, p99 = (statistics.median(each[place] for each in found) for place in range(4))
    failed = sum(each[4] for each in found)
    return name, f"{rate:,.0f}", f"{used:,.0f}", f"{p50:.1f}", f"{p99:.1f}", str(failed)
