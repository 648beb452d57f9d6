"""Rows behind signing in: sessions, one-time links, failed attempts. Of tokens only hashes are stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, delete, func, insert, select, update

from router.store.database import Connection
from router.store.holds import hold
from router.store.tables import people, sign_in_failures, sign_in_links, web_sessions

PersonRow = Row[Any]

_session = web_sessions.c
# Made once: every request of a page and every open desk asks it again and again.
_PERSON_OF_SESSION: Final = (
    select(people, _session.expires_at, _session.created_at.label("begun_at"), _session.seen_at, _session.way)
    .join(web_sessions, _session.person_id == people.c.id)
    .where(
        _session.token_hash == bindparam("token"),
        _session.expires_at > bindparam("now"),
        people.c.disabled_at.is_(None),
    )
)


async def add_session(
    connection: Connection,
    token_hash: bytes,
    person_id: str,
    now: datetime,
    expires_at: datetime,
    way: str | None = None,
) -> None:
    """Store a session, and drop those that are over. ``way`` is ``password``, ``link`` or ``oidc``."""
    await connection.execute(delete(web_sessions).where(web_sessions.c.expires_at <= now))
    times = {"created_at": now, "seen_at": now, "expires_at": expires_at}
    values = {"token_hash": token_hash, "person_id": person_id, "way": way}
    await connection.execute(insert(web_sessions).values(**values, **times))


async def person_of_session(connection: Connection, token_hash: bytes, now: datetime) -> PersonRow | None:
    """The person of a live session, with the session's ``expires_at, begun_at, seen_at, way``, or None."""
    return (await connection.execute(_PERSON_OF_SESSION, {"token": token_hash, "now": now})).one_or_none()


async def seen(connection: Connection, token_hash: bytes, now: datetime, expires_at: datetime) -> None:
    """Note that a session is in use, and how long it lasts by that."""
    statement = update(web_sessions).where(web_sessions.c.token_hash == token_hash)
    await connection.execute(statement.values(seen_at=now, expires_at=expires_at))


async def sessions_of(connection: Connection, person_id: str, now: datetime) -> Sequence[Row[Any]]:
    """The live sessions of a person, the newest first."""
    query = (
        select(web_sessions)
        .where(web_sessions.c.person_id == person_id, web_sessions.c.expires_at > now)
        .order_by(web_sessions.c.created_at.desc(), web_sessions.c.token_hash)
    )
    return (await connection.execute(query)).all()


async def end_session(connection: Connection, token_hash: bytes) -> str | None:
    """End a session; the id of its person, or None when there was none."""
    query = select(web_sessions.c.person_id).where(web_sessions.c.token_hash == token_hash)
    person_id: str | None = (await connection.execute(query)).scalar_one_or_none()
    await connection.execute(delete(web_sessions).where(web_sessions.c.token_hash == token_hash))
    return person_id


async def end_sessions(connection: Connection, person_id: str, but: bytes | None = None) -> int:
    """End all sessions of a person, ``but`` one where given, and take back the sign-in links they have not used; how
    many sessions that were."""
    others = delete(web_sessions).where(web_sessions.c.person_id == person_id)
    if but is not None:
        others = others.where(web_sessions.c.token_hash != but)
    ended = (await connection.execute(others)).rowcount
    await connection.execute(delete(sign_in_links).where(sign_in_links.c.person_id == person_id))
    return ended


async def add_link(
    connection: Connection, token_hash: bytes, person_id: str, lands_on: str, now: datetime, expires_at: datetime
) -> None:
    """Store a one-time sign-in link, and drop those that are over."""
    await connection.execute(delete(sign_in_links).where(sign_in_links.c.expires_at <= now))
    await connection.execute(
        insert(sign_in_links).values(
            token_hash=token_hash, person_id=person_id, lands_on=lands_on, expires_at=expires_at
        )
    )


async def use_link(connection: Connection, token_hash: bytes, now: datetime) -> tuple[str, str] | None:
    """Use up a one-time link: ``(person id, page it lands on)``, or None when it is unknown, used or over."""
    used = await connection.execute(
        update(sign_in_links)
        .where(
            sign_in_links.c.token_hash == token_hash,
            sign_in_links.c.used_at.is_(None),
            sign_in_links.c.expires_at > now,
            sign_in_links.c.person_id.in_(select(people.c.id).where(people.c.disabled_at.is_(None))),
        )
        .values(used_at=now)
    )
    if used.rowcount != 1:
        return None
    query = select(sign_in_links.c.person_id, sign_in_links.c.lands_on).where(sign_in_links.c.token_hash == token_hash)
    person_id, lands_on = (await connection.execute(query)).one()
    return person_id, lands_on


async def hold_attempts(connection: Connection, subject: str, since: datetime) -> None:
    """Attempts side by side against ``subject`` are counted one after the other, until the transaction ends. Those from
    before ``since`` are dropped, whatever they were against."""
    await hold(connection, f"attempts:{subject}")
    await connection.execute(delete(sign_in_failures).where(sign_in_failures.c.at < since))


async def note_attempts(connection: Connection, subjects: Sequence[str], now: datetime) -> tuple[int, ...]:
    """Count an attempt against each of the subjects; the ids to take it back by."""
    values = [{"subject": subject, "at": now} for subject in subjects]
    noted = await connection.execute(insert(sign_in_failures).values(values).returning(sign_in_failures.c.id))
    return tuple(noted.scalars())


async def take_back_attempts(connection: Connection, ids: Sequence[int]) -> None:
    """Attempts that did not fail after all."""
    await connection.execute(delete(sign_in_failures).where(sign_in_failures.c.id.in_(ids)))


async def attempts(connection: Connection, subject: str, since: datetime) -> tuple[int, datetime | None]:
    """How many attempts there were against ``subject`` from ``since`` on, and when the first of them was."""
    query = select(func.count(), func.min(sign_in_failures.c.at)).where(
        sign_in_failures.c.subject == subject, sign_in_failures.c.at >= since
    )
    number, first = (await connection.execute(query)).one()
    return int(number), first


async def most_with_another(connection: Connection, subject: str, since: datetime) -> int:
    """How many attempts there were against ``subject OTHER`` from ``since`` on, of the other that has most."""
    of_each = (
        select(func.count().label("tried"))
        .where(_with_another(subject), sign_in_failures.c.at >= since)
        .group_by(sign_in_failures.c.subject)
        .subquery()
    )
    return int((await connection.execute(select(func.max(of_each.c.tried)))).scalar() or 0)


async def forget_attempts(connection: Connection, subject: str) -> None:
    """Forget the attempts against ``subject``, and against ``subject OTHER`` of any other."""
    either = (sign_in_failures.c.subject == subject) | _with_another(subject)
    await connection.execute(delete(sign_in_failures).where(either))


def _with_another(subject: str) -> ColumnElement[bool]:
    # By a range as well, since neither database looks LIKE up by this index; what stands there is hexadecimal.
    other = sign_in_failures.c.subject
    return other.between(f"{subject} ", f"{subject} g") & other.startswith(f"{subject} ", autoescape=True)
