"""The agents' pages: each follows its stream and fetches the cards whenever told to, as the page's script does."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass

import httpx

from bench.desk.company import Agent

_NAME = re.compile(r"Kunde \d{5}")


@dataclass(frozen=True, slots=True)
class Shown:
    """``customer`` came to be on ``agent``'s page: told at ``told``, the card there at ``there`` (UNIX time)."""

    agent: Agent
    customer: str
    told: float
    there: float


class Pages:
    """All pages together; `shown` is what came to be on them."""

    def __init__(self, url: str, agents: tuple[Agent, ...]) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = httpx.AsyncClient(base_url=url, limits=limits, timeout=30, trust_env=False)
        self._agents = agents
        self._tasks: list[asyncio.Task[None]] = []
        self._live = 0
        self._all_live = asyncio.Event()
        self.shown: list[Shown] = []
        self.failures: list[str] = []

    async def open(self) -> None:
        """Everybody sits down at their phone and is ready, and all streams run."""
        for agent in self._agents:
            await self._post(agent, "/desk/phone", phone=agent.phone)
            await self._post(agent, "/desk/presence", presence="ready")
        self._tasks = [asyncio.create_task(self._follow(agent)) for agent in self._agents]
        async with asyncio.timeout(60):
            await self._all_live.wait()

    async def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _post(self, agent: Agent, path: str, **fields: str) -> None:
        (await self._client.post(path, data=fields, headers=_headers(agent))).raise_for_status()

    async def _follow(self, agent: Agent) -> None:
        try:
            async with self._client.stream("GET", "/v1/desk/events", headers=_headers(agent)) as stream:
                stream.raise_for_status()
                name = ""
                async for line in stream.aiter_lines():
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        await self._told(agent, name, json.loads(line.removeprefix("data: ")))
            self.failures.append(f"{agent.login}: the stream ended")
        except Exception as error:
            self.failures.append(f"{agent.login}: {type(error).__name__}")

    async def _told(self, agent: Agent, name: str, data: dict[str, str]) -> None:
        if name == "hello":
            self._live += 1
            if self._live == len(self._agents):
                self._all_live.set()
        elif name == "card":
            told = time.time()
            page = await self._get(agent, "/desk/cards")
            there = time.time()
            for customer in set(_NAME.findall(page)) if data["state"] == "ringing" else ():
                self.shown.append(Shown(agent, customer, told, there))
        elif name == "presence":
            await self._get(agent, "/desk/bar")

    async def _get(self, agent: Agent, path: str) -> str:
        answer = await self._client.get(path, headers=_headers(agent))
        answer.raise_for_status()
        return answer.text


def _headers(agent: Agent) -> dict[str, str]:
    return {"Cookie": f"threadline={agent.token}", "Sec-Fetch-Site": "same-origin"}
