"""What ``threadline doctor`` finds of the running service, by what it tells of itself, and of what waits for it."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from router.app import utc_now
from router.cli.findings import Finding, Health
from router.cli.output import counted
from router.cli.queue_findings import PATIENCE
from router.forgetting import behind
from router.settings import Settings
from router.settings.types import here
from router.store.database import Database
from router.store.figures import Outbox, outboxes
from router.store.machine import size_of

LONG: Final = 900.0
"""Seconds after which what waits to be sent should have been."""
LEAST_DAYS: Final = 14
"""Days that a certificate should still hold."""
MUCH_LAG: Final = 1.0

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def service_found(settings: Settings) -> Finding:
    """Whether it runs and takes calls."""
    address = f"http://{here(settings.host)}:{settings.port}"
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            response = await client.get(f"{address}/readyz")
    except httpx.HTTPError:
        return Finding("service", Health.OFF, f"nothing answers at {address}", "start it with 'threadline serve'")
    if response.is_success:
        return Finding("service", Health.WELL, f"runs at {address} and is ready")
    try:
        checks = dict(response.json()["checks"])
    except (ValueError, KeyError, TypeError):
        return Finding("service", Health.ILL, f"{address}/readyz answers {response.status_code}", "read its log")
    states = "; ".join(f"{name} {state}" for name, state in checks.items())
    found = f"runs at {address} and takes no calls, callers go to the default queue: {states}"
    return Finding("service", Health.ILL, found, "docs/night.md, 'A router is not ready'")


async def figures_found(settings: Settings) -> Finding:
    """What the running service's figures say of today."""
    address = f"http://{here(settings.host)}:{settings.port}/metrics"
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            response = await client.get(address)
    except httpx.HTTPError:
        return Finding("figures", Health.OFF, "none, as long as the service does not run")
    if not response.is_success:
        remedy = "the service listens on more than loopback: read them with a key (docs/metrics.md)"
        return Finding("figures", Health.OFF, f"are not told here ({response.status_code})", remedy)
    return figures_say(figures_of(response.text))


def figures_of(text: str) -> Figures:
    """The samples of Prometheus' text format. Pure."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figures_say(figures: Figures) -> Finding:
    """The worst that the figures say. Pure."""

    def added(name: str) -> float:
        return sum(value for (each, _), value in figures.items() if each == f"threadline_{name}")

    def plain(name: str) -> float | None:
        return figures.get((name, frozenset()))

    night = "docs/night.md"
    apart = [labels for (name, labels), value in figures.items() if name == "threadline_ami_connected" and not value]
    if apart and added("ami_connected") == 0:
        return Finding("figures", Health.ILL, "no Asterisk is connected: agents get no cards", night)
    if plain("threadline_bus_connected") == 0:
        found = "what other processes announce does not arrive: agents see cards late"
        return Finding("figures", Health.ILL, found, f"{night}, 'Processes do not hear each other'")
    used, most = plain("process_open_fds"), plain("process_max_fds")
    if used is not None and most and used / most > 0.8:
        found = f"{used:.0f} of {most:.0f} files and connections are open: soon no call gets in"
        return Finding("figures", Health.ILL, found, "raise LimitNOFILE of the unit")
    given_up, started = added("calls_given_up_total"), added("calls_started_total")
    memory = (plain("process_resident_memory_bytes") or 0.0) / 1e6
    told = f"{counted(int(started), 'call')} since the start, {int(given_up)} given up; {memory:.0f} MB"
    if given_up > max(3.0, started / 100):
        found = f"{told}: these callers went to the default queue undecided"
        return Finding("figures", Health.ILL, found, f"{night}, 'Calls go to the default queue'")
    return Finding("figures", Health.WELL, told)


async def unsent_found(settings: Settings) -> Finding:
    """What waits to be sent, and how large the database is."""
    try:
        database = Database(settings.database, busy_seconds=PATIENCE)
        try:
            async with database.read() as connection:
                waiting, size = await outboxes(connection, utc_now()), await size_of(connection)
        finally:
            await database.close()
    except Exception:  # whatever a driver raises: the finding on the database says what it is
        return Finding("unsent", Health.OFF, "cannot be looked at as long as the database is not well")
    return unsent(waiting, size, utc_now())


def unsent(waiting: dict[str, Outbox], size: int, now: datetime) -> Finding:
    """The finding by what waits. Pure."""
    told = (
        f"{', '.join(f'{name} {box.waiting}' for name, box in waiting.items())}; the database takes {size / 1e6:.0f} MB"
    )
    for name, box in waiting.items():
        if box.since is not None and (age := (now - box.since).total_seconds()) > LONG:
            found = f"{told}; the oldest of {name} has waited {age / 60:.0f} min: what was promised does not come"
            return Finding("unsent", Health.ILL, found, "docs/night.md, 'Texts, e-mails or the CRM wait'")
    return Finding("unsent", Health.WELL, told)


async def retention_found(settings: Settings) -> Finding:
    """Whether what is too old to be kept goes in its time."""
    try:
        database = Database(settings.database, busy_seconds=PATIENCE)
        try:
            late = await behind(database, settings, utc_now())
        finally:
            await database.close()
    except Exception:  # whatever a driver raises: the finding on the database says what it is
        return Finding("retention", Health.OFF, "cannot be looked at as long as the database is not well")
    if late:
        found = f"is behind: what should have gone a day ago is still there ({', '.join(late)})"
        remedy = "the service deletes it while it runs, a part each minute; else its log says why not (docs/keeping.md)"
        return Finding("retention", Health.ILL, found, remedy)
    return Finding("retention", Health.WELL, "what is too old has gone")


async def address_found(settings: Settings) -> Finding:
    """Whether the public address leads to us, and its certificate holds."""
    parts = urlsplit(settings.public_url)
    if parts.scheme != "https" or parts.hostname is None:
        found = f"{settings.public_url} is not encrypted: for this machine and tests only"
        return Finding(
            "address", Health.OFF, found, "put a proxy with a certificate before it, set THREADLINE_PUBLIC_URL"
        )
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            response = await client.get(f"{settings.public_url}/healthz")
        days = await _days_left(parts.hostname, parts.port or 443)
    except (httpx.HTTPError, OSError, TimeoutError) as error:
        found = f"{settings.public_url} cannot be reached from here ({type(error).__name__}): Twilio may not, either"
        return Finding("address", Health.ILL, found, "see name, proxy, certificate and firewall")
    if not response.is_success:
        found = (
            f"{settings.public_url}/healthz answers {response.status_code}: it leads elsewhere, or the proxy refuses"
        )
        return Finding("address", Health.ILL, found, "have the proxy hand it on to THREADLINE_HOST:THREADLINE_PORT")
    if days < LEAST_DAYS:
        found = f"the certificate of {parts.hostname} holds {days} more days: then Twilio and browsers refuse us"
        return Finding("address", Health.ILL, found, "renew it")
    return Finding("address", Health.WELL, f"{settings.public_url} leads here; its certificate holds {days} days")


async def _days_left(host: str, port: int) -> int:
    async with asyncio.timeout(PATIENCE):
        _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context())
    try:
        ends = str(writer.get_extra_info("peercert")["notAfter"])
    finally:
        writer.close()
    return int((ssl.cert_time_to_seconds(ends) - datetime.now(UTC).timestamp()) // 86_400)


async def traces_found(settings: Settings) -> Finding:
    """Whether traces can be made, and their collector is there."""
    if settings.otlp_url is None:
        return Finding(
            "traces", Health.OFF, "are not made", "set THREADLINE_OTLP_URL, if they are wanted (docs/traces.md)"
        )
    if find_spec("opentelemetry.sdk") is None:
        found = "what makes them is not installed: the service does not start"
        return Finding("traces", Health.ILL, found, "install what is in requirements/traces.txt")
    parts = urlsplit(settings.otlp_url)
    try:
        async with asyncio.timeout(PATIENCE):
            port = parts.port or (443 if parts.scheme == "https" else 80)
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        return Finding(
            "traces", Health.OFF, "the collector cannot be reached: they are lost, calls are not", "start it"
        )
    writer.close()
    return Finding("traces", Health.WELL, f"go to {parts.hostname}")
