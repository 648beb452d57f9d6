"""Asks other systems while a caller waits: signed as Standard Webhooks have it, bounded in time and size.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The operator names the
addresses in the settings, so that private ones are fine; where an answer would lead elsewhere nobody follows.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from time import perf_counter
from typing import Any, Final

import httpx
import structlog

from router import traces
from router.core.commands import CallWebhook
from router.core.events import WebhookAnswered
from router.settings import Settings, SettingsRefused

MOST_BYTES: Final = 65_536
MOST_DEPTH: Final = 8
MOST_SECONDS: Final = 4.0
"""For all that is asked in one turn. Asterisk's callers hear nothing for 5 s, then they go to the default queue."""
LEAST_SECONDS: Final = 0.2
"""With less time left nobody is asked any more."""
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what marks a secret, not one itself
_LEAST_KEY, _MOST_KEY = 24, 64
"""Bytes of a key, by the specification."""
_AT_ONCE: Final = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to ask. Each of ``keys`` signs, so that they can be changed without a gap."""

    address: str
    keys: tuple[bytes, ...] = field(repr=False)


def keys_of(secrets: str) -> tuple[bytes, ...]:
    """The keys of one or more secrets with spaces between them, each ``whsec_`` and then base64 of 24 to 64 bytes.

    Raises `ValueError`; the text holds no secret.
    """
    keys = tuple(map(_key, secrets.split()))
    if not keys:
        raise ValueError("there is no secret")
    return keys


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not _LEAST_KEY <= len(key) <= _MOST_KEY:
        raise ValueError(f"a secret is {SECRET_PREFIX} and then base64 of {_LEAST_KEY} to {_MOST_KEY} random bytes")
    return key


def webhooks_of(settings: Settings) -> dict[str, Webhook]:
    """The webhooks of the settings. Raises `SettingsRefused` for a secret that is none; the text does not hold it."""
    found: dict[str, Webhook] = {}
    for name, address in settings.webhooks.items():
        try:
            found[name] = Webhook(address, keys_of(settings.webhook_secrets[name].get_secret_value()))
        except ValueError as error:
            raise SettingsRefused(f"THREADLINE_WEBHOOK_SECRETS (webhook_secrets): {name}: {error}") from None
    return found


def signed(keys: Sequence[bytes], webhook_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that sign ``body``."""
    timestamp = str(int(at.timestamp()))
    content = f"{webhook_id}.{timestamp}.".encode() + body
    digests = (base64.b64encode(hmac.digest(key, content, sha256)).decode() for key in keys)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{digest}" for digest in digests),
    }


def body_of(asked: CallWebhook, call_id: str) -> bytes:
    """What is sent; the same for every try."""
    sent = {"type": asked.webhook, "call": call_id, "data": dict(asked.send)}
    return json.dumps(sent, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


class Unusable(ValueError):
    """No answer, or none that can be used; the text says why, without an address."""


class Webhooks:
    """The other systems, by name."""

    def __init__(self, webhooks: Mapping[str, Webhook]) -> None:
        self._webhooks = webhooks
        self._client: httpx.AsyncClient | None = None
        self._under_way: dict[str, asyncio.Task[WebhookAnswered]] = {}
        self.on_answer: Callable[[str, bool, float], None] | None = None
        """Told of each that was asked: its name, whether the answer can be used, and the seconds; for figures."""

    async def ask(
        self, asked: CallWebhook, call_id: str, webhook_id: str, at: datetime, seconds: float
    ) -> WebhookAnswered:
        """The answer, within ``seconds``. ``webhook_id`` is the same where the same is asked again; while it is being
        asked, that gets the same answer."""
        task = self._under_way.get(webhook_id)
        if task is None:
            task = asyncio.create_task(self._asked(asked, call_id, webhook_id, at, seconds))
            self._under_way[webhook_id] = task
            task.add_done_callback(lambda _: self._under_way.pop(webhook_id, None))
        return await asyncio.shield(task)

    async def _asked(
        self, asked: CallWebhook, call_id: str, webhook_id: str, at: datetime, seconds: float
    ) -> WebhookAnswered:
        begun = perf_counter()
        with traces.span(f"webhook {asked.webhook}", "client", threadline__call__id=call_id) as span:
            answer = await self._tried(asked, call_id, webhook_id, at, seconds)
            span.tell("threadline.answered", answer.answer is not None)
        if self.on_answer is not None and asked.webhook in self._webhooks:
            self.on_answer(asked.webhook, answer.answer is not None, perf_counter() - begun)
        return answer

    async def _tried(
        self, asked: CallWebhook, call_id: str, webhook_id: str, at: datetime, seconds: float
    ) -> WebhookAnswered:
        try:
            if (webhook := self._webhooks.get(asked.webhook)) is None:
                raise Unusable("no such webhook in the settings")
            if seconds < LEAST_SECONDS:
                raise Unusable("no time left to ask")
            async with asyncio.timeout(seconds):
                body = body_of(asked, call_id)
                return WebhookAnswered(await self._answer(webhook, signed(webhook.keys, webhook_id, at, body), body))
        except TimeoutError:
            reason = "no answer in time"
        except Unusable as error:
            reason = str(error)
        except Exception as error:  # whatever the library raises, the caller goes on
            reason = f"cannot be reached ({type(error).__name__})"
        log.warning("webhook failed", call=call_id, webhook=asked.webhook, reason=reason)
        return WebhookAnswered(None, reason)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _answer(self, webhook: Webhook, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        if self._client is None:
            self._client = http_client()
        return await posted(self._client, webhook.address, headers, body)


async def posted(client: httpx.AsyncClient, address: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """The JSON object that is answered to ``body``. Raises `Unusable`, and what the library raises; the time is for
    whoever asks to bound."""
    # What would be packed could be a thousand times larger unpacked.
    more = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}
    more |= traces.headers()
    async with client.stream("POST", address, content=body, headers={**headers, **more}) as response:
        if response.is_redirect:
            raise Unusable("answered with a redirect, which is not followed")
        if not response.is_success:
            raise Unusable(f"answered with status {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Unusable("the answer is packed")
        return parsed(await _read(response))


def http_client() -> httpx.AsyncClient:
    """What asks systems that the operator names."""
    limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=20, keepalive_expiry=30)
    # Certificates that this machine trusts, so that a company's own authority counts. No proxies: the environment is
    # read by the settings alone. The time is bounded by whoever asks.
    return httpx.AsyncClient(
        verify=ssl.create_default_context(),
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # noqa: S113
        limits=limits,
        headers={"user-agent": "Threadline"},
    )


async def _read(response: httpx.Response) -> bytes:
    gathered = bytearray()
    async for chunk in response.aiter_raw():
        gathered += chunk
        if len(gathered) > MOST_BYTES:
            raise Unusable(f"the answer has more than {MOST_BYTES} bytes")
    return bytes(gathered)


def parsed(body: bytes) -> Mapping[str, Any]:
    """The JSON object that ``body`` is. Raises `Unusable`."""
    try:
        answer = json.loads(body, parse_constant=_no_constant)
        json.dumps(answer, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise Unusable("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise Unusable("the answer is no JSON object")
    if _depth(answer) > MOST_DEPTH:
        raise Unusable(f"the answer is more than {MOST_DEPTH} levels deep")
    return answer


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _depth(value: Any) -> int:
    """How many objects and lists stand in each other."""
    deepest, ahead = 0, [(value, 1)]
    while ahead:
        each, depth = ahead.pop()
        below = each.values() if isinstance(each, dict) else each if isinstance(each, list) else None
        if below is not None:
            deepest = max(deepest, depth)
            ahead.extend((inner, depth + 1) for inner in below)
    return deepest
