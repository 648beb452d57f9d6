"""Ending the session that a browser comes with, and telling who has to know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from fastapi import Request

from router.store.bus import Bus
from router.web.guard import Guard
from router.web.person import SignedIn
from router.web.sign_in import SignIn

_log = structlog.get_logger(__name__)


class Ending:
    """``signed_out`` is told the id of a person whose last session ended (`Presence.left`)."""

    def __init__(self, sign_in: SignIn, guard: Guard, bus: Bus, signed_out: Callable[[str], Awaitable[object]]) -> None:
        self._sign_in = sign_in
        self._guard = guard
        self._bus = bus
        self._signed_out = signed_out

    async def end(self, request: Request) -> SignedIn | None:
        """End the session, if there is one; whose it was."""
        token = request.cookies.get(self._guard.cookie, "")
        old = await self._sign_in.whose(token) if token else None
        if old is None:
            return None
        await self._sign_in.end(token)
        _log.info("signed out", person=old.person.id)
        await self.told(old.person.id)
        return old

    async def replaced(self, request: Request, person_id: str) -> None:
        """No session stays behind in a browser that has a new one of ``person_id``: neither somebody else's, nor one
        whose token another may have put there. The person's other windows come by the new one."""
        token = request.cookies.get(self._guard.cookie, "")
        old = await self._sign_in.whose(token) if token else None
        if old is not None and old.person.id == person_id:
            await self._sign_in.end(token)
            self._bus.announce(f"session:{person_id}")
        elif old is not None:
            await self.end(request)

    async def told(self, person_id: str) -> None:
        """After sessions of a person were ended: their open streams look up whether they are over."""
        self._bus.announce(f"session:{person_id}")
        if not await self._sign_in.has_session(person_id):
            await self._signed_out(person_id)
