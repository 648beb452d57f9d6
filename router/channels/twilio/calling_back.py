"""Calling back through Twilio: the customer is called when an agent is free, and waits the same way as every caller.

Sources: Twilio, "Calls resource: create a Call", "Call status values in status callbacks".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol

import httpx

from router.calls.calling_back import (
    ANSWERED,
    BUSY,
    NO_ANSWER,
    UNREACHED,
    Attempt,
    CallingBack,
)
from router.calls.rounds import NotPlaced
from router.channels.twilio.form import Misunderstood
from router.channels.twilio.parse import CHANNEL
from router.channels.twilio.rest import CallsApi
from router.settings import Settings

ANSWER: Final = "/channels/twilio/callback"
"""Where Twilio asks what the customer who has answered is to hear."""
STATUS: Final = "/channels/twilio/callback-status"

_CALL: Final = re.compile(r"call=([0-9a-f]{32})")
_RESULTS: Final[Mapping[str, str]] = {
    "completed": ANSWERED,
    "busy": BUSY,
    "no-answer": NO_ANSWER,
    "failed": UNREACHED,
    "canceled": UNREACHED,
}


class CallbackHouse(Protocol):
    """See `router.calls.calling_back.CallingBack`."""

    async def answered(self, call_id: str, channel_ref: str) -> bool: ...
    async def ended(self, call_id: str, result: str) -> object: ...


class TwilioCallbacks:
    """A `router.calls.rounds.Way`. ``transport`` is for tests."""

    channel = CHANNEL
    waits_at_once = False

    def __init__(
        self, settings: Settings, calling: CallingBack, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Raises `ValueError` where the settings name no account or token."""
        self._calling = calling
        self._public_url = settings.public_url
        self._api = CallsApi(settings, transport)

    async def room(self, queue: str) -> int:
        """One for each agent who is free and whom no waiting caller needs: the customer is not to wait again."""
        return await self._calling.free_before_all(queue)

    def ref(self, call_id: str) -> str:
        """Until Twilio has named it."""
        return f"callback-{call_id}"

    async def begin(self, attempt: Attempt) -> None:
        """Have Twilio call the customer."""
        if attempt.service_number is None:
            raise NotPlaced("it is not known which number was called, so none can be shown")
        whom = await self._calling.dial(attempt.call_id)
        if whom is None:
            return
        form = {
            "To": whom.number,
            "From": attempt.service_number,
            "Url": f"{self._public_url}{ANSWER}?call={attempt.call_id}",
            "Method": "POST",
            "StatusCallback": f"{self._public_url}{STATUS}?call={attempt.call_id}",
            "StatusCallbackMethod": "POST",
            "Timeout": str(whom.ring),
        }
        try:
            status = await self._api.make(form)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NotPlaced(f"Twilio cannot be reached: {type(error).__name__}") from None
        if status >= 500:
            raise RuntimeError(f"Twilio answers {status}")
        if status >= 300:
            await self._calling.ended(attempt.call_id, UNREACHED)
            raise NotPlaced(f"Twilio answers {status}")


def which(query: str) -> str:
    """The call that the address names. Raises `Misunderstood`."""
    named = _CALL.fullmatch(query)
    if named is None:
        raise Misunderstood("call in the address is no id of a call")
    return named[1]


def result_of(status: str | None) -> str | None:
    """What came of a call, by its ``CallStatus``; None while it goes on."""
    return _RESULTS.get(status or "")
