"""Reading small requests of the pages without trusting their size."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request

from router.core.json_text import strict_json
from router.errors import bad_request, too_large

LARGEST: Final = 16 * 1024
"""Bytes of a form; the largest has a login, a password and an address in it."""
_MOST_FIELDS: Final = 200
"""With one for each queue."""


async def read_body(request: Request, largest: int = LARGEST) -> bytes:
    """The body, or `Refused` (413) as soon as it is larger than ``largest`` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise too_large(f"The request is larger than {largest} bytes.")
    return bytes(body)


async def read_form(request: Request, largest: int = LARGEST) -> dict[str, str]:
    """The fields of an ``application/x-www-form-urlencoded`` body; of a repeated field the last one counts."""
    return dict(await read_pairs(request, largest))


async def read_pairs(request: Request, largest: int = LARGEST) -> list[tuple[str, str]]:
    """The same with all values of repeated fields, such as boxes that are ticked."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise bad_request("The form came in a form that is not understood; expected application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(
            (await read_body(request, largest)).decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise bad_request("The form could not be read.", "form") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise bad_request("The form holds the character NUL.", "form")  # PostgreSQL takes none
    return pairs


async def read_json(request: Request, largest: int = LARGEST) -> dict[str, Any]:
    """The members of a JSON object of at most ``largest`` bytes."""
    try:
        content = strict_json(await read_body(request, largest))
    except ValueError:
        raise bad_request("The request is not JSON.") from None
    if not isinstance(content, dict):
        raise bad_request("The request is not a JSON object.")
    return content
