"""What ``threadline doctor`` finds of queues: whether Asterisk has them as they are described."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass

from router.agents.ami import Ami, AmiDown, AmiSettings, Connected, Disconnected, Notice, Snapshot
from router.agents.phones import asterisk_phones
from router.agents.queue_names import is_place, of_phone, places
from router.cli.findings import Finding, Health
from router.cli.queues import book_of
from router.releases.queue_book import QueueBook
from router.settings import Settings

PATIENCE = 6.0
"""Seconds that one thing is given to answer."""


async def queues_found(settings: Settings) -> Finding:
    """Where Asterisk lacks a place of skills or of a phone, its queue stands for it; a queue that it lacks is a
    fault."""
    try:
        book = await book_of(settings)
    except Exception:  # whatever it is: the findings on the database and the flows say so
        return Finding("queues", Health.OFF, "cannot be looked at as long as the database and the flows are not well")
    names = ", ".join(book.names)
    if settings.ami_secret is None:
        return Finding("queues", Health.WELL, names)
    missing: list[str] = []
    for asked in await ask_all(settings):
        if asked.snapshot is None or asked.snapshot.queues is None:
            return Finding("queues", Health.OFF, f"{names}; Asterisk cannot be asked whether it has them")
        missing += _missing(settings, book, asked.snapshot.queues)
    if not missing:
        return Finding("queues", Health.WELL, f"{names}; Asterisk has them all")
    more = f" and {len(missing) - 1} more" if missing[1:] else ""
    remedy = "set THREADLINE_ASTERISK_QUEUES_FILE, or run 'threadline queues write' (docs/queues.md)"
    if all(map(is_place, missing)):
        found = f"Asterisk has no place {missing[0]}{more}: skills and last agents do not count there"
        return Finding("queues", Health.OFF, found, remedy)
    return Finding("queues", Health.ILL, f"Asterisk does not have the queue {missing[0]}{more}", remedy)


def _missing(settings: Settings, book: QueueBook, there: Collection[str]) -> list[str]:
    """The places that Asterisk does not have, queues first."""
    wanted = [place for name in ("default", *book.names) for place in places(name, book.get(name).skill_set)]
    if any(rule.last_agent for queue in book.described.values() for rule in queue.rules):
        wanted += [of_phone(phone) for phone in asterisk_phones(settings)]
    return sorted({place for place in wanted if place not in there}, key=lambda place: (is_place(place), place))


@dataclass(frozen=True, slots=True)
class Asked:
    """How things stand in an Asterisk; without a ``snapshot`` the ``reason`` why that cannot be told."""

    address: str
    snapshot: Snapshot | None
    reason: str
    name: str
    """Its system name."""
    ahead: float | None = None
    """Seconds that its clock is ahead of ours; None where it does not say what time it is."""


async def ask_all(settings: Settings) -> list[Asked]:
    """How things stand in each Asterisk of the settings."""
    return list(await asyncio.gather(*(_ask(settings, host, port) for host, port in settings.ami_addresses)))


async def _ask(settings: Settings, host: str, port: int) -> Asked:
    answer: asyncio.Future[tuple[Snapshot | None, str]] = asyncio.get_running_loop().create_future()
    names: list[str] = []

    async def on_notice(notice: Notice) -> None:
        if answer.done():
            return
        match notice:
            case Connected(snapshot):
                answer.set_result((snapshot, ""))
            case Disconnected(reason):
                answer.set_result((None, reason))
            case _:
                pass

    assert settings.ami_secret is not None  # noqa: S101
    secret = settings.ami_secret.get_secret_value()
    access = AmiSettings(username=settings.ami_username, secret=secret, host=host, port=port)
    ami = Ami(access, on_notice, on_name=names.append)
    await ami.start()
    ahead = None
    try:
        async with asyncio.timeout(PATIENCE):
            snapshot, reason = await answer
            if snapshot is not None and (there := await ami.clock()) is not None:
                ahead = there - time.time()
    except AmiDown as error:
        snapshot, reason = None, str(error)
    except TimeoutError:
        snapshot, reason = None, ami.problem or "does not answer"
    finally:
        await ami.stop()
    return Asked(f"{host}:{port}", snapshot, reason, names[-1] if names else "", ahead)
