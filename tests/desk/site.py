"""The whole service without Asterisk, with pages in a real Chromium: what the browser tests of the desk stand on."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright, expect
from pydantic import SecretStr

from router.agents import people
from router.app import House, assembled, prompt_store, sign_in_of
from router.app_agents import Agents, agents_of, browser_queues
from router.core.events import DigitsEntered, InputTimedOut
from router.messages.registration import Registration
from router.settings import Settings
from router.web_app import web_app
from tests.shipped import next_at_once

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
expect.set_options(timeout=15_000)  # an end for a busy machine; nothing is timed by it
PROJECT = Path(__file__).parents[2]
NUMBER = "+493023125011"
BODY = "Ihr Ökostrom-Angebot wartet."


class Clock:
    """Real time, on a Tuesday morning, when the hotline is open."""

    def __init__(self) -> None:
        self._ahead = datetime(2026, 3, 31, 8, 0, tzinfo=UTC) - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead


@dataclass
class Site:
    """The whole service without Asterisk; it can go down and come back."""

    house: House
    agents: Agents
    browser: Browser
    port: int
    server: uvicorn.Server | None = None
    running: asyncio.Task[None] | None = None
    faults: list[str] = field(default_factory=list)

    async def up(self) -> None:
        stopping = asyncio.Event()
        app = web_app(self.house, self.agents, await prompt_store(self.house.settings), stopping)
        self.server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_config=None, lifespan="off"))
        self.stopping = stopping
        listening = socket.create_server(("127.0.0.1", self.port))
        self.running = asyncio.create_task(self.server.serve([listening]))

    async def down(self) -> None:
        if self.server is not None and self.running is not None:
            self.stopping.set()
            self.server.should_exit = True
            await self.running
            self.server = self.running = None

    async def person(
        self, login: str, language: str = "en", role: str = "agent", queues: tuple[str, ...] = ("default",)
    ) -> str:
        name = f"{login.title()} Muster"
        new = people.NewPerson(login=login, name=name, role=role, language=language, queues=queues)
        async with self.house.database.begin() as connection:
            return await people.add(connection, new, self.house.settings.queues, self.house.clock())

    @asynccontextmanager
    async def page(self, person_id: str, lands_on: str = "/desk") -> AsyncIterator[Page]:
        """A page of somebody who came by a one-time link."""
        context: BrowserContext = await self.browser.new_context()
        page = await context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self._note(said.text) if said.type in ("error", "warning") else None)
        link = await sign_in_of(self.house).make_link(person_id, lands_on)
        await page.goto(f"http://127.0.0.1:{self.port}{link}")
        await page.wait_for_url(f"**{lands_on}")
        if lands_on == "/desk":
            await live(page)
        yield page
        await context.close()

    def _note(self, text: str) -> None:
        if "Failed to load resource" not in text and "ERR_" not in text:
            self.faults.append(text)


@asynccontextmanager
async def launched(playwright: Playwright) -> AsyncIterator[Browser]:
    """Chromium, headless, with an empty profile."""
    running = await playwright.chromium.launch(
        executable_path=shutil.which("chromium"), headless=True, args=list(FLAGS)
    )
    yield running
    await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright, launched(playwright) as running:
        yield running


@asynccontextmanager
async def service(
    tmp_path: Path,
    browser: Browser,
    flows: Path | None = None,
    clock: Callable[[], datetime] | None = None,
    **more: Any,
) -> AsyncIterator[Site]:
    """The service with these flows (else ours, without wrap-up) at the time of `clock`, and ``more`` settings, with its
    port for PORT."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    wanted: dict[str, Any] = {
        name: value.replace("PORT", str(port)) if isinstance(value, str) else value for name, value in more.items()
    }
    settings = Settings(
        database=f"sqlite:///{tmp_path}/desk.db",
        secret=SecretStr("s" * 32),
        data_dir=tmp_path,
        flows=flows or next_at_once(),
        service_number="+493023125000",
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        # Somebody who listens, so that the hotline's flow is without a warning; nobody is asked in these tests.
        recogniser="http",
        recogniser_url="http://127.0.0.1:9/hear",
        recogniser_secret=SecretStr("whsec_" + "c2VjcmV0" * 6),
        **wanted,
    )
    async with assembled(settings, clock or Clock()) as house:
        agents = agents_of(house)
        queues = house.test_phone.queues = browser_queues(house, agents)
        made = Site(house, agents, browser, port)
        await made.up()
        rings = asyncio.create_task(queues.run())
        yield made
        rings.cancel()
        await asyncio.gather(rings, return_exceptions=True)
        await made.down()
    assert not made.faults, "\n".join(made.faults)


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path: Path, browser: Browser) -> AsyncIterator[Site]:
    async with service(tmp_path, browser) as made:
        yield made


async def live(page: Page) -> None:
    await expect(page.locator("#connection[data-state=live]")).to_be_visible()
    await expect(page.locator("#cards .idle, #cards article")).to_be_visible()


async def message(site: Site, number: str = NUMBER, external_id: str = "crm-1") -> None:
    """A message to a number with an offer that holds for a day."""
    now = site.house.clock()
    await site.house.registrar.register(
        Registration.model_validate(
            {
                "external_id": external_id,
                "channel": "sms",
                "to": {"phone": number},
                "customer": {"name": "Jana Mustermann", "language": "de"},
                "offer": {
                    "title": "Ökostrom mit Preisgarantie",
                    "valid_until": (now + timedelta(hours=26, minutes=30)).isoformat(),
                    "queue": "default",
                },
                "body": BODY,
                "sent_at": (now - timedelta(hours=1)).isoformat(),
            },
            context={"region": "DE"},
        )
    )


async def dial_to_queue(site: Site, number: str = NUMBER) -> str:
    """A call that is in the queue, by way of the flow; its id."""
    phone = site.house.test_phone
    turn = await phone.dial(number, withheld=False, service_number="+493023125000")
    for _ in range(20):
        command = turn.commands[-1]
        if command.kind == "transfer":
            return turn.call_id
        assert command.kind == "ask_digits", command

        event = DigitsEntered("1") if command.max_digits == 1 else InputTimedOut()
        turn = await phone.send(turn.call_id, event)
    raise AssertionError("the flow leads to no queue")
