"""The administration's page of API keys: made and shown once, what each may do, when it was last used, taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from router.store import keys as store
from router.store.database import Connection, Database
from router.web.forms import read_pairs
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.person import Person


class Make(Protocol):
    """See `router.api.keys.create_key`."""

    async def __call__(
        self, connection: Connection, name: str, scopes: Sequence[str], now: datetime, *, by: str
    ) -> str: ...


class Revoke(Protocol):
    """See `router.api.keys.revoke_key`."""

    async def __call__(self, connection: Connection, key_id: str, now: datetime, *, by: str) -> bool: ...


def routes(
    *,
    database: Database,
    clock: Callable[[], datetime],
    guard: Guard,
    pages: Pages,
    scopes: Sequence[str],
    longest_name: int,
    make_key: Make,
    revoke_key: Revoke,
) -> APIRouter:
    """`/admin/keys…`, for admins. ``scopes`` are those that there are."""
    router = APIRouter(prefix="/admin/keys", include_in_schema=False)

    async def page(request: Request, me: Person, status: int = 200, **more: Any) -> Response:
        async with database.read() as connection:
            rows = await store.all_keys(connection)
        rows = sorted(rows, key=lambda row: (row.revoked_at is not None, -row.created_at.timestamp()))
        values: dict[str, Any] = {"rows": rows, "scopes": scopes, "longest": longest_name, "name": "", "chosen": []}
        shown: dict[str, Any] = {"wrong": {}, "made": None, "done": False}
        return pages.page(request, "admin/keys.html", me, status, **(values | shown | more))

    @router.get("")
    async def listed(request: Request, done: str = "", me: Person = Depends(guard.admin)) -> Response:
        return await page(request, me, done=bool(done))

    @router.post("")
    async def make(request: Request, me: Person = Depends(guard.admin)) -> Response:
        pairs = await read_pairs(request)
        name = " ".join(dict(pairs).get("name", "").split())
        chosen = [value for field, value in pairs if field == "scope"]
        wrong = {} if 0 < len(name) <= longest_name else {"name": "keys.wrong.name"}
        if not chosen or set(chosen) - set(scopes):
            wrong["scope"] = "keys.wrong.scope"
        if wrong:
            return await page(request, me, 422, wrong=wrong, name=name[:longest_name], chosen=chosen)
        async with database.begin() as connection:
            made = await make_key(connection, name, chosen, clock(), by=me.id)
        return await page(request, me, made=(name, made))

    @router.post("/{key_id}/revoke")
    async def revoke(key_id: str, me: Person = Depends(guard.admin)) -> Response:
        async with database.begin() as connection:
            await revoke_key(connection, key_id, clock(), by=me.id)
        return RedirectResponse("/admin/keys?done=1", 303)

    return router
