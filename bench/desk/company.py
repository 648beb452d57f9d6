"""The people, their sessions and the messages, put into the router's database before it starts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from router.agents.people import NewPerson
from router.agents.people import add as add_person
from router.api.keys import create_key
from router.store import migrate
from router.store import web as sessions
from router.store.database import Database
from router.web.sign_in import digest

QUEUE = "bench"
FIRST_PHONE = 1001
_FIRST_NUMBER = 4930_2312_0000  # from the range the Bundesnetzagentur keeps for fiction


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody with a phone (``PJSIP/1001``) and a session of theirs."""

    login: str
    phone: str
    token: str


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody whose number, E.164, is on file under ``name``, which the card has to show."""

    number: str
    name: str


def customers(count: int) -> tuple[Customer, ...]:
    """Callers who are all different."""
    return tuple(Customer(f"+{_FIRST_NUMBER + each}", f"Kunde {each:05}") for each in range(count))


def registration(customer: Customer, now: datetime) -> dict[str, Any]:
    """The message a customer calls about, as the API takes it."""
    return {
        "external_id": f"bench-{customer.number}",
        "channel": "sms",
        "to": {"phone": customer.number},
        "customer": {"external_id": f"K-{customer.number}", "name": customer.name},
        "offer": {"title": "Sommer", "queue": QUEUE, "valid_until": (now + timedelta(days=7)).isoformat()},
        "body": f"Guten Tag {customer.name}, Ihr Angebot wartet.",
    }


async def founded(database_url: str, count: int) -> tuple[tuple[Agent, ...], str]:
    """Make so many agents with sessions, and a key for the CRM."""
    now = datetime.now(UTC)
    database = Database(database_url)
    try:
        await migrate.upgrade(database)
        agents = tuple(
            Agent(f"agent{each}", f"PJSIP/{FIRST_PHONE + each}", secrets.token_urlsafe(32)) for each in range(count)
        )
        async with database.begin() as connection:
            for agent in agents:
                person = NewPerson(login=agent.login, name=agent.login, queues=(QUEUE,))
                person_id = await add_person(connection, person, (QUEUE,), now)
                await sessions.add_session(connection, digest(agent.token), person_id, now, now + timedelta(hours=12))
            key = await create_key(connection, "bench", ["messages:write"], now)
    finally:
        await database.close()
    return agents, key


def phones(agents: Sequence[Agent]) -> list[str]:
    """The setting ``phones``."""
    return [agent.phone for agent in agents]
