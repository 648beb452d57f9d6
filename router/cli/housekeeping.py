"""``threadline keys`` and ``db``: what an operator does now and then."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from router import settings as settings_module
from router.api.keys import SCOPES, create_key
from router.app import database_of, opened, schema_of, utc_now
from router.cli.output import WRONG_USE, fail, say
from router.store import migrate

keys = typer.Typer(help="API keys.", no_args_is_help=True)
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


@database.command()
def upgrade() -> None:
    """Bring the database to the schema of this version.

    Example: threadline db upgrade
    """

    async def run() -> tuple[str | None, str]:
        store = database_of(settings_module.load(), patient=True)
        try:
            before = await schema_of(store)
            await migrate.upgrade(store)
        finally:
            await store.close()
        return before, migrate.newest()

    before, after = asyncio.run(run())
    say(f"the database is at {after}" + ("" if before == after else f", it was {before or 'empty'}"))
