"""Asks a provider, within a time and a size: it may be down, slow, or somebody else than we believe."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx

from router.calls.webhooks import MOST_BYTES, Unusable, http_client, parsed

SECONDS: Final = 8.0
"""For one question; who signs in waits for two or three."""


class ProviderFailed(Exception):
    """The provider says no, or what it says is of no use; the text says why, without secrets."""


class ProviderAway(ProviderFailed):
    """The provider cannot be reached, or does not work."""


async def ask(
    what: str, method: str, address: str, headers: Mapping[str, str], body: str = "", seconds: float = SECONDS
) -> Mapping[str, Any]:
    """The JSON object that is answered; ``what`` names it in errors. Raises `ProviderFailed`."""
    try:
        async with http_client() as client, asyncio.timeout(seconds):
            status, answer = await _answered(client, method, address, headers, body)
    except TimeoutError:
        raise ProviderAway(f"{what}: no answer within {seconds:g} s") from None
    except Unusable as error:
        raise ProviderAway(f"{what}: {error}") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise ProviderAway(f"{what}: cannot be reached ({type(error).__name__})") from None
    if status >= 400 or "error" in answer:
        raise ProviderFailed(f"{what}: refused with status {status}{_reason(answer)}")
    return answer


async def _answered(
    client: httpx.AsyncClient, method: str, address: str, headers: Mapping[str, str], body: str
) -> tuple[int, Mapping[str, Any]]:
    more = {"accept": "application/json", "accept-encoding": "identity"}
    async with client.stream(method, address, headers={**headers, **more}, content=body or None) as response:
        if response.is_redirect:
            raise Unusable("answered with a redirect, which is not followed")
        gathered = bytearray()
        async for chunk in response.aiter_raw():
            gathered += chunk
            if len(gathered) > MOST_BYTES:
                raise Unusable(f"the answer has more than {MOST_BYTES} bytes")
    if response.is_server_error:
        raise Unusable(f"answered with status {response.status_code}")
    return response.status_code, parsed(bytes(gathered))


def _reason(answer: Mapping[str, Any]) -> str:
    """The code of the error (RFC 6749 section 5.2), which is one of a few words; descriptions may name people."""
    error = answer.get("error")
    known = isinstance(error, str) and len(error) <= 60 and error.replace("_", "").isalpha() and error.isascii()
    return f" ({error})" if known else ""
