"""`make bench-desk`: time from Asterisk's AgentCalled to the card, with many desks open and many calls at once."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.desk.company import QUEUE, Customer, customers, founded, phones, registration
from bench.desk.outcome import Rang, lines, outcome
from bench.desk.pages import Pages, Shown
from bench.desk.telephones import Telephones, prepare
from tests.postgres import Cluster
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import SETUP, Asterisk
from tests.system.harness.router import Router

DIALLED = "+493023125900"
AGENTS, AT_ONCE, CALLS = 200, 50, 300
RINGS, STAYS = 1.5, 5.0
"""Seconds that a phone rings before it is answered, and that a caller stays after that the router has answered."""
_LONGEST = 600
_FLOW = f"""version: 1
name: straight
languages: [de]
default_queue: {QUEUE}
start: recognise
steps:
  recognise: {{type: match, sure: connect, likely: connect, unclear: connect, none: connect}}
  connect: {{type: transfer, offer_queue: true, timeout: 60, no_answer: goodbye, unavailable: goodbye}}
  goodbye: {{type: hangup}}
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds, of the router and of Asterisk."""

    router: float
    asterisk: float


@dataclass(frozen=True, slots=True)
class Way:
    """How callers come: so many ``a_second`` until all are there."""

    name: str
    callers: tuple[Customer, ...]
    a_second: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 0, whatever was measured, 2 where it cannot run."""
    asked = _parser().parse_args(arguments)
    if os.geteuid() != 0:
        print("bench-desk: Asterisk runs in a chroot, which needs root", file=sys.stderr)
        return 2
    made = subprocess.run([str(SETUP)], capture_output=True, text=True, timeout=900)
    if made.returncode:
        print(f"bench-desk: no Asterisk: {made.stderr.strip()}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="threadline-bench-") as name, _database(asked.database, name) as url:
        report, spent, failures = _run(Path(made.stdout.strip()), Path(name), url, asked)
    print(
        f"{asked.agents} desks, {asked.calls} calls in each way, at most {asked.at_once} at one time, {asked.database}"
    )
    print("\n".join((*report, *failures[:10])))
    each = 1000 / (2 * asked.calls)
    print(
        f"\nCPU a call: router {spent.router * each:.0f} ms, all desks included, Asterisk {spent.asterisk * each:.0f}"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-desk", description=__doc__)
    parser.add_argument("--agents", type=int, default=AGENTS, help=f"desks that are open (else {AGENTS})")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"calls in each of two ways (else {CALLS})")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help=f"calls at one time (else {AT_ONCE})")
    parser.add_argument("--database", default="sqlite", choices=("sqlite", "postgresql"))
    return parser


@contextmanager
def _database(kind: str, folder: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/threadline.db"
        return
    with Cluster() as cluster:
        yield cluster.over_the_network(cluster.fresh())


def _run(chroot: Path, folder: Path, url: str, asked: argparse.Namespace) -> tuple[list[str], Spent, list[str]]:
    agents, key = asyncio.run(founded(url, asked.agents))
    callers = customers(2 * asked.calls)
    a_second = asked.at_once / (RINGS + STAYS)
    ways = [
        Way(f"one after the other, {a_second:.1f} a second", callers[: asked.calls], a_second),
        Way(f"{asked.at_once} within a second, again and again", callers[asked.calls :], asked.at_once),
    ]
    asterisk = Asterisk(chroot)
    asterisk.install(RTP_START="20000", RTP_END="29999")
    port = prepare(asterisk, agents)
    (folder / "straight.yaml").write_text(_FLOW)
    settings = {"FLOWS": str(folder / "straight.yaml"), "FLOW": "straight", "QUEUES": json.dumps([QUEUE])}
    settings |= {"PHONES": json.dumps(phones(agents)), "SECRET": secrets.token_hex(32), "DATABASE": url}
    router = Router(asterisk, folder, **settings, LOG_LEVEL="warning", SERVICE_NUMBER=DIALLED)
    asterisk.start()
    try:
        router.start()
        for caller in callers:
            body = registration(caller, datetime.now(UTC))
            router.request("POST", "/v1/messages", body, Authorization=f"Bearer {key}")
        with (
            Ami(asterisk.ports.ami, asterisk.settings["AMI_SECRET"]) as ami,
            Telephones(asterisk, folder, port, RINGS) as telephones,
        ):
            pages = Pages(router.url, agents)
            spent = asyncio.run(_calls(pages, telephones, ways, asked.at_once, lambda: _spent(router, asterisk)))
            rang = _rang(ami, callers)
            answered = sum(event.name == "AgentConnect" for event in ami.events)
    finally:
        router.stop()
        asterisk.stop()
    return [*_report(ways, rang, pages.shown), "", f"{answered} of the calls were answered"], spent, pages.failures


def _report(ways: Sequence[Way], rang: Sequence[Rang], shown: Sequence[Shown]) -> Iterator[str]:
    for way in ways:
        names = {caller.name for caller in way.callers}
        found = outcome(
            [each for each in rang if each.customer in names], [each for each in shown if each.customer in names]
        )
        yield from ("", f"{way.name}:", *lines(found))


async def _calls(
    pages: Pages, telephones: Telephones, ways: Sequence[Way], at_once: int, spent: Callable[[], Spent]
) -> Spent:
    """Have all calls made while all pages are open; the CPU that this took."""
    try:
        await pages.open()
        before = spent()
        for way in ways:
            calling = telephones.call(DIALLED, way.callers, at_once, way.a_second, STAYS)
            async with asyncio.timeout(_LONGEST):
                await asyncio.to_thread(calling.wait)
        after = spent()
        await asyncio.sleep(2)  # what is late shall not count as missed
        return Spent(after.router - before.router, after.asterisk - before.asterisk)
    finally:
        await pages.close()


def _rang(ami: Ami, callers: Sequence[Customer]) -> list[Rang]:
    names = {caller.number: caller.name for caller in callers}
    return [
        Rang(event.get("Interface"), names[event.get("CallerIDNum")], float(event.get("Timestamp")))
        for event in ami.events
        if event.name == "AgentCalled"
    ]


def _spent(router: Router, asterisk: Asterisk) -> Spent:
    return Spent(_cpu(router.pid), _cpu(asterisk.pid))


def _cpu(pid: int) -> float:
    """Seconds of CPU a process has taken (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    begun = time.perf_counter()
    code = main()
    print(f"{time.perf_counter() - begun:.0f} s", file=sys.stderr)
    sys.exit(code)
