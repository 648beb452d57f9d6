"""Tells a CRM what calls have stored for it, after their transactions are over: signed as Standard Webhooks have it.

Each is claimed by one process at a time, tried a few times with longer pauses, and settled: told, or given up. What is
told of one call is told in the order in which it happened. Its text is wiped then. A receiver that is slow, away or
wrong holds up nothing but what it is told itself.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import structlog

from router import traces
from router.calls.crm import TOPIC
from router.calls.webhooks import Webhook, http_client, keys_of, signed
from router.settings import Settings, SettingsRefused
from router.store import crm_events as store
from router.store.bus import Bus
from router.store.database import Database
from router.store.loops import send_when_due

log = structlog.get_logger(__name__)

SECONDS: Final = 5.0
"""For the CRM to answer."""
LOOK_EVERY: Final = 5.0
"""Seconds after which the sender looks by itself: another process may have left something, or a pause be over."""
CLAIMED_FOR: Final = timedelta(seconds=30)
PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 30, 120, 300))
"""Before the second try, the third, and so on; after the last one it is given up."""
IN_TIME: Final = timedelta(minutes=15)
"""What could not be told until then is of no use any more."""
AT_ONCE: Final = 10
LAST_WORDS: Final = 6.0
"""Seconds that what is being told is given when the service stops."""

_AGAIN: Final = frozenset({408, 425, 429})
"""Answers of HTTP that may be another one later; those from 500 on may be, too."""


def crm_of(settings: Settings) -> Webhook | None:
    """The CRM of the settings. Raises `SettingsRefused` for a secret that is none; the text does not hold it."""
    if settings.crm_url is None or settings.crm_secret is None:
        return None
    try:
        return Webhook(settings.crm_url, keys_of(settings.crm_secret.get_secret_value()))
    except ValueError as error:
        raise SettingsRefused(f"THREADLINE_CRM_SECRET (crm_secret): {error}") from None


class CrmSender:
    """Runs beside the service; `run` ends only when it is cancelled. ``form``: what is told is a form, not JSON."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        crm: Webhook,
        clock: Callable[[], datetime],
        *,
        form: bool = False,
        seconds: float = SECONDS,
    ) -> None:
        self._database = database
        self._bus = bus
        self._crm = crm
        self._clock = clock
        self._form = form
        self._seconds = seconds
        self._client = http_client()

    async def run(self) -> None:
        """Tell whatever is due, and wait for more."""
        away, failed = "what the CRM is told waits for the database", "telling the CRM failed, will be tried again"
        try:
            await send_when_due(self.send_due, self._bus, TOPIC, LOOK_EVERY, LAST_WORDS, away=away, failed=failed)
        finally:
            await self._client.aclose()

    async def send_due(self) -> int:
        """Claim what is due and tell it; how many there were."""
        now = self._clock()
        async with self._database.begin() as connection:
            claimed = await store.claim(connection, now, now + CLAIMED_FOR, AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for row in claimed:
                tasks.create_task(self._send(row))
        return len(claimed)

    async def _send(self, row: store.EventRow) -> None:
        with traces.span("crm told", "client", threadline__call__id=row.call_id):
            reason, again = await self._told(row)
        now = self._clock()
        pause = PAUSES[row.tries - 1] if row.tries <= len(PAUSES) else None
        log.info("crm told", call=row.call_id, told=row.event, tries=row.tries, reason=reason)
        try:
            async with self._database.begin() as connection:
                if reason is not None and again and pause is not None and now + pause - row.created_at < IN_TIME:
                    await store.put_off(connection, row.id, now + pause, reason)
                else:
                    await store.settle(connection, row.id, now, reason)
        except Exception as error:  # it is due again when the claim is over, under the same webhook-id
            log.warning("what came of telling the CRM was not stored", id=row.id, error=type(error).__name__)

    async def _told(self, row: store.EventRow) -> tuple[str | None, bool]:
        """Why it could not be told (None: it was), and whether that may be another time."""
        body, content_type = written(row.body or {}, form=self._form)
        headers = {**signed(self._crm.keys, row.id, self._clock(), body), "content-type": content_type}
        headers |= traces.headers()
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream("POST", self._crm.address, content=body, headers=headers) as response,
            ):
                status = response.status_code  # what it says beside is not read
        except TimeoutError:
            return "no answer in time", True
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            return f"cannot be reached ({type(error).__name__})", True
        if 200 <= status < 300:
            return None, False
        return f"answered with status {status}", status in _AGAIN or status >= 500


def written(body: Mapping[str, Any], *, form: bool) -> tuple[bytes, str]:
    """What is sent, the same for every try, and its type; lists become fields with ``[]`` in a form. Pure."""
    if not form:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"), "application/json"
    fields: list[tuple[str, str]] = []
    for name, value in body.items():
        fields += [(f"{name}[]", str(each)) for each in value] if isinstance(value, list) else [(name, str(value))]
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"
