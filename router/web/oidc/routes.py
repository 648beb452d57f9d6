"""Signing in with a provider: off to it, back from it, and out of it as well."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from router.store.database import Database
from router.web.ending import Ending
from router.web.guard import Guard
from router.web.oidc.arriving import NotLetIn, Rules, arrive
from router.web.oidc.asking import ProviderAway, ProviderFailed
from router.web.oidc.begun import LASTS, Begun, begin, is_same, sealed, unsealed
from router.web.oidc.identity import identity_of
from router.web.oidc.provider import Provider
from router.web.pages import Pages
from router.web.paths import local_path
from router.web.sign_in import OIDC, SignIn

WAY_IN: Final = "/sign-in/oidc"
WAY_BACK: Final = "/sign-in/oidc/callback"
WAY_OUT: Final = "/sign-in/oidc/signed-out"
_LONGEST_CODE: Final = 4000
_MOST_AT_ONCE: Final = 64
"""Sign-ins that wait for the provider; one more is told to come again."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """What signing in with a provider needs. ``key`` seals what a browser has begun."""

    provider: Provider
    rules: Rules
    name: str
    """What people call the provider."""
    queues: Sequence[str]
    key: bytes


class _Failed(Exception):
    """The sign-in page says why: ``key`` of the text."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def routes(
    oidc: OidcSignIn,
    *,
    database: Database,
    clock: Callable[[], datetime],
    sign_in: SignIn,
    guard: Guard,
    pages: Pages,
    ending: Ending,
) -> APIRouter:
    """`/sign-in/oidc…`."""
    router, provider = APIRouter(include_in_schema=False), oidc.provider
    cookie = guard.cookie + "-oidc"
    waiting = 0

    def failed(key: str) -> Response:
        answer = RedirectResponse(f"/sign-in?problem={key}", 303)
        guard.drop(answer, cookie)
        return answer

    @router.get(WAY_IN)
    async def way_in(next: str = "") -> Response:
        begun = begin(local_path(next), clock(), secrets.token_urlsafe)
        try:
            answer = RedirectResponse(await provider.way_in(begun), 303)
        except ProviderFailed as error:
            _log.warning("sign-in provider", problem=str(error))
            return failed("unreachable")
        guard.keep(answer, sealed(begun, oidc.key), cookie, LASTS)
        return answer

    @router.get(WAY_BACK)
    async def way_back(
        request: Request, state: str = "", code: str = "", error: str = "", iss: str | None = None
    ) -> Response:
        nonlocal waiting
        begun = unsealed(request.cookies.get(cookie, ""), oidc.key, clock())
        if begun is None or not is_same(state, begun):
            return failed("not_begun")
        if error or not 0 < len(code) <= _LONGEST_CODE:
            return failed("cancelled" if error == "access_denied" else "failed")
        if waiting >= _MOST_AT_ONCE:
            return failed("busy")
        waiting += 1
        try:
            token, person_id, home = await signed_in(code, begun, iss)
        except _Failed as no:
            return failed(no.key)
        finally:
            waiting -= 1
        await ending.replaced(request, person_id)
        answer = RedirectResponse(begun.wanted or home, 303)
        guard.drop(answer, cookie)
        guard.keep(answer, token)
        return answer

    async def signed_in(code: str, begun: Begun, issuer: str | None) -> tuple[str, str, str]:
        """The new session's token, its person, and the page of theirs."""
        try:
            claims = await provider.redeem(code, begun, issuer)
        except ProviderFailed as error:
            _log.warning("sign-in provider", problem=str(error))
            raise _Failed("unreachable" if isinstance(error, ProviderAway) else "failed") from None
        identity = identity_of(claims, provider.client.issuer, oidc.rules.role_claim, oidc.rules.roles)
        try:
            async with database.begin() as connection:
                person_id = await arrive(connection, identity, oidc.rules, oidc.queues, clock(), secrets.token_urlsafe)
                token = await sign_in.begin(connection, person_id, OIDC)
        except NotLetIn as no:
            _log.info("sign-in failed", by=OIDC, reason=no.reason)
            raise _Failed(no.reason) from None
        found = await sign_in.whose(token)
        return token, person_id, found.person.home if found else "/"

    @router.get(WAY_OUT)
    async def signed_out(request: Request) -> Response:
        back = provider.client.redirect.removesuffix(WAY_BACK) + "/sign-in"
        address = await provider.way_out(back)
        return pages.page(request, "web/signed_out.html", None, provider=oidc.name, address=address)

    return router
