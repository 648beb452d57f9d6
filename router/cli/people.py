"""``threadline people``: who may sign in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from dataclasses import replace
from typing import Annotated

import typer

from router import settings as settings_module
from router.agents.people import NewPerson
from router.agents.people import add as add_person
from router.agents.people import check as check_person
from router.app import assembled, opened, sign_in_of, utc_now
from router.cli.output import NO, WRONG_USE, fail, say
from router.errors import Refused
from router.store import people as rows
from router.store import web as sessions
from router.web.passwords import LONGEST, Passwords

app = typer.Typer(help="Agents and admins.", no_args_is_help=True)

SHORTEST_PASSWORD = 10
_TOO_LONG = f"a password has at most {LONGEST} characters"

Login = Annotated[str, typer.Argument(help="The name to sign in with.")]


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[str, typer.Option(help="agent or admin.")] = "agent",
    queue: Annotated[list[str] | None, typer.Option(help="A queue whose calls they take; repeatable.")] = None,
    language: Annotated[str, typer.Option(help="de or en.")] = "de",
) -> None:
    """Add an agent or admin; the password is asked for, or read as one line of standard input.

    Example: threadline people add anna --name "Anna Beispiel" --queue sales
    """
    settings = settings_module.load()
    queues = tuple(queue or ("default",))
    person = NewPerson(login=login, name=name, role=role, queues=queues, language=language)

    async def checked() -> None:
        async with opened(settings) as store, store.read() as connection:
            await check_person(connection, person, settings.queues)

    async def added(password_hash: str) -> None:
        async with opened(settings) as store, store.begin() as connection:
            await add_person(connection, replace(person, password_hash=password_hash), settings.queues, utc_now())

    _accepted(checked())
    _accepted(added(Passwords().hash(_asked_password())))
    say(f"{login} can sign in now")


@app.command()
def password(login: Login) -> None:
    """Give a person a new password, asked for or read as one line of standard input, and end their sessions.

    Example: threadline people password anna
    """

    async def known() -> bool:
        async with opened(settings_module.load()) as store, store.read() as connection:
            return await rows.by_login(connection, login) is not None

    if not asyncio.run(known()):  # before two passwords are typed for nothing
        fail(_nobody(login), NO)
    password_hash = Passwords().hash(_asked_password())

    async def run() -> bool:
        async with opened(settings_module.load()) as store, store.begin() as connection:
            person = await rows.by_login(connection, login)
            if person is None:
                return False
            await rows.change(connection, person.id, {"password_hash": password_hash})
            await sessions.end_sessions(connection, person.id)
            return True

    if not asyncio.run(run()):
        fail(_nobody(login), NO)
    say(f"{login} has a new password and has to sign in again")


@app.command()
def link(
    login: Login,
    page: Annotated[str, typer.Option(help="Where it lands: desk, admin or testphone.")] = "desk",
) -> None:
    """Print a link that signs a person in once, within 12 hours.

    Example: threadline people link anna
    """
    if page not in ("desk", "admin", "testphone"):
        fail(f"'{page}' is not desk, admin or testphone", WRONG_USE)

    async def run() -> str | None:
        async with assembled(settings_module.load()) as house:
            async with house.database.read() as connection:
                person = await rows.by_login(connection, login)
            if person is None:
                return None
            return house.settings.public_url + await sign_in_of(house).make_link(person.id, f"/{page}")

    address = asyncio.run(run())
    if address is None:
        fail(_nobody(login), NO)
    say(address)


def _accepted(attempt: Coroutine[None, None, None]) -> None:
    try:
        asyncio.run(attempt)
    except Refused as error:
        fail(error.detail, NO)


def _asked_password() -> str:
    if sys.stdin.isatty():
        entered: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        entered = _piped_password()
    if len(entered) < SHORTEST_PASSWORD:
        fail(f"a password has at least {SHORTEST_PASSWORD} characters", WRONG_USE)
    if len(entered) > LONGEST:
        fail(_TOO_LONG, WRONG_USE)
    return entered


def _piped_password() -> str:
    """One line, which a script gives; there is nobody to type it a second time."""
    most = 4 * LONGEST + 2  # a character has up to four bytes, and the line an end
    line = sys.stdin.buffer.readline(most + 1)
    if not line:
        fail("there is no password on standard input; give it as one line, or run this in a terminal", WRONG_USE)
    if len(line) > most:
        fail(_TOO_LONG, WRONG_USE)
    try:
        return line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        fail("the password on standard input is not UTF-8", WRONG_USE)


def _nobody(login: str) -> str:
    return f"there is nobody with the login '{login}'; the admin page lists all, 'threadline people add' adds one"
