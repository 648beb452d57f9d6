"""Payment links: asked of the provider that the settings name among the webhooks, and what it tells of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from router.calls.webhooks import Webhooks
from router.core.commands import CallWebhook

log = structlog.get_logger(__name__)

MOST_CENTS: Final = 100_000_00
SECONDS: Final = 8.0
"""For the provider to make a link."""
GIVEN_UP: Final = timedelta(minutes=10)
"""A link that was asked for and did not come in this time will not come."""
LONGEST_PURPOSE: Final = 140
LONGEST_URL: Final = 500
LONGEST_REF: Final = 200

_AMOUNT: Final = re.compile(r"([0-9]{1,6})(?:[.,]([0-9]{1,2}))?")
_REF = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_REF}}}")


@dataclass(frozen=True, slots=True)
class Link:
    """What the provider gave. ``ref`` is its own name for it."""

    url: str = field(repr=False)
    ref: str
    expires_at: datetime | None


class NoLink(Exception):
    """There is no link; the text says why, for logs."""


def cents_of(text: str) -> int | None:
    """An amount as people write it (``49``, ``49,90``, ``49.9``) in hundredths; None for anything else, and for
    nothing or more than `MOST_CENTS`."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return None
    cents = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
    return cents if 0 < cents <= MOST_CENTS else None


class Payments:
    """Asks the provider, which is the webhook ``name``; None: there is none."""

    def __init__(self, webhooks: Webhooks, name: str | None) -> None:
        self._webhooks = webhooks
        self._name = name

    @property
    def provided(self) -> bool:
        """Whether there is somebody to ask."""
        return self._name is not None

    async def link(self, payment_id: str, call_id: str, asked: Mapping[str, Any], now: datetime) -> Link:
        """A link to pay ``asked``. Asked twice under one id it is the same payment to the provider. Raises `NoLink`."""
        if self._name is None:
            raise NoLink("nobody is set up to make payment links")
        webhook = CallWebhook(self._name, {"id": payment_id, **asked}, SECONDS)
        answered = await self._webhooks.ask(webhook, call_id, f"payment-{payment_id}", now, SECONDS)
        if answered.answer is None:
            raise NoLink(answered.reason)
        return read(answered.answer)


def read(answer: Mapping[str, Any]) -> Link:
    """The provider's answer: ``url`` (https), ``ref`` and, where it says so, ``expires_at`` (RFC 3339). Raises
    `NoLink`."""
    url, ref = answer.get("url"), answer.get("ref")
    if not isinstance(url, str) or not _is_safe(url):
        raise NoLink("the provider's url is none that can be sent")
    if not isinstance(ref, str) or _REF.fullmatch(ref) is None:
        raise NoLink("the provider's ref is missing")
    return Link(url, ref, _moment(answer.get("expires_at")))


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST_URL
    return plain and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None
