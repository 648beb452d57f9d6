"""People who sign in: agents, supervisors and admins, their phones and whether they take calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, exists, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.tables import cards, people, web_sessions

PersonRow = Row[Any]


async def add(connection: Connection, values: dict[str, Any]) -> bool:
    """Store a new person; False when somebody has this login already."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = build(people).values(**values).on_conflict_do_nothing(index_elements=["login"])
    return (await connection.execute(statement)).rowcount == 1


# Made once: to make a statement takes longer than to run it, and these run several times in each call.
_BY_ID: Final = select(people).where(people.c.id == bindparam("person"))
_BY_PHONE: Final = select(people).where(people.c.phone == bindparam("phone")).limit(1)
_CHANGE: Final = update(people).where(people.c.id == bindparam("person"))
_LOCKED: Final = (
    select(people).where(people.c.id.in_(bindparam("these", expanding=True))).order_by(people.c.id).with_for_update()
)


async def by_id(connection: Connection, person_id: str) -> PersonRow | None:
    """The person, or None."""
    return (await connection.execute(_BY_ID, {"person": person_id})).one_or_none()


async def by_login(connection: Connection, login: str) -> PersonRow | None:
    """The person who signs in as `login`, or None."""
    return (await connection.execute(select(people).where(people.c.login == login))).one_or_none()


async def by_email(connection: Connection, email: str) -> Sequence[PersonRow]:
    """Who has this e-mail address, whatever the case of its letters."""
    return (await connection.execute(select(people).where(func.lower(people.c.email) == email.lower()))).all()


async def by_oidc_subject(connection: Connection, subject: str) -> PersonRow | None:
    """Whom the sign-in provider knows by this name, or None."""
    return (await connection.execute(select(people).where(people.c.oidc_subject == subject))).one_or_none()


async def found(connection: Connection, text: str) -> Sequence[PersonRow]:
    """People whose login, name or e-mail address holds ``text``, by login; everybody for an empty one."""
    columns = (people.c.login, people.c.name, people.c.email)
    holds = or_(*(func.lower(column).contains(text.lower(), autoescape=True) for column in columns))
    return (await connection.execute(select(people).where(holds if text else true()).order_by(people.c.login))).all()


async def admins(connection: Connection) -> Sequence[PersonRow]:
    """The administrators who may sign in."""
    query = select(people).where(people.c.role == "admin", people.c.disabled_at.is_(None))
    return (await connection.execute(query.order_by(people.c.id))).all()


async def everybody(connection: Connection) -> Sequence[PersonRow]:
    """All people, by login."""
    return (await connection.execute(select(people).order_by(people.c.login))).all()


async def lock(connection: Connection, person_ids: Collection[str]) -> Sequence[PersonRow]:
    """These people, locked until the transaction ends; always in the same order, so that none waits in a ring.

    Whoever writes desk events locks their people first: then the ids of a person's events ascend as they are
    committed, and a page that has seen one has seen all before it.
    """
    return (await connection.execute(_LOCKED, {"these": list(person_ids)})).all()


async def change(connection: Connection, person_id: str, values: dict[str, Any]) -> None:
    """Change columns of a person."""
    await connection.execute(_CHANGE, {**values, "person": person_id})


async def by_phone(connection: Connection, interface: str) -> PersonRow | None:
    """Who has chosen this phone (`PJSIP/101`), or None."""
    return (await connection.execute(_BY_PHONE, {"phone": interface})).one_or_none()


async def with_phones(connection: Connection) -> Sequence[PersonRow]:
    """Everybody who has chosen a phone."""
    return (await connection.execute(select(people).where(people.c.phone.is_not(None)))).all()


async def on_duty(connection: Connection) -> Sequence[PersonRow]:
    """Everybody who is ready or paused."""
    return (await connection.execute(select(people).where(people.c.presence != "off"))).all()


async def on_duty_without_session(connection: Connection, now: datetime) -> Sequence[PersonRow]:
    """Those of them, of the holders of phones and of those who wrap a talk up, whose last sign-in has expired or was
    ended."""
    there = (people.c.presence != "off") | people.c.phone.is_not(None) | people.c.wrap_until.is_not(None)
    query = select(people).where(there, ~_signed_in(now))
    return (await connection.execute(query)).all()


async def is_signed_in(connection: Connection, person_id: str, now: datetime) -> bool:
    """Whether the person has a sign-in that still holds."""
    query = select(people.c.id).where(people.c.id == person_id, _signed_in(now))
    return (await connection.execute(query)).first() is not None


async def there_with_phones(connection: Connection, now: datetime) -> set[str]:
    """The ids of those who hold a phone and may keep it: they take calls, or are signed in at least."""
    query = select(people.c.id).where(people.c.phone.is_not(None), (people.c.presence != "off") | _signed_in(now))
    return set((await connection.execute(query)).scalars())


async def page_left(connection: Connection, person_id: str, at: datetime | None) -> None:
    """Since when no page of this person is open; None: one is."""
    known = people.c.page_left_at.is_(None) if at is not None else people.c.page_left_at.is_not(None)
    await connection.execute(update(people).where(people.c.id == person_id, known).values(page_left_at=at))


async def all_pages_left(connection: Connection, at: datetime) -> None:
    """Of everybody who takes calls no page is open, as far as we know."""
    there = (people.c.presence == "ready", people.c.page_left_at.is_(None))
    await connection.execute(update(people).where(*there).values(page_left_at=at))


async def ready_without_page(connection: Connection, since: datetime) -> Sequence[PersonRow]:
    """Who takes calls and had no page open at ``since`` or later."""
    query = select(people).where(people.c.presence == "ready", people.c.page_left_at <= since)
    return (await connection.execute(query)).all()


async def ready_and_free(connection: Connection, queue: str) -> Sequence[PersonRow]:
    """Who is ready, belongs to `queue`, talks to nobody and wraps nothing up; by login."""
    talking = exists().where(cards.c.person_id == people.c.id, cards.c.state == "talking")
    ready = (people.c.presence == "ready", people.c.wrap_until.is_(None), ~talking)
    query = select(people).where(*ready).order_by(people.c.login)
    # The queues are a JSON list, which the two databases search in different ways; people are few.
    return [row for row in await connection.execute(query) if queue in row.queues]


async def taking_calls(connection: Connection) -> Sequence[PersonRow]:
    """Who is ready, by name: ``id``, ``name``, ``phone``, and whether they are ``free``, talking to nobody."""
    talking = exists().where(cards.c.person_id == people.c.id, cards.c.state == "talking")
    query = select(people.c.id, people.c.name, people.c.phone, (~talking).label("free")).where(
        people.c.presence == "ready"
    )
    return (await connection.execute(query.order_by(people.c.name, people.c.id))).all()


def _signed_in(now: datetime) -> Any:
    return exists().where(web_sessions.c.person_id == people.c.id, web_sessions.c.expires_at > now)
