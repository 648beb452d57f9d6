"""One way to say no: problem documents (RFC 9457) for scripts, a page for people who look with a browser.

Whatever nobody foresaw is answered with an incident number and nothing else. The log has the number with the kind and
the place of the error, never its text: texts of errors hold telephone numbers and codes.
"""

from __future__ import annotations

import json
import secrets
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import PurePath
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.errors import Refused, bad_request, unprocessable
from router.store.database import is_away
from router.web.pages import Pages
from router.web.texts import ALL, Texts

MEDIA_TYPE: Final = "application/problem+json"
MOST_ERRORS: Final = 20
"""Wrong fields named in one answer."""
FRAMES_LOGGED: Final = 6

_DETAILS: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take this method; the header Allow names those it does.",
}

log = structlog.get_logger(__name__)


def install(app: FastAPI, pages: Pages | None = None, incident_id: Callable[[], str] | None = None) -> None:
    """Make an application answer every error with a problem document, or with a page of ``pages`` for people.

    Middleware added later sees the answers to unforeseen errors, too.
    """
    answers = _Answers(pages)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return answers.to(request, error)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if error.status_code in (204, 304):
            return Response(status_code=error.status_code, headers=error.headers)
        if error.status_code == 405:  # what routes say of themselves leaves out other routes at the same address
            error.headers = {**(error.headers or {}), "Allow": ", ".join(methods_at(app, request))}
        return answers.to(request, _from_http(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return answers.to(request, _from_validation(error.errors()))

    app.add_middleware(_Unforeseen, answers=answers, incident_id=incident_id or (lambda: secrets.token_hex(6)))


Answer = Callable[[Request, Refused], Response]
"""Says no: with a page for people, with a problem document for scripts."""


def answering(pages: Pages) -> Answer:
    """How a no is answered by what stands before the routes."""
    return _Answers(pages).to


def methods_at(app: FastAPI, request: Request) -> list[str]:
    """What may be done at the address of a request."""
    path, found = request.url.path, set()
    for route in iter_route_contexts(app.routes):
        if (pattern := getattr(route, "path_regex", None)) is not None and pattern.match(path):
            found |= set(route.methods or ())
    return sorted(found)


class ProblemDocument(Response):
    """A problem document. Only ASCII goes out: a name of the request that is repeated may hold half a character."""

    media_type = MEDIA_TYPE

    def __init__(self, refused: Refused, language: str | None = None) -> None:
        super().__init__(document(refused, language), refused.status, {"Cache-Control": "no-store"} | refused.headers)

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode("ascii")


def document(refused: Refused, language: str | None = None) -> dict[str, Any]:
    """The members of the problem document (RFC 9457 section 3.1); ``about:blank`` says the status is the kind. Somebody
    whose page asks reads what is wrong in ``language``, where it has words for it."""
    detail = refused.detail
    if language is not None and (key := f"refused.{refused.code}") in ALL:
        detail = Texts(language)(key, **refused.more)
    members = {"type": "about:blank", "title": refused.title, "status": refused.status, "detail": detail}
    return members | refused.more


def where(error: BaseException) -> list[str]:
    """The innermost places an error went through, without values."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_LOGGED:]
    return [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


class _Answers:
    """Chooses between document and page."""

    def __init__(self, pages: Pages | None) -> None:
        self._pages = pages

    def to(self, request: Request, refused: Refused) -> Response:
        if self._pages is not None and _is_a_person(request):
            try:
                page = self._pages.problem(request, refused.status, getattr(request.state, "person", None))
            except Exception as error:
                log.error("no problem page", error=type(error).__name__, where=where(error))
            else:
                page.headers.update(refused.headers)
                return page
        return ProblemDocument(refused, getattr(request.state, "language", None))


DOCUMENTS: Final[Answer] = _Answers(None).to
"""Problem documents for everybody."""


class _Unforeseen:
    """ASGI middleware that answers what no handler took. Starlette's own hands errors on to the server's log."""

    def __init__(self, app: ASGIApp, answers: _Answers, incident_id: Callable[[], str]) -> None:
        self._app = app
        self._answers = answers
        self._incident_id = incident_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
            return
        except ClientDisconnect:
            return
        except Exception as error:
            refused = self._logged(scope, error)
        if not begun:  # else the server cuts the connection, which tells the client that the answer is not whole
            await self._answers.to(Request(scope), refused)(scope, receive, send)

    def _logged(self, scope: Scope, error: Exception) -> Refused:
        incident = self._incident_id()
        route = getattr(scope.get("route"), "path", None)  # the pattern: a path or query may hold what is personal
        log.error(
            "request failed",
            incident=incident,
            method=scope["method"],
            route=route,
            error=_kinds(error),
            where=where(error),
        )
        more = {"incident": incident}
        if is_away(error):
            detail = "The database cannot be reached, or does not answer in time. Try again in a few seconds."
            return Refused(503, "Not available", detail, more=more, headers={"Retry-After": "2"}, code="unavailable")
        detail = "Something failed on our side. The log of the service has more under this incident."
        return Refused(500, "Internal error", detail, more=more, code="internal")


def _kinds(error: BaseException) -> str:
    """The kind of an error and of what led to it, innermost last."""
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < 5:
        kinds.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    return " from ".join(kinds)


def _is_a_person(request: Request) -> bool:
    wants_html = "text/html" in request.headers.get("accept", "")
    return wants_html and request.headers.get("sec-fetch-dest", "document") == "document"


def _from_http(error: HTTPException) -> Refused:
    phrase = _phrase(error.status_code)
    told = str(error.detail) if error.detail != phrase else ""
    detail = told or _DETAILS.get(error.status_code, f"{phrase}.")
    return Refused(error.status_code, phrase, detail, headers=error.headers, code=f"http_{error.status_code}")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Problem"


def _from_validation(details: Sequence[Mapping[str, Any]]) -> Refused:
    if details and details[0]["type"] == "json_invalid":
        return bad_request("The body is not JSON.")
    errors = [_told(detail) for detail in details[:MOST_ERRORS]]
    summary = f"{errors[0]['field']}: {errors[0]['message']}" if errors else "The request does not fit."
    return unprocessable(summary, errors)


def _told(detail: Mapping[str, Any]) -> dict[str, str]:
    """One wrong field, without the value given."""
    part_of_request, *place = detail["loc"]
    return {
        "field": field_name(place or [part_of_request]),
        "message": _MESSAGES.get(detail["type"], _plain(detail["msg"])),
    }


def field_name(place: Iterable[object]) -> str:
    """``offer.title``; names from outside are cut short and made printable."""
    name = ".".join(str(part)[:60] for part in place)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)


_MESSAGES: Final = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field",
    "string_type": "has to be a text",
    "model_attributes_type": "has to be a JSON object",
    "model_type": "has to be a JSON object",
    "dict_type": "has to be a JSON object",
}


def _plain(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
