"""A request from Twilio: signed, of a bearable size, and understood or refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from router.channels.twilio.form import Form, Misunderstood, read
from router.channels.twilio.signature import HEADER, Signatures
from router.errors import Refused, bad_request, too_large

MOST_BYTES: Final = 65_536
BODY_SECONDS: Final = 5.0
"""For a body to arrive."""

_FORM: Final = "application/x-www-form-urlencoded"


async def signed_form(request: Request, signatures: Signatures, path: str) -> Form:
    """The form of a request that Twilio signed. Raises `Refused`: 400, 403, 408, 413."""
    signature = signatures.check_given(request.headers.get(HEADER))
    body = await _body(request)
    is_form = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower() == _FORM
    with understood():
        form = read(body) if is_form else None
    signed = body.decode(errors="replace") if form is None else form
    signatures.check(path, query_of(request), signed, signature)
    if form is None:
        raise bad_request(f"the body is not of the type {_FORM}")
    return form


def query_of(request: Request) -> str:
    """The query of the address, as it was sent."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")


async def _body(request: Request) -> bytes:
    """The body, when it is neither too large nor too long on its way."""
    gathered = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                gathered += chunk
                if len(gathered) > MOST_BYTES:
                    raise too_large(f"the body has more than {MOST_BYTES} bytes")
    except TimeoutError:
        raise Refused(408, "Too slow", f"the body did not come within {BODY_SECONDS:.0f} seconds") from None
    except ClientDisconnect:
        raise bad_request("the body did not come to its end") from None
    return bytes(gathered)


@contextmanager
def understood() -> Iterator[None]:
    """What is not understood is answered with a clear no."""
    try:
        yield
    except Misunderstood as error:
        raise bad_request(str(error)) from None
