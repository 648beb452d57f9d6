"""Calls over Twilio's API: making one, and ending one. Twilio's error texts hold numbers and are not read.

Sources: Twilio, "Calls resource: create a Call, update a Call" (``Status=completed`` ends one, whatever it does).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx

from router.settings import Settings

SECONDS: Final = 10.0
"""For Twilio to take a call."""
SECONDS_TO_END: Final = 4.0
"""For Twilio to end one: somebody waits."""


class CallsApi:
    """The calls of the settings' account. ``transport`` is for tests."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Raises `ValueError` where the settings name no account or token."""
        account, token = settings.twilio_account_sid, settings.twilio_auth_token
        if not (account and token):
            raise ValueError("the settings do not say whose calls these are")
        self._address = f"{settings.twilio_api_url}/2010-04-01/Accounts/{account}/Calls"
        self._login, self._transport = (account, token.get_secret_value()), transport

    async def make(self, form: Mapping[str, str]) -> int:
        """Have Twilio call somebody; the status of its answer. Raises `httpx.HTTPError`."""
        return await self._post(f"{self._address}.json", form, SECONDS)

    async def end(self, sid: str) -> int:
        """End a call; the status of Twilio's answer. Raises `httpx.HTTPError`."""
        return await self._post(f"{self._address}/{sid}.json", {"Status": "completed"}, SECONDS_TO_END)

    async def _post(self, address: str, form: Mapping[str, str], seconds: float) -> int:
        client = httpx.AsyncClient(auth=self._login, timeout=seconds, follow_redirects=False, transport=self._transport)
        async with client:
            return (await client.post(address, data=dict(form))).status_code
