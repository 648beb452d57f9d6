"""``threadline keys`` and ``db``: what an operator does now and then."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from router import settings as settings_module
from router.api.keys import SCOPES, create_key, revoke_key
from router.app import database_of, opened, schema_of, there, utc_now
from router.cli.output import NO, WRONG_USE, as_json, fail, say
from router.store import migrate
from router.store.backup import BackupRefused, Copied, back_up, file_of, restore
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
        async with there(settings_module.load()) as store, store.read() as connection:
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
        async with there(settings_module.load()) as store, store.begin() as connection:
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
            if before is not None and before not in migrate.revisions():
                return before, before  # a newer version was here
            await migrate.upgrade(store)
        finally:
            await store.close()
        return before, migrate.newest()

    before, after = asyncio.run(run())
    newer = "" if after == migrate.newest() else ", which is newer than this version's"
    say(f"the database is at {after}{newer}" + ("" if before == after else f", it was {before or 'empty'}"))


@database.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to; it must not be there yet.")]) -> None:
    """Copy the embedded database as it is now, also while the service runs. See docs/backup.md for what else to keep.

    Example: threadline db backup /var/backups/threadline-2026-11-27.db
    """
    try:
        done = back_up(file_of_settings(), file)
    except BackupRefused as error:
        fail(str(error))
    say(f"{file}: {_shown(done)}, checked")


@database.command(name="restore")
def restored(file: Annotated[Path, typer.Argument(help="A backup that 'threadline db backup' made.")]) -> None:
    """Put a backup in the place of the embedded database, which is kept beside it; only while no service runs.

    Example: threadline db restore /var/backups/threadline-2026-11-27.db
    """
    place = file_of_settings()
    try:
        done = restore(file, place, utc_now())
    except BackupRefused as error:
        fail(str(error))
    say(f"{place}: {_shown(done)}" + (f"; what was there before is {done.aside}" if done.aside else ""))
    if done.schema != migrate.newest():
        say("it is at an older schema: 'threadline db upgrade' brings it to that of this version, as 'serve' does")
    say("THREADLINE_SECRET has to be the one that it was used with, or no code is found: 'threadline doctor' says so")
    say("what happened since the backup is gone: docs/backup.md says what to do about it before the service starts")


def file_of_settings() -> Path:
    """The file of the embedded database. Ends the command where it is another one."""
    try:
        return file_of(settings_module.load().database)
    except BackupRefused as error:
        fail(str(error))


def _shown(copied: Copied) -> str:
    return f"{copied.rows} rows in {copied.tables} tables at schema {copied.schema}, {copied.size / 1e6:.1f} MB"
