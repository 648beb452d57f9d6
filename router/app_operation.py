"""The third part of the composition root: what is seen of the service from outside, wired to what is running."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter

from router import logs, notify, traces
from router.api import health
from router.api.governor import Governor
from router.api.keys import Allowed
from router.api.metrics import Metrics
from router.api.pulse import Pulse
from router.api.readiness import Parts, Readiness
from router.api.stock import Stock
from router.app import House
from router.app_agents import Agents
from router.channels.agi.render import CHANNEL as ASTERISK
from router.channels.agi.server import AgiServer
from router.speech.audiosocket.server import AudioSocketServer
from router.speech.prompts import PromptStore
from router.store import backup, migrate
from router.store.statement_spans import trace_statements
from router.web.shares import Shares
from router.web.streams import OpenPages


@dataclass(frozen=True, slots=True)
class Running:
    """What runs in this process, as far as it is told of; None: it does not run here."""

    agi: AgiServer | None
    audiosocket: AudioSocketServer | None
    prompts: PromptStore
    desks: OpenPages
    boards: OpenPages
    stopping: asyncio.Event
    pulse: Pulse
    governor: Governor
    shares: Shares | None


def operation_routes(house: House, agents: Agents, metrics: Metrics, running: Running, allowed: Allowed) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`. Who is not on this machine has to be ``allowed`` to read the latter."""
    if traces.on():
        trace_statements(house.database.engines)
    _told_of_calls(house, agents, metrics)
    _told_of_the_process(house, metrics, running)
    _told_of_asterisk(agents, metrics, running)
    stock = Stock(house.database, house.clock)
    stock.show(metrics, lambda: list(dict.fromkeys([*house.queue_book.names, *house.settings.queues])))
    pulse = running.pulse
    asterisks = agents.asterisks if agents.asterisks.each else None
    readiness = Readiness(
        Parts(house.database, running.agi, asterisks, running.stopping, lambda: pulse.worst, _folders(house), house.bus)
    )
    metrics.watch("ready", lambda: readiness.is_ready)
    metrics.watch("schema_current", lambda: readiness.schema_is_right)
    figures_allowed = health.from_here_or(allowed, house.settings.host)

    async def look() -> None:
        await asyncio.gather(stock.look(), readiness.checks())

    return health.routes(readiness, metrics, figures_allowed, look)


def _folders(house: House) -> tuple[Path, ...]:
    """What is written to on this machine."""
    database = house.database.engines[0].url.database if house.database.is_sqlite else None
    return (house.settings.data_dir, *([Path(database).absolute().parent] if database else []))


def _told_of_calls(house: House, agents: Agents, metrics: Metrics) -> None:
    house.calls.on_turn = metrics.turn
    house.calls.guesses.on_wrong, house.calls.guesses.on_lockout = metrics.wrong_code, metrics.lockout
    watch = house.calls.watch
    metrics.watch("database_away", lambda: watch.away)
    metrics.watch("turns_given_up", lambda: watch.given_up)
    house.webhooks.on_answer = metrics.webhook
    house.database.on_use = metrics.database_used
    agents.ringing.on_card = metrics.card
    if (ear := house.ear) is not None:
        ear.on_hearing = metrics.hearing
        metrics.watch("hearings_under_way", ear.under_way)


def _told_of_the_process(house: House, metrics: Metrics, running: Running) -> None:
    running.pulse.on_lag = metrics.lag
    running.pulse.on_beat = notify.alive
    governor = running.governor
    metrics.watch("requests_shed", lambda: governor.shed)
    metrics.watch("requests_waiting", lambda: governor.waiting)
    metrics.watch("overload", lambda: governor.gives_way)
    if (shares := running.shares) is not None:
        metrics.watch("http_connections_open", lambda: shares.open)
        metrics.watch("http_connections_refused", lambda: shares.refused)
    build = {(version("threadline"), migrate.newest()): 1.0}
    metrics.watch("build_info", lambda: build)
    metrics.watch("bus_connected", lambda: house.bus.connected)
    if house.database.is_sqlite:
        metrics.watch("write_ahead_log_bytes", lambda: house.database.log_bytes)
        metrics.watch("backup_age_seconds", lambda: backup.age(house.clock().timestamp()))
    metrics.watch("duty_held", house.duties.states)
    metrics.watch("desk_pages_open", lambda: running.desks.total)
    metrics.watch("supervisor_pages_open", lambda: running.boards.total)
    metrics.watch("flows_release", lambda: house.flows.release_id)
    metrics.watch("log_lines_dropped", logs.dropped)
    metrics.watch("tasks", lambda: len(asyncio.all_tasks()))
    metrics.watch("prompts_made", lambda: running.prompts.made)
    metrics.watch("database_connections", lambda: dict(zip(("used", "idle"), house.database.connections, strict=True)))


def _told_of_asterisk(agents: Agents, metrics: Metrics, running: Running) -> None:
    if managers := [asterisk.ami for asterisk in agents.asterisks.each]:
        metrics.watch("ami_connected", lambda: {ami.name: ami.connected for ami in managers})
        metrics.watch("ami_connections", lambda: {ami.name: ami.times_connected for ami in managers})
    if (agi := running.agi) is not None:
        metrics.watch("agi_connections_open", lambda: agi.connections)
        metrics.watch("agi_connections", lambda: agi.taken)
        metrics.watch("agi_connections_refused", lambda: agi.refused)
        agi.on_given_up = partial(metrics.given_up, ASTERISK)
    if (audiosocket := running.audiosocket) is not None:
        metrics.watch("audiosocket_streams_open", lambda: audiosocket.streams)
        metrics.watch("audiosocket_refused", lambda: audiosocket.refusals)
