"""A sign-in at the provider that a browser has begun: what it has to come back with, in a cookie of that browser.

So a callback address that somebody else's browser made is worth nothing here, and nothing is stored for those who never
come back.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

LASTS: Final = timedelta(minutes=10)
"""Time to sign in at the provider."""
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Begun:
    """``state`` ties the callback to the browser, ``nonce`` the ID token to this sign-in, ``verifier`` the code to us;
    ``wanted`` is the path to land on, "" for the person's own page."""

    state: str
    nonce: str
    verifier: str
    wanted: str
    at: datetime


def begin(wanted: str, now: datetime, random_text: Callable[[int], str]) -> Begun:
    """A new one. ``random_text(n)`` gives ``n`` random bytes as URL-safe text."""
    return Begun(random_text(32), random_text(32), random_text(48), wanted, now)


def sealed(begun: Begun, key: bytes) -> str:
    """The cookie's value: readable for its browser, which is nobody else's secret, but not to be made up."""
    values = [begun.state, begun.nonce, begun.verifier, begun.wanted, int(begun.at.timestamp())]
    content = urlsafe_b64encode(json.dumps(values).encode()).decode()
    return f"{content}.{_seal(content, key)}"


def unsealed(cookie: str, key: bytes, now: datetime) -> Begun | None:
    """What a browser has begun; None where it is none of ours, or too long ago."""
    content, _, seal = cookie.partition(".")
    if len(cookie) > _LONGEST or not cookie.isascii() or not hmac.compare_digest(seal, _seal(content, key)):
        return None
    state, nonce, verifier, wanted, at = json.loads(urlsafe_b64decode(content))
    begun = Begun(state, nonce, verifier, wanted, datetime.fromtimestamp(at, UTC))
    return begun if begun.at <= now < begun.at + LASTS else None


def is_same(sent: str, begun: Begun) -> bool:
    """Whether a callback belongs to what this browser has begun."""
    return hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), begun.state.encode())


def _seal(content: str, key: bytes) -> str:
    return hmac.digest(key, content.encode(), "sha256").hex()
