"""The sample data of ``threadline demo``: people, messages, and a way to sign in. Nothing of it exists in ``serve``."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from router.agents import people
from router.app import House, sign_in_of
from router.messages.sample import Sample, register_samples
from router.messages.sample_texts import POOL
from router.store import people as rows
from router.store.database import Connection
from router.web.person import AUTO

SERVICE_NUMBER = "+493023125000"
"""From the range that the Bundesnetzagentur keeps for fiction."""

POOLS = {POOL: ("+493023125101", "+493023125102")}
"""Service numbers that letters get, from the same range."""

QUEUES = ("default", "sales", "service")
LEAD = people.NewPerson(login="robin", name="Robin Muster", role="admin", language=AUTO, queues=QUEUES)
COLLEAGUE = people.NewPerson(login="kim", name="Kim Beispiel", role="agent", language=AUTO, queues=QUEUES)

Say = Callable[[str], None]


async def set_up(house: House, settings_file: Path, say: Say) -> None:
    """Make the samples where they are not there yet, and say where to go and how to get in."""
    sign_in = sign_in_of(house)
    async with house.database.begin() as connection:
        lead = await _person(connection, LEAD, house)
        colleague = await _person(connection, COLLEAGUE, house)
    samples = await register_samples(house.registrar, house.clock())
    address = house.settings.public_url

    async def link(person_id: str, page: str) -> str:
        return address + await sign_in.make_link(person_id, page)

    say("\nThreadline is ready. Each link signs in once; start again for new ones.\n")
    say(f"  Desk         {address}/desk\n               {await link(lead, '/desk')}")
    say(f"  Admin        {address}/admin\n               {await link(lead, '/admin')}")
    say(f"  Test phone   {address}/testphone\n               {await link(lead, '/testphone')}")
    say(f"  A second agent's desk, for a private window:\n               {await link(colleague, '/desk')}")
    _suggest(samples, house.registrar.rules.pools.every_number, settings_file, say)


def _suggest(samples: list[Sample], leased: Collection[str], settings_file: Path, say: Say) -> None:
    say("\nOn the desk choose 'Ready', then call from the test phone:")
    for sample in samples:
        code = sample.registered.callback_code
        say(f"  from {sample.call_from:<14} code {code}   {sample.shows}")
        if sample.registered.service_number in leased:
            say(
                f"       {'':<14}                   or call {sample.registered.service_number}, the letter's own number"
            )
    say("  Outside opening hours the test phone calls as if it were open, and says so; 'dial' is asked to leave a")
    say("  message then, and 'dial --at 2026-11-23T10:00:00' calls at another time.")
    say("\nOr call from another terminal, and ask whom a call would be about:")
    command = f"THREADLINE_CONFIG={settings_file} .venv/bin/threadline"
    say(f"  {command} dial --from {samples[0].call_from}")
    say(f"  {command} match --from {samples[0].call_from}")
    say("Ctrl-C ends it.")


async def _person(connection: Connection, person: people.NewPerson, house: House) -> str:
    known = await rows.by_login(connection, person.login)
    if known is not None:
        return str(known.id)
    return await people.add(connection, person, house.queue_book.names, house.clock())
