"""`make bench-pops`: time from Asterisk's AgentCalled, heard by one process, to the page's stream at another."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.desk.company import QUEUE, Agent, founded
from bench.pops.manager import Manager
from router.store import people
from router.store.database import Database
from tests.postgres import Cluster
from tests.system.harness.service import Service

AGENTS, POPS, A_SECOND = 200, 600, 10.0
WITHIN = 10.0
"""Seconds after which a card counts as missed."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds to a page at the process that listens, and to one at the other; how many cards never came."""

    here: tuple[float, ...]
    there: tuple[float, ...]
    missed: int
    spent: tuple[float, float]
    """CPU seconds of the process that listens and of the other, in all."""

    def lines(self) -> list[str]:
        """For people."""
        told = (("the process that listens", self.here), ("the other process", self.there))
        rows = [_row(name, samples) for name, samples in told if samples]
        each = 1000 / (len(self.here) + len(self.there) + self.missed)
        spent = f"{self.spent[0] * each:.1f} ms where Asterisk is heard, {self.spent[1] * each:.1f} ms at the other"
        return [*rows, f"missed: {self.missed}", f"CPU a card, with all that follows: {spent}"]


def _row(name: str, samples: Sequence[float]) -> str:
    cuts = statistics.quantiles(samples, n=100)
    figures = (("p50", cuts[49]), ("p95", cuts[94]), ("p99", cuts[98]), ("max", max(samples)))
    return f"{name:<26} n={len(samples):<5}" + "".join(f" {what} {value * 1000:6.1f} ms" for what, value in figures)


class Streams:
    """The pages' streams, each at one of the processes; notes when a card begins to ring."""

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = httpx.AsyncClient(limits=limits, timeout=30, trust_env=False)
        self._tasks: list[asyncio.Task[None]] = []
        self._live = asyncio.Semaphore(0)
        self._coming = asyncio.Semaphore(5)  # not all at once, as after a restart, but as people come in the morning
        self.rang: dict[str, asyncio.Future[float]] = {}
        """When a phone's page was told, by the phone."""

    async def open(self, at: Sequence[tuple[Agent, str]]) -> None:
        """Follow the streams of these agents, each at this address."""
        self._tasks = [asyncio.create_task(self._follow(agent, url)) for agent, url in at]
        live = asyncio.create_task(self._all_live(len(at)))
        async with asyncio.timeout(120):
            done, _ = await asyncio.wait({live, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        if live not in done:
            live.cancel()
            raise ConnectionError(f"a page's stream ended: {done.pop().exception()!r}")

    async def _all_live(self, number: int) -> None:
        for _ in range(number):
            await self._live.acquire()

    async def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _follow(self, agent: Agent, url: str) -> None:
        headers = {"Cookie": f"threadline={agent.token}", "Sec-Fetch-Site": "same-origin"}
        await self._coming.acquire()
        async with self._client.stream("GET", f"{url}/v1/desk/events", headers=headers) as stream:
            stream.raise_for_status()
            async for line in stream.aiter_lines():
                if line == "event: hello":
                    self._live.release()
                    self._coming.release()
                waiting = self.rang.get(agent.phone)
                if '"state": "ringing"' in line and waiting is not None and not waiting.done():
                    waiting.set_result(time.perf_counter())


async def measure(services: Sequence[Service], agents: Sequence[Agent], asked: argparse.Namespace) -> Figures:
    """Have phones ring, one after the other, and time their pages. Every fifth page is at the process that listens."""
    async with Manager() as manager:
        for service in services:
            service.more |= {"AMI_PORT": str(manager.port), "AMI_SECRET": "s" * 32}
            await asyncio.to_thread(service.start)
            async with asyncio.timeout(30):
                while manager.listeners != 1:  # noqa: ASYNC110 - it is looked for, not told
                    await asyncio.sleep(0.05)
        here, there = (service.url for service in services)
        placed = [(agent, here if number % 5 == 0 else there) for number, agent in enumerate(agents)]
        streams = Streams()
        try:
            await streams.open(placed)
            return await _pops(manager, streams, placed, [service.process for service in services], asked)
        finally:
            await streams.close()


async def _pops(
    manager: Manager,
    streams: Streams,
    placed: Sequence[tuple[Agent, str]],
    processes: Sequence[subprocess.Popen[bytes] | None],
    asked: argparse.Namespace,
) -> Figures:
    pids = [process.pid for process in processes if process is not None]
    here, before = placed[0][1], [_cpu(pid) for pid in pids]
    found: dict[bool, list[float]] = {True: [], False: []}
    missed = 0
    turns = {agent.phone: asyncio.Lock() for agent, _ in placed}  # a phone rings for one call at a time

    async def pop(number: int, agent: Agent, url: str) -> None:
        async with turns[agent.phone]:
            await ring(number, agent, url)

    async def ring(number: int, agent: Agent, url: str) -> None:
        nonlocal missed
        told = streams.rang[agent.phone] = asyncio.get_running_loop().create_future()
        call, begun = f"bench.{number}", time.perf_counter()
        manager.rings(call, agent.phone, QUEUE)
        try:
            found[url == here].append(await asyncio.wait_for(told, WITHIN) - begun)
        except TimeoutError:
            missed += 1
        manager.stops(call)

    async with asyncio.TaskGroup() as tasks:
        for number in range(asked.pops):
            tasks.create_task(pop(number, *placed[number % len(placed)]))
            await asyncio.sleep(1 / asked.a_second)
    one, two = (_cpu(pid) - then for pid, then in zip(pids, before, strict=True))
    return Figures(tuple(found[True]), tuple(found[False]), missed, (one, two))


def _cpu(pid: int) -> float:
    """Seconds of CPU a process has taken (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _seated(url: str, agents: int) -> tuple[Agent, ...]:
    """Agents who sit at their phones and are ready."""
    made, _ = await founded(url, agents)
    database = Database(url)
    async with database.begin() as connection:
        for agent in made:
            row = await people.by_login(connection, agent.login)
            assert row is not None
            await people.change(connection, row.id, {"phone": agent.phone, "presence": "ready"})
    await database.close()
    return made


def run(agents: int = AGENTS, pops: int = POPS, a_second: float = A_SECOND) -> Figures:
    """The whole bench, on a PostgreSQL of its own."""
    asked = argparse.Namespace(agents=agents, pops=pops, a_second=a_second)
    with tempfile.TemporaryDirectory(prefix="threadline-pops-") as name, Cluster() as cluster:
        url = cluster.over_the_network(cluster.fresh())
        seated = asyncio.run(_seated(url, agents))
        more = {"PHONES": json.dumps([agent.phone for agent in seated]), "QUEUES": json.dumps([QUEUE])}
        more |= {"LOG_LEVEL": "warning", "RECOGNISER": "none", "PAGE_GONE_AFTER": "0"}
        services = []
        for each in ("one", "two"):
            (directory := Path(name) / each).mkdir()
            services.append(Service(directory, url, "", secret="s" * 64, more=dict(more)))
        try:
            return asyncio.run(measure(services, seated, asked))
        finally:
            for service in services:
                if service.process is not None:
                    service.kill()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 0, whatever was measured."""
    parser = argparse.ArgumentParser(prog="make bench-pops", description=__doc__)
    parser.add_argument("--agents", type=int, default=AGENTS, help=f"pages that are open (else {AGENTS})")
    parser.add_argument("--pops", type=int, default=POPS, help=f"phones that ring (else {POPS})")
    parser.add_argument("--a-second", type=float, default=A_SECOND, help=f"of them a second (else {A_SECOND:g})")
    asked = parser.parse_args(arguments)
    figures = run(asked.agents, asked.pops, asked.a_second)
    print(
        f"from AgentCalled to the page's stream; {asked.agents} pages open, {asked.a_second:g} cards a second; page at"
    )
    print("\n".join(figures.lines()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
