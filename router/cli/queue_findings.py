"""What ``threadline doctor`` finds of queues: whether Asterisk has them as they are described."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from router.agents.ami import Ami, AmiSettings, Connected, Disconnected, Notice, Snapshot
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
    snapshot, _ = await ask_ami(settings)
    if snapshot is None or snapshot.queues is None:
        return Finding("queues", Health.OFF, f"{names}; Asterisk cannot be asked whether it has them")
    missing = _missing(settings, book, snapshot.queues)
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


async def ask_ami(settings: Settings) -> tuple[Snapshot | None, str]:
    """How things stand in Asterisk, or why that cannot be told."""
    answer: asyncio.Future[tuple[Snapshot | None, str]] = asyncio.get_running_loop().create_future()

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
    ami = Ami(
        AmiSettings(username=settings.ami_username, secret=secret, host=settings.ami_host, port=settings.ami_port),
        on_notice,
    )
    await ami.start()
    try:
        async with asyncio.timeout(PATIENCE):
            return await answer
    except TimeoutError:
        return None, ami.problem or "does not answer"
    finally:
        await ami.stop()
