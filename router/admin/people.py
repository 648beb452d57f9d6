"""The administration's pages of people: who there is, what they may do, and what ends their sign-ins."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from router.agents import people as new_people
from router.agents import rights
from router.agents.people import LANGUAGES, LONGEST_NAME, ROLES, NewPerson
from router.agents.rights import Change
from router.errors import Refused, bad_request, not_found
from router.store import admin as lists
from router.store import audit, people
from router.store import web as sessions
from router.store.database import Connection, Database
from router.web.ending import Ending
from router.web.forms import read_pairs
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.passwords import Passwords
from router.web.person import AUTO, Person
from router.web.sign_in import SignIn

DONE: Final = ("added", "saved", "disabled", "enabled", "signed_out", "phone", "let_in")
LONGEST_SEARCH: Final = 100
_WORDS: Final = 4
_BYTES: Final = 3


class Presence(Protocol):
    """See `router.agents.presence.Presence`."""

    async def settle(self, person_id: str) -> object: ...
    async def choose_phone(self, person_id: str, phone: str | None) -> object: ...


def routes(
    *,
    database: Database,
    clock: Callable[[], datetime],
    guard: Guard,
    pages: Pages,
    sign_in: SignIn,
    passwords: Passwords,
    ending: Ending,
    presence: Presence,
    queues: Sequence[str],
    public_url: str,
) -> APIRouter:
    """`/admin/people…`, for admins. A form that is refused comes back with the mistakes beside the fields."""
    router = APIRouter(prefix="/admin/people", include_in_schema=False)

    async def person_page(request: Request, me: Person, person_id: str, status: int = 200, **more: Any) -> Response:
        async with database.read() as connection:
            row = await people.by_id(connection, person_id)
            if row is None:
                raise not_found("There is no such person.", "no_such_person")
            own = await sessions.sessions_of(connection, person_id, clock())
            more["refused_from"] = await sign_in.guesses.refused_from(connection, row.login)
        values = {"row": row, "fields": _of_row(row), "sessions": own, "wrong": {}, "problem": None, "secret": None}
        known = list(dict.fromkeys([*queues, *row.queues]))
        chosen = {"roles": ROLES, "languages": LANGUAGES, "queues": known, "longest": LONGEST_NAME, "done": ""}
        return pages.page(request, "admin/person.html", me, status, **(values | chosen | more))

    def new_page(
        request: Request,
        me: Person,
        fields: Mapping[str, Any],
        status: int = 200,
        wrong: Mapping[str, str] | None = None,
    ) -> Response:
        chosen = {"roles": ROLES, "languages": LANGUAGES, "queues": queues, "longest": LONGEST_NAME}
        return pages.page(request, "admin/person_new.html", me, status, fields=fields, wrong=wrong or {}, **chosen)

    async def told(person_id: str, change: Change) -> None:
        """Tell the person's pages, and Asterisk, after the commit."""
        if change.signed_out:
            await ending.told(person_id)
        elif change.fields:
            await presence.settle(person_id)

    def back(person_id: str, done: str) -> Response:
        return RedirectResponse(f"/admin/people/{person_id}?done={done}", 303)

    @router.get("")
    async def listed(request: Request, q: str = "", me: Person = Depends(guard.admin)) -> Response:
        text = " ".join(q.replace("\0", " ").split())[:LONGEST_SEARCH]
        async with database.read() as connection:
            rows = await people.found(connection, text)
            signed_in = await lists.signed_in(connection, clock())
        return pages.page(request, "admin/people.html", me, rows=rows, sessions=signed_in, q=text)

    @router.get("/new")
    async def new(request: Request, me: Person = Depends(guard.admin)) -> Response:
        fields: dict[str, Any] = dict.fromkeys(("login", "name", "email", "skills"), "")
        return new_page(request, me, fields | {"role": "agent", "language": AUTO, "queues": list(queues[:1])})

    @router.post("/new")
    async def add(request: Request, me: Person = Depends(guard.admin)) -> Response:
        pairs = await read_pairs(request)
        fields = _of_form(pairs)
        wanted = NewPerson(login=dict(pairs).get("login", "").strip().casefold(), **_wanted(fields))
        try:
            async with database.begin() as connection:
                person_id = await new_people.add(connection, wanted, queues, clock(), me.id)
        except Refused as refused:
            if not (wrong := _wrong(refused)):
                raise
            return new_page(request, me, fields | {"login": wanted.login}, refused.status, wrong)
        return back(person_id, "added")

    @router.get("/{person_id}")
    async def person(request: Request, person_id: str, done: str = "", me: Person = Depends(guard.admin)) -> Response:
        return await person_page(request, me, person_id, done=done if done in DONE else "")

    @router.post("/{person_id}")
    async def change(request: Request, person_id: str, me: Person = Depends(guard.admin)) -> Response:
        fields = _of_form(await read_pairs(request))
        try:
            async with database.begin() as connection:
                changed = await rights.change(connection, person_id, _wanted(fields), queues, clock(), me.id)
        except Refused as refused:
            if not (wrong := _wrong(refused)):
                raise
            return await person_page(request, me, person_id, refused.status, fields=fields, wrong=wrong)
        await told(person_id, changed)
        return back(person_id, "saved")

    @router.post("/{person_id}/access")
    async def access(request: Request, person_id: str, me: Person = Depends(guard.admin)) -> Response:
        """Disable, enable, sign out everywhere, let sign in again."""
        wish = dict(await read_pairs(request)).get("wish")
        try:
            async with database.begin() as connection:
                match wish:
                    case "disable":
                        changed, done = await rights.disable(connection, person_id, clock(), me.id), "disabled"
                    case "enable":
                        changed, done = await rights.enable(connection, person_id, clock(), me.id), "enabled"
                    case "sign_out":
                        changed, done = await rights.sign_out(connection, person_id, clock(), me.id), "signed_out"
                    case "let_in":
                        changed, done = await let_in(connection, person_id, me), "let_in"
                    case _:
                        raise bad_request("wish is one of disable, enable, sign_out, let_in.")
        except Refused as refused:
            if (reason := refused.more.get("reason")) is None:
                raise
            return await person_page(request, me, person_id, refused.status, problem=f"people.wrong.{reason}")
        await told(person_id, changed)
        return back(person_id, done)

    @router.post("/{person_id}/phone")
    async def reset_phone(person_id: str, me: Person = Depends(guard.admin)) -> Response:
        """Free the phone they sit at."""
        await presence.choose_phone(person_id, None)
        async with database.begin() as connection:
            await _noted(connection, person_id, me, "phone")
        return back(person_id, "phone")

    @router.post("/{person_id}/password")
    async def new_password(request: Request, person_id: str, me: Person = Depends(guard.admin)) -> Response:
        """Make a new password and show it once."""
        password = _speakable()
        password_hash = await passwords.hash_aside(password)
        async with database.begin() as connection:
            changed = await rights.set_password(connection, person_id, password_hash, clock(), me.id)
        await told(person_id, changed)
        return await person_page(request, me, person_id, secret=("password", password))

    @router.post("/{person_id}/link")
    async def new_link(request: Request, person_id: str, me: Person = Depends(guard.admin)) -> Response:
        """Make a one-time link and show it once."""
        async with database.begin() as connection:
            row = await people.by_id(connection, person_id)
            if row is None:
                raise not_found("There is no such person.", "no_such_person")
            if row.disabled_at is not None:
                return await person_page(request, me, person_id, 409, problem="people.wrong.is_disabled")
            await audit.note(connection, clock(), "person.link", "person", person_id, person_id=me.id)
        link = public_url + await sign_in.make_link(person_id, "/desk")
        return await person_page(request, me, person_id, secret=("link", link))

    async def let_in(connection: Connection, person_id: str, me: Person) -> Change:
        """Forget what strangers tried at this login."""
        row = await people.by_id(connection, person_id)
        if row is None:
            raise not_found("There is no such person.", "no_such_person")
        await sessions.forget_attempts(connection, sign_in.guesses.of_login(row.login))
        await audit.note(connection, clock(), "person.let_in", "person", person_id, person_id=me.id)
        return Change(())

    async def _noted(connection: Connection, person_id: str, me: Person, field: str) -> None:
        detail = {"fields": [field]}
        await audit.note(connection, clock(), "person.changed", "person", person_id, person_id=me.id, detail=detail)

    return router


def _of_row(row: people.PersonRow) -> dict[str, Any]:
    """The fields of the form as stored."""
    own = {name: getattr(row, name) for name in ("login", "name", "role", "language", "queues")}
    return own | {"email": row.email or "", "skills": ", ".join(row.skills)}


def _of_form(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The fields as they were filled in, and no other than these."""
    last = dict(pairs)
    own: dict[str, Any] = {name: last.get(name, "").strip() for name in ("name", "role", "language", "email", "skills")}
    return own | {"queues": [value for name, value in pairs if name == "queue"]}


def _wanted(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is wished for, as `NewPerson` and `rights.change` have it."""
    lists = {"skills": tuple(fields["skills"].replace(",", " ").split()), "queues": tuple(fields["queues"])}
    return {**fields, **lists, "email": fields["email"] or None}


def _wrong(refused: Refused) -> dict[str, str]:
    """The text that stands beside each wrong field."""
    errors = refused.more.get("errors", ())
    return {each["field"]: f"people.wrong.{each.get('reason') or each['field']}" for each in errors}


def _speakable() -> str:
    """A password that can be read out: 96 random bits."""
    return "-".join(secrets.token_hex(_BYTES) for _ in range(_WORDS))
