"""``threadline people``: who may sign in, and what they may do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Protocol

import typer

from router import settings as settings_module
from router.agents import rights
from router.agents.people import NewPerson
from router.agents.people import add as add_person
from router.agents.people import check as check_person
from router.agents.rights import Change
from router.app import assembled, opened, refuse_missing, sign_in_of, there, utc_now
from router.cli.output import NO, WRONG_USE, as_json, fail, say
from router.cli.queues import known_queues
from router.errors import Refused
from router.store import audit
from router.store import people as rows
from router.store.database import Connection
from router.web.passwords import LONGEST, SHORTEST, Passwords
from router.web.sign_in import LANDINGS

app = typer.Typer(help="Agents, supervisors and admins.", no_args_is_help=True)


_TOO_LONG = f"a password has at most {LONGEST} characters"

Login = Annotated[str, typer.Argument(help="The name to sign in with.")]


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[str, typer.Option(help="agent, supervisor or admin.")] = "agent",
    queue: Annotated[list[str] | None, typer.Option(help="A queue whose calls they take; repeatable.")] = None,
    language: Annotated[str, typer.Option(help="de or en, or auto: as the browser asks.")] = "de",
    email: Annotated[str | None, typer.Option(help="Their e-mail address, which a provider may know them by.")] = None,
    skill: Annotated[list[str] | None, typer.Option(help="What they are able to do; repeatable.")] = None,
) -> None:
    """Add somebody who may sign in; the password is asked for, or read as one line of standard input.

    Example: threadline people add anna --name "Anna Beispiel" --queue sales
    """
    settings = settings_module.load()
    queues = tuple(queue or ("default",))
    skills = tuple(skill or ())
    person = NewPerson(login=login, name=name, role=role, queues=queues, language=language, email=email, skills=skills)

    known = asyncio.run(known_queues(settings, queues))

    async def checked() -> None:
        async with opened(settings) as store, store.read() as connection:
            await check_person(connection, person, known)

    async def added(password_hash: str) -> None:
        async with opened(settings) as store, store.begin() as connection:
            await add_person(connection, replace(person, password_hash=password_hash), known, utc_now())

    _accepted(checked())
    _accepted(added(Passwords().hash(_asked_password())))
    say(f"{login} can sign in now")


@app.command()
def password(login: Login) -> None:
    """Give a person a new password, asked for or read as one line of standard input, and end their sessions.

    Example: threadline people password anna
    """

    async def known() -> bool:
        async with there(settings_module.load()) as store, store.read() as connection:
            return await rows.by_login(connection, login) is not None

    if not asyncio.run(known()):  # before two passwords are typed for nothing
        fail(_nobody(login), NO)
    password_hash = Passwords().hash(_asked_password())

    _with_person(login, partial(rights.set_password, password_hash=password_hash))
    say(f"{login} has a new password and has to sign in again")


@app.command()
def link(
    login: Login,
    page: Annotated[str, typer.Option(help="Where it lands: desk, supervisor, admin or testphone.")] = "desk",
) -> None:
    """Print a link that signs a person in once, within 12 hours.

    Example: threadline people link anna
    """
    if f"/{page}" not in LANDINGS:
        fail(f"'{page}' is not desk, supervisor, admin or testphone", WRONG_USE)

    async def run() -> str | None:
        settings = settings_module.load()
        refuse_missing(settings)
        async with assembled(settings) as house:
            async with house.database.read() as connection:
                person = await rows.by_login(connection, login)
            if person is None or person.disabled_at is not None:
                return None
            async with house.database.begin() as connection:
                await audit.note(connection, utc_now(), "person.link", "person", person.id)
            return house.settings.public_url + await sign_in_of(house).make_link(person.id, f"/{page}")

    address = asyncio.run(run())
    if address is None:
        fail(_nobody(login), NO)
    say(address)


@app.command(name="list")
def listed(
    search: Annotated[str, typer.Option(help="Only those whose login, name or e-mail address holds this.")] = "",
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Who there is, and what they may do.

    Example: threadline people list --search anna
    """

    async def run() -> list[dict[str, Any]]:
        async with there(settings_module.load()) as store, store.read() as connection:
            return [_shown(row) for row in await rows.found(connection, search)]

    found = asyncio.run(run())
    if json:
        as_json(found)
        return
    for each in found:
        state = "disabled" if each["disabled_at"] else each["presence"]
        queues, skills = ", ".join(each["queues"]) or "-", ", ".join(each["skills"])
        say(f"{each['login']:<20} {each['name']:<28} {each['role']:<11} {state:<9} {queues}{skills and f' ({skills})'}")


@app.command()
def change(
    login: Login,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    role: Annotated[str | None, typer.Option(help="agent, supervisor or admin; a new one signs them out.")] = None,
    language: Annotated[str | None, typer.Option(help="de or en, or auto: as the browser asks.")] = None,
    email: Annotated[str | None, typer.Option(help="Another e-mail address; empty for none.")] = None,
    queue: Annotated[list[str] | None, typer.Option(help="All queues whose calls they take; repeatable.")] = None,
    skill: Annotated[list[str] | None, typer.Option(help="All that they are able to do; repeatable.")] = None,
) -> None:
    """Change what is given; the rest stays. Where the service runs, its pages are the better place: they tell the
    person's desk and Asterisk at once.

    Example: threadline people change anna --role supervisor --queue sales --queue service
    """
    given = {"name": name, "role": role, "language": language, "email": email, "queues": queue, "skills": skill}
    wanted: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if not wanted:
        fail("nothing is to be changed; --help says what can be", WRONG_USE)
    if email == "":
        wanted["email"] = None
    known = asyncio.run(known_queues(settings_module.load(), queue or ()))
    changed = _with_person(login, partial(rights.change, wanted=wanted, known_queues=known))
    fields = ", ".join(changed.fields) or "nothing"
    say(f"{login}: changed {fields}" + (", and signed out" if changed.signed_out else ""))


@app.command()
def disable(login: Login) -> None:
    """Let somebody sign in no more, and end what they are signed in to.

    Example: threadline people disable anna
    """
    changed = _with_person(login, rights.disable)
    say(f"{login} cannot sign in any more" if changed.fields else f"{login} was disabled already")


@app.command()
def enable(login: Login) -> None:
    """Let somebody sign in again.

    Example: threadline people enable anna
    """
    changed = _with_person(login, rights.enable)
    say(f"{login} can sign in again" if changed.fields else f"{login} was not disabled")


@app.command(name="sign-out")
def sign_out(login: Login) -> None:
    """End everything that somebody is signed in to, and take back one-time links that were not used.

    Example: threadline people sign-out anna
    """
    _with_person(login, rights.sign_out)
    say(f"{login} is signed out everywhere")


class Deed(Protocol):
    """One of `router.agents.rights`."""

    async def __call__(self, connection: Connection, person_id: str, *, now: datetime) -> Change: ...


def _with_person(login: str, deed: Deed) -> Change:
    """Do it to the person with this login, and say why not where that is refused."""

    async def run() -> Change | None:
        async with there(settings_module.load()) as store, store.begin() as connection:
            person = await rows.by_login(connection, login)
            return None if person is None else await deed(connection, person.id, now=utc_now())

    try:
        changed = asyncio.run(run())
    except Refused as error:
        fail(error.detail, NO)
    if changed is None:
        fail(_nobody(login), NO)
    return changed


def _shown(row: rows.PersonRow) -> dict[str, Any]:
    names = ("id", "login", "name", "role", "language", "email", "queues", "skills", "phone", "presence", "disabled_at")
    return {name: getattr(row, name) for name in names} | {"created_at": row.created_at}


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
    if len(entered) < SHORTEST:
        fail(f"a password has at least {SHORTEST} characters", WRONG_USE)
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
    return f"there is nobody with the login '{login}'; 'threadline people list' lists all, '… people add' adds one"
