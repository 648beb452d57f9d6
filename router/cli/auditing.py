"""``threadline audit``: who saw or changed what."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

import typer

from router import settings as settings_module
from router.app import there
from router.cli.output import NO, WRONG_USE, as_json, fail, say
from router.core.times import rfc3339
from router.store import audit_notes, people
from router.store.audit_notes import NOBODY, Asked
from router.store.database import Connection

_MOST = 10_000


def audit(
    person: Annotated[str, typer.Option(help="Only what this login did; '-' for the command line.")] = "",
    key: Annotated[str, typer.Option(help="Only what the API key with this id did.")] = "",
    action: Annotated[str, typer.Option(help="Only this action, such as message.seen.")] = "",
    subject: Annotated[str, typer.Option(help="Only about these: message, call, customer, person, key, flow …")] = "",
    subject_id: Annotated[str, typer.Option("--id", help="Only about the one with this id.")] = "",
    since: Annotated[str, typer.Option(help="From this time on: 2026-03-02T00:00:00+01:00.")] = "",
    until: Annotated[str, typer.Option(help="Before this time.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="At most so many, the newest.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Who saw or changed what, the newest last. Nothing of it can be changed; old notes go by themselves.

    Example: threadline audit --person anna --action message.seen
    """
    about = {"action": action, "subject": subject, "subject_id": subject_id}
    times = {"since": _time("since", since), "until": _time("until", until)}

    async def run() -> list[dict[str, Any]]:
        async with there(settings_module.load()) as store, store.read() as connection:
            who = key or await _who(connection, person)
            found = await audit_notes.found(connection, Asked(who=who, **about, **times), limit)  # type: ignore[arg-type]
        return [_shown(row) for row in reversed(found)]

    found = asyncio.run(run())
    if json:
        as_json(found)
        return
    for each in found:
        detail = "; ".join(f"{name}: {value}" for name, value in each["detail"].items())
        about_what = f"{each['subject']} {each['subject_id'] or ''}".rstrip()
        who = each["login"] or (f"key {each['key'] or each['key_id']}" if each["key_id"] else "command line")
        say(f"{each['at']:%Y-%m-%d %H:%M:%S} {who:<20} {each['action']:<18} {about_what}{detail and f'  ({detail})'}")


async def _who(connection: Connection, login: str) -> str:
    if login in ("", NOBODY):
        return login
    row = await people.by_login(connection, login)
    if row is None:
        fail(f"there is nobody with the login '{login}'", NO)
    return str(row.id)


def _time(option: str, text: str) -> datetime | None:
    try:
        return rfc3339(text) if text else None
    except ValueError:
        fail(f"--{option} is no time with an offset, such as 2026-03-02T00:00:00+01:00", WRONG_USE)


def _shown(row: Any) -> dict[str, Any]:
    names = ("id", "at", "person_id", "login", "key_id", "key", "action", "subject", "subject_id", "detail")
    return {name: getattr(row, name) for name in names}
