"""``threadline keys`` and ``db``: what an operator does now and then."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from router import settings as settings_module
from router.api.keys import SCOPES, create_key, revoke_key
from router.app import database_of, opened, schema_of, utc_now
from router.cli.output import NO, WRONG_USE, as_json, fail, say
from router.store import migrate
from router.store.keys import all_keys

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


@keys.command(name="list")
def listed(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """All keys, without the keys themselves: what each is for and may do, and when it was last used, to the hour.

    Example: threadline keys list
    """

    async def run() -> list[dict[str, Any]]:
        names = ("id", "name", "scopes", "created_at", "used_at", "revoked_at")
        async with opened(settings_module.load()) as store, store.read() as connection:
            return [{name: getattr(row, name) for name in names} for row in await all_keys(connection)]

    found = asyncio.run(run())
    if json:
        as_json(found)
        return
    for each in found:
        used = f"used {each['used_at']:%Y-%m-%d}" if each["used_at"] else "never used"
        state = f"revoked {each['revoked_at']:%Y-%m-%d}" if each["revoked_at"] else used
        say(f"{each['id']}  {each['name']:<24} {state:<19} {', '.join(each['scopes'])}")


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(help="Its id, which 'threadline keys list' shows.")]) -> None:
    """Make a key worthless from now on.

    Example: threadline keys revoke 5b0c3c2f0a8f
    """

    async def run() -> bool:
        async with opened(settings_module.load()) as store, store.begin() as connection:
            return await revoke_key(connection, key_id, utc_now())

    if not asyncio.run(run()):
        fail(f"there is no key '{key_id}', or it was revoked before; 'threadline keys list' lists all", NO)
    say(f"the key {key_id} is worthless now")


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
