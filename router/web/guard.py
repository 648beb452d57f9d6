"""Who may do what on the pages: the session cookie, roles, and the defence against requests other sites make."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from fastapi import Request, Response

from router.errors import Refused, forbidden, unauthorised
from router.web.known_browsers import LASTS
from router.web.person import ADMIN, AUTO, ROLES, SUPERVISOR, Person, SignedIn
from router.web.sign_in import SignIn
from router.web.texts import preferred

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class SignInNeeded(Refused):
    """A page was asked for without a session; `router.web.install` answers with the way to the sign-in page."""

    def __init__(self, wanted: str) -> None:
        super().__init__(401, "Not signed in", "Sign in first.")
        self.sign_in_page = f"/sign-in?next={quote(wanted, safe='/')}" if wanted != "/" else "/sign-in"


class Guard:
    """Dependencies of page routes: `signed_in`, `person`, `agent`, `supervisor` and `admin`.

    Whoever comes by cookie also passes `same_origin`, so no route can forget it.
    """

    def __init__(self, sign_in: SignIn, public_url: str) -> None:
        self._sign_in = sign_in
        self._origin = public_url.rstrip("/").lower()
        self._secure = self._origin.startswith("https://")
        # The prefix makes the browser insist on Secure, Path=/ and no Domain (RFC 6265bis section 4.1.3.2).
        self.cookie = "__Host-threadline" if self._secure else "threadline"
        self._known_cookie = self.cookie + "-known"

    async def signed_in(self, request: Request) -> SignedIn:
        """The session; raises `SignInNeeded` for pages, `Refused` 401 for everything else, 403 for other sites."""
        asked = preferred(request.headers.get("accept-language"))
        request.state.language = asked  # of what is refused, see `router.api.problems`
        self.same_origin(request)
        token = request.cookies.get(self.cookie, "")
        found = await self._sign_in.whose(token) if token else None
        if found is None:
            if is_page_visit(request):
                raise SignInNeeded(request.url.path)
            raise unauthorised("Your session is over. Sign in again.", "session_over")
        if found.person.language == AUTO:
            found = replace(found, person=replace(found.person, language=asked))
        # For the page or document that says what was refused.
        request.state.person, request.state.language = found.person, found.person.language
        return found

    async def person(self, request: Request) -> Person:
        """Anybody signed in."""
        return (await self.signed_in(request)).person

    async def agent(self, request: Request) -> Person:
        """An agent; supervisors and admins may see the desk too."""
        return _with_role(await self.person(request), ROLES)

    async def signed_in_agent(self, request: Request) -> SignedIn:
        """The session of an agent."""
        found = await self.signed_in(request)
        _with_role(found.person, ROLES)
        return found

    async def supervisor(self, request: Request) -> Person:
        """A supervisor, or an admin."""
        return _with_role(await self.person(request), (SUPERVISOR, ADMIN))

    async def signed_in_supervisor(self, request: Request) -> SignedIn:
        """The session of a supervisor, or of an admin."""
        found = await self.signed_in(request)
        _with_role(found.person, (SUPERVISOR, ADMIN))
        return found

    async def admin(self, request: Request) -> Person:
        """An admin."""
        return _with_role(await self.person(request), (ADMIN,))

    def same_origin(self, request: Request) -> None:
        """Refuse (403) what another site's page sent with our cookie.

        Browsers say by Sec-Fetch-Site where a request comes from; over plain HTTP to another host than this one they do
        not, and Origin is compared instead. A reading request without either is a visit; a writing one is refused.
        """
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            allowed = site in ("same-origin", "none") or (request.method in SAFE_METHODS and is_page_visit(request))
        else:
            origin = request.headers.get("origin")
            allowed = request.method in SAFE_METHODS if origin is None else self._is_ours(origin, request)
        if not allowed:
            raise forbidden("This request came from another site. Open the page itself and try again.", "other_site")

    def keep(self, response: Response, token: str, cookie: str | None = None, lasts: timedelta | None = None) -> None:
        """Put the session's cookie into the response, or another ``cookie`` that ``lasts`` for a while."""
        # Lax, not Strict: a link to the desk in a wiki or a mail must find its way in. Writing is guarded by origin.
        response.set_cookie(
            cookie or self.cookie,
            token,
            max_age=int((lasts or self._sign_in.lasting.longest).total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def drop(self, response: Response, cookie: str | None = None) -> None:
        """Take the session's cookie back, or another one."""
        response.delete_cookie(cookie or self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    def known(self, request: Request) -> str:
        """What the browser is known by from earlier sign-ins, see `router.web.known_browsers`."""
        return request.cookies.get(self._known_cookie, "")

    def remember(self, request: Request, response: Response, login: str) -> None:
        """Make the browser known for a login that has just signed in with it."""
        self.keep(response, self._sign_in.remembered(self.known(request), login), self._known_cookie, LASTS)

    def _is_ours(self, origin: str, request: Request) -> bool:
        # The Host header is the browser's own word here: a page of another site cannot choose it.
        return origin.lower() == self._origin or (
            origin.count("://") == 1 and urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
        )


def is_page_visit(request: Request) -> bool:
    """Whether a person wants to see a page, as opposed to a script fetching something."""
    if request.method not in SAFE_METHODS or "text/html" not in request.headers.get("accept", ""):
        return False
    return request.headers.get("sec-fetch-dest", "document") == "document"


def _with_role(person: Person, roles: tuple[str, ...]) -> Person:
    if person.role not in roles:
        detail = "Your role does not allow this. Ask an administrator, or sign in as somebody else."
        raise forbidden(detail, "role")
    return person
