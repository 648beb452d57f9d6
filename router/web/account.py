"""One's own account: language, password, and where one is signed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from router.agents import rights
from router.errors import Refused
from router.store import people
from router.store import web as sessions
from router.store.database import Database
from router.web.ending import Ending
from router.web.forms import read_form
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.passwords import LONGEST, SHORTEST, Passwords
from router.web.person import SignedIn
from router.web.sign_in import SignIn

DONE: Final = ("password", "sessions")


def routes(
    *,
    database: Database,
    clock: Callable[[], datetime],
    sign_in: SignIn,
    passwords: Passwords,
    guard: Guard,
    pages: Pages,
    ending: Ending,
) -> APIRouter:
    """`/account…`, for everybody who is signed in. Whose account it is, the session says and no field."""
    router = APIRouter(prefix="/account", include_in_schema=False)

    async def page(
        request: Request, me: SignedIn, status: int = 200, wrong: dict[str, str] | None = None, done: str = ""
    ) -> Response:
        async with database.read() as connection:
            row = await people.by_id(connection, me.person.id)
            own = await sessions.sessions_of(connection, me.person.id, clock())
        values: dict[str, Any] = {
            "row": row,
            "sessions": own,
            "this": me.token_hash,
            "wrong": wrong or {},
            "done": done if done in DONE else "",
            "shortest": SHORTEST,
            "longest": LONGEST,
        }
        return pages.page(request, "web/account.html", me.person, status, **values)

    @router.get("")
    async def account(request: Request, done: str = "", me: SignedIn = Depends(guard.signed_in)) -> Response:
        return await page(request, me, done=done)

    @router.post("/password")
    async def password(request: Request, me: SignedIn = Depends(guard.signed_in)) -> Response:
        fields = await read_form(request)
        old, new, again = (fields.get(name, "") for name in ("old", "new", "again"))
        wrong = _wrong(new, again)
        if not wrong:
            try:
                if not await sign_in.is_own_password(me.person.login, old):
                    wrong["old"] = "account.wrong.old"
            except Refused as refused:
                busy = "account.wrong.guesses" if refused.code == "guesses" else "account.wrong.busy"
                return await page(request, me, refused.status, {"old": busy})
        if wrong:
            return await page(request, me, 422, wrong)
        password_hash = await passwords.hash_aside(new)
        async with database.begin() as connection:
            person_id = me.person.id
            await rights.set_password(connection, person_id, password_hash, clock(), person_id)
            token = await sign_in.begin(connection, person_id, me.way or "password")
        await ending.told(me.person.id)
        answer = RedirectResponse("/account?done=password", 303)
        guard.keep(answer, token)
        guard.remember(request, answer, me.person.login)
        return answer

    @router.post("/sign-out-others")
    async def sign_out_others(request: Request, me: SignedIn = Depends(guard.signed_in)) -> Response:
        async with database.begin() as connection:
            await rights.sign_out(connection, me.person.id, clock(), me.person.id, but=me.token_hash)
        await ending.told(me.person.id)
        return RedirectResponse("/account?done=sessions", 303)

    return router


def _wrong(new: str, again: str) -> dict[str, str]:
    """The text for each wrong field."""
    if not SHORTEST <= len(new) <= LONGEST:
        return {"new": "account.wrong.new"}
    return {"again": "account.wrong.again"} if new != again else {}
