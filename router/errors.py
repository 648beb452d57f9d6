"""Errors that people outside may read, and nothing more than they may read.

Rooms raise a `Refused`; one handler in `app` renders it as an RFC 9457 problem document. Anything else that goes wrong
is a 500 with no detail: stack traces stay inside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """A request that is answered with a clear no.

    ``status`` is the HTTP status, ``title`` names the kind of problem, ``detail`` what and where, and the way out;
    ``more`` are further members of the problem document (``errors`` with one entry a field, for instance). With a
    ``code`` people read on their page the text ``refused.CODE`` instead of ``detail``, in their language.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.more = dict(more or {})
        self.headers = dict(headers or {})
        self.code = code


def bad_request(detail: str, code: str | None = None, **more: Any) -> Refused:
    """400: cannot be understood."""
    return Refused(400, "Bad request", detail, more=more, code=code)


def unauthorised(detail: str, code: str | None = None) -> Refused:
    """401: who are you?"""
    return Refused(401, "Not signed in", detail, headers={"WWW-Authenticate": "Bearer"}, code=code)


def forbidden(detail: str, code: str | None = None) -> Refused:
    """403: not with these rights."""
    return Refused(403, "Not allowed", detail, code=code)


def not_found(detail: str, code: str | None = None) -> Refused:
    """404: there is no such thing, or none that you may see."""
    return Refused(404, "Not found", detail, code=code)


def conflict(detail: str, code: str | None = None) -> Refused:
    """409: clashes with what is stored."""
    return Refused(409, "Conflict", detail, code=code)


def too_large(detail: str) -> Refused:
    """413: more than is taken."""
    return Refused(413, "Too large", detail)


def unprocessable(detail: str, errors: list[dict[str, str]], code: str | None = None) -> Refused:
    """422: understood, but some fields are wrong; ``errors`` has one ``{"field", "message"}`` for each."""
    return Refused(422, "Wrong fields", detail, more={"errors": errors}, code=code)


def too_often(seconds: float, what: str) -> Refused:
    """429: come again after so many seconds."""
    detail = f"Too many requests {what}. Nothing was done; try again a little later."
    headers = {"Retry-After": str(max(1, math.ceil(seconds)))}
    return Refused(429, "Too many requests", detail, headers=headers, code="too_often")
