"""Who somebody is here whom a provider has named: the person it knows already, one with the same verified e-mail
address, or somebody new; the last two only where the settings say so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from router.agents import people as new_people
from router.agents import rights
from router.agents.people import NewPerson
from router.errors import Refused
from router.store import audit, people
from router.store.database import Connection
from router.store.holds import hold
from router.web.oidc.identity import Identity
from router.web.person import AGENT, AUTO

_ODD: Final = re.compile(r"[^a-z0-9._@+-]")
_FIRST_QUEUE: Final = "default"


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom to let in, as the settings say."""

    role_claim: str | None = None
    roles: Mapping[str, str] | None = None
    creates: bool = False
    links: bool = False


class NotLetIn(Exception):
    """Somebody is known to the provider and still not let in: ``unknown``, ``disabled`` or ``no_role``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def arrive(
    connection: Connection,
    identity: Identity,
    rules: Rules,
    known_queues: Sequence[str],
    now: datetime,
    random_text: Callable[[int], str],
) -> str:
    """The id of the person, with the role that the provider gives them. Raises `NotLetIn`."""
    await hold(connection, "admins")
    row = await people.by_oidc_subject(connection, identity.subject)
    if row is None and rules.links:
        row = await _linked(connection, identity, now)
    if row is not None and row.disabled_at is not None:
        raise NotLetIn("disabled")
    if rules.role_claim and identity.role is None:
        raise NotLetIn("no_role")
    if row is None and not rules.creates:
        raise NotLetIn("unknown")
    if row is None:
        return await _added(connection, identity, known_queues, now, random_text)
    if identity.role is not None and identity.role != row.role:
        await _with_role(connection, row, identity.role, known_queues, now)
    return str(row.id)


async def _linked(connection: Connection, identity: Identity, now: datetime) -> people.PersonRow | None:
    """The one person with this address, tied to the provider from now on; None where there is none, or several, or the
    provider knows them by another name."""
    rows = await people.by_email(connection, identity.email) if identity.email else []
    if len(rows) != 1 or rows[0].oidc_subject is not None or rows[0].disabled_at is not None:
        return None
    await people.change(connection, rows[0].id, {"oidc_subject": identity.subject})
    detail = {"fields": ["oidc_subject"]}
    await audit.note(connection, now, "person.linked", "person", rows[0].id, person_id=rows[0].id, detail=detail)
    return rows[0]


async def _with_role(
    connection: Connection, row: people.PersonRow, role: str, known_queues: Sequence[str], now: datetime
) -> None:
    try:
        await rights.change(connection, row.id, {"role": role}, known_queues, now, by=row.id)
    except Refused as refused:  # the last admin stays one, so that somebody can still mend the mapping
        if refused.more.get("reason") != "last_admin":
            raise


async def _added(
    connection: Connection,
    identity: Identity,
    known_queues: Sequence[str],
    now: datetime,
    random_text: Callable[[int], str],
) -> str:
    login = _ODD.sub("-", identity.login).lstrip("._@+-")[:80] or "person"
    if await people.by_login(connection, login) is not None:  # of somebody else, who keeps it
        login = f"{login}-{random_text(6).casefold().replace('_', '-')}"
    taken = bool(identity.email and await people.by_email(connection, identity.email))
    person = NewPerson(
        login=login,
        name=identity.name or login,
        role=identity.role or AGENT,
        language=AUTO,
        queues=tuple(queue for queue in (_FIRST_QUEUE,) if queue in known_queues),
        email=None if taken else identity.email,
        oidc_subject=identity.subject,
    )
    return await new_people.add(connection, person, known_queues, now)
