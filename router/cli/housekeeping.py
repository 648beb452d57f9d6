"""``threadline keys``, ``people`` and ``db``: what an operator does now and then."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from router import settings as settings_module
from router.agents.people import NewPerson
from router.agents.people import add as add_person
from router.api.keys import SCOPES, create_key
from router.app import opened, utc_now
from router.cli.output import NO, WRONG_USE, fail, say
from router.errors import Refused
from router.store import migrate
from router.store.database import Database
from router.web.passwords import Passwords

keys = typer.Typer(help="API keys.", no_args_is_help=True)
people = typer.Typer(help="Agents and admins.", no_args_is_help=True)
database = typer.Typer(help="The database.", no_args_is_help=True)


@keys.command()
def create(
    scope: Annotated[list[str], typer.Option(help=f"What the key may do; repeatable: {', '.join(SCOPES)}.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make an API key and print it, once.

    Example: threadline keys create --scope messages:write --name crm
    """
    unknown = sorted(set(scope) - set(SCOPES))
    if unknown:
        fail(f"there is no scope '{unknown[0]}'; there is: {', '.join(SCOPES)}", WRONG_USE)

    async def run() -> str:
        async with opened(settings_module.load()) as store, store.begin() as connection:
            return await create_key(connection, name or "threadline keys create", scope, utc_now())

    try:
        key = asyncio.run(run())
    except ValueError as error:
        fail(str(error), WRONG_USE)
    say(key)


@people.command()
def add(
    login: Annotated[str, typer.Argument(help="The name to sign in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[str, typer.Option(help="agent or admin.")] = "agent",
    queue: Annotated[list[str] | None, typer.Option(help="A queue whose calls they take; repeatable.")] = None,
    language: Annotated[str, typer.Option(help="de or en.")] = "de",
) -> None:
    """Add an agent or admin; the password is asked for.

    Example: threadline people add anna --name "Anna Beispiel" --queue sales
    """
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(password) < 10:
        fail("a password has at least 10 characters", WRONG_USE)

    async def run() -> None:
        person = NewPerson(
            login=login,
            name=name,
            role=role,
            queues=tuple(queue or ("default",)),
            language=language,
            password_hash=Passwords().hash(password),
        )
        settings = settings_module.load()
        async with opened(settings) as store, store.begin() as connection:
            await add_person(connection, person, settings.queues, utc_now())

    try:
        asyncio.run(run())
    except Refused as error:
        fail(error.detail, NO)
    say(f"{login} can sign in now")


@database.command()
def upgrade() -> None:
    """Bring the database to the schema of this version.

    Example: threadline db upgrade
    """

    async def run() -> tuple[str | None, str]:
        store = Database(settings_module.load().database)
        try:
            before = await migrate.current(store)
            await migrate.upgrade(store)
        finally:
            await store.close()
        return before, migrate.newest()

    before, after = asyncio.run(run())
    say(f"the database is at {after}" + ("" if before == after else f", it was {before or 'empty'}"))
