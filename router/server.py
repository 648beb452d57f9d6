"""A running Threadline: starts what `router.app` made, serves until it is told to stop, and stops in good order."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from router import app, app_agents, logs, notify
from router.api.pulse import Pulse
from router.app import House
from router.app_agents import Agents
from router.app_callbacks import callback_parts
from router.channels.agi.listening import Listener
from router.channels.agi.server import AgiServer
from router.channels.simulator.phone import CHANNEL as TEST_PHONE
from router.channels.simulator.queues import SimulatedQueues
from router.flow.nodes.sayings import FIXED
from router.flow.placeholders import has_variables
from router.forgetting import LONGEST_CALL, forget, forget_files
from router.releases.following import Following
from router.settings import Settings
from router.speech.prompts import Prompt, PromptStore
from router.store import cards
from router.store.duties import Work
from router.store.loops import look_again, woken_within
from router.web.connections import connections_of, make_room
from router.web.shares import Shares, addresses_of
from router.web_app import web_app

log = structlog.get_logger(__name__)

SWEEP_EVERY = 60.0
"""Seconds between looks for people and calls that went without saying so."""
GRACE = 10.0
"""Seconds that requests in progress are given when the service stops and no call is left."""
TELL_EVERY = 5.0
"""Seconds between two lines about calls that it still waits for."""

Ready = Callable[[House], Awaitable[None]]


def run(settings: Settings, ready: Ready | None = None) -> None:
    """Serve until SIGINT or SIGTERM. ``ready`` is awaited once everything listens.

    Raises `SettingsRefused`, `FlowRefused`, and `OSError` when an address cannot be had.
    """
    make_room()

    async def listening(house: House) -> None:
        # What is there now stays to the end. To look through all of it again and again, the collector of garbage would
        # stop every call and every page for more than 0.1 s each time.
        gc.collect()
        gc.freeze()
        if ready is not None:
            await ready(house)

    uvloop.run(serve(settings, listening))


async def serve(settings: Settings, ready: Ready | None = None) -> None:
    """As `run`, in a loop that there is."""
    asyncio.get_running_loop().set_exception_handler(logs.of_the_loop)
    stopping = asyncio.Event()
    async with app.assembled(settings, serving=True) as house, AsyncExitStack() as stack:
        agents = app_agents.agents_of(house)
        queues = house.test_phone.queues = app_agents.browser_queues(house, agents)
        prompts = await app.prompt_store(settings)
        listener = app.listener_of(house)
        agi = await stack.enter_async_context(_running(house, agents, queues, prompts, listener))
        pulse = Pulse()
        shares = await _shares(settings)
        audiosocket = listener.server if listener else None
        pages = web_app(house, agents, prompts, stopping, agi, audiosocket, pulse, shares)
        beating = asyncio.create_task(pulse.run(), name="pulse")
        stack.callback(beating.cancel)
        await _listen(pages, house, agi, stopping, ready, shares)
    log.info("stopped")


@asynccontextmanager
async def _running(
    house: House, agents: Agents, queues: SimulatedQueues, prompts: PromptStore, listener: Listener | None
) -> AsyncIterator[AgiServer]:
    """Everything but the pages: prompts, Asterisk on both ways, and the sweeper."""
    async with AsyncExitStack() as stack:
        await prompts.open()
        stack.push_async_callback(prompts.aclose)
        await off_the_desks(house, agents, house.clock())
        if listener is not None:
            await listener.server.start()
            stack.push_async_callback(listener.server.stop)
        calling_back = callback_parts(house, agents, queues)
        agi = app.agi_server(house, prompts, listener, calling_back.line)
        await agi.start()
        stack.push_async_callback(agi.stop, 0.0)
        await stack.enter_async_context(agents.asterisks.running())
        async with asyncio.TaskGroup() as tasks:
            asterisk_queues = app_agents.asterisk_queues(house, agents.asterisks, prompts)

            async def released() -> None:
                await asterisk_queues.follow()
                await _prepare(house, prompts, listener)

            following = Following(house.flows, house.releases, house.bus, released)
            work = (_prepare(house, prompts, listener), _sweep_files(house), following.run(), house.folder.run())
            timers = (agents.wrap_ups.run(), calling_back.rounds.run())
            for_all: dict[str, Work] = {
                "sweep": partial(_sweep, house, agents),
                "pages": agents.page_watch.run,
                "test calls": queues.run,
            }
            others = (asterisk_queues.run(), agents.work_news.run(), *_duties(house, for_all))
            background = [tasks.create_task(each) for each in (*work, *timers, *others)]
            if (sender := app.text_sender(house)) is not None:
                background.append(tasks.create_task(sender.run()))
            if (activities := app_agents.worker_activities(house)) is not None:
                stack.push_async_callback(activities.aclose)
                background += [tasks.create_task(each) for each in _duties(house, {"activities": activities.run})]
            if (crm := app.crm_sender(house)) is not None:
                background.append(tasks.create_task(crm.run()))
            if house.ear is not None:
                background.append(tasks.create_task(house.ear.prepare()))
            else:
                log.info("nobody listens to speech: callers use keys", recogniser=house.settings.recogniser)
            try:
                yield agi
            finally:
                for task in background:
                    task.cancel()


def _duties(house: House, works: Mapping[str, Work]) -> list[Coroutine[Any, Any, None]]:
    """What one process does at a time for all of them."""
    return [house.duties.duty(name).while_held(work) for name, work in works.items()]


async def _shares(settings: Settings) -> Shares:
    asterisks = await addresses_of([host for host, _ in settings.ami_addresses])
    return Shares([*settings.trusted_proxies, *asterisks], settings.connections_of_an_address)


async def _listen(
    pages: FastAPI, house: House, agi: AgiServer, stopping: asyncio.Event, ready: Ready | None, shares: Shares
) -> None:
    settings = house.settings
    config = uvicorn.Config(
        pages,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(GRACE),
        timeout_keep_alive=30,
        proxy_headers=False,
        http=connections_of(shares),
        ws="none",
    )
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    server, at_once = _Server(config), asyncio.Event()

    def stop() -> None:
        """Told once: let calls finish, with readiness and streams sending everybody elsewhere. Told again: end."""
        if stopping.is_set():
            at_once.set()
        else:
            notify.stopping()
        stopping.set()
        agi.refuse()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve([listening]))
        serving.add_done_callback(lambda _: stop())
        await server.up.wait()
        if ready is not None:
            await ready(house)
        await stopping.wait()
        await calls_over(agi, settings.stop_seconds, at_once)
        server.should_exit, server.force_exit = True, at_once.is_set()


async def calls_over(agi: AgiServer, seconds: float, at_once: asyncio.Event) -> None:
    """Wait until no call is in progress, but not longer than so many seconds, nor when told to end ``at_once``."""
    loop = asyncio.get_running_loop()
    until, tell_at = loop.time() + seconds, loop.time()
    while agi.calls and not at_once.is_set() and (left := until - loop.time()) > 0:
        if loop.time() >= tell_at:
            log.info("stopping: calls still in progress", calls=agi.calls, seconds_left=round(left))
            tell_at += TELL_EVERY
        await woken_within(min(0.1, left), at_once)
    if agi.calls:
        log.warning(
            "stopping: calls in progress are left to other routers, or go to the default queue", calls=agi.calls
        )


class _Server(uvicorn.Server):
    """Says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us: uvicorn raises them again when it is done, which would end us before the calls are."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


async def tidy(house: House, agents: Agents, now: datetime) -> None:
    """Look once for people and calls that went without saying so."""
    await agents.presence.leave_expired()
    for channel in ("asterisk", "twilio", TEST_PHONE):
        await house.calls.end_lost(channel, frozenset(), now - LONGEST_CALL)
    await off_the_desks(house, agents, now)
    await forget(house, now)


async def off_the_desks(house: House, agents: Agents, now: datetime) -> None:
    """Take calls that have ended off the desks, should whoever ended them not have come to it: the two are not one
    transaction."""
    async with house.database.read() as connection:
        left_over = await cards.of_ended_calls(connection, now)
    for call_key in left_over:
        await agents.ringing.over(call_key)


async def _prepare(house: House, prompts: PromptStore, listener: Listener | None) -> None:
    """Make all prompts of the flows ahead, so that no caller waits for them."""
    if listener is not None:
        await listener.comfort.prepare(prompts)
    flows = house.flows.current.values()
    wanted = [
        Prompt(text, language, words.recording)
        for words in (*FIXED, *(words for flow in flows for words in flow.words()))
        for language, text in words.texts.items()
        if not has_variables(text)  # made in the call
    ]
    problems = await prompts.prepare(wanted)
    for reason, count in Counter(problem.reason for problem in problems).items():
        log.warning("prompts cannot be made", prompts=count, reason=reason)


async def _sweep_files(house: House) -> None:
    async def look() -> None:
        await forget_files(house, house.clock())

    failed = "old recordings could not be deleted, will be tried again"
    await look_again(look, SWEEP_EVERY, away="old recordings stay: the database is away", failed=failed)


async def _sweep(house: House, agents: Agents) -> None:
    """Look now and then for what went without saying so."""
    while True:
        await asyncio.sleep(SWEEP_EVERY)
        try:
            await tidy(house, agents, house.clock())
        except Exception:
            log.exception("sweeping failed, will be tried again")
