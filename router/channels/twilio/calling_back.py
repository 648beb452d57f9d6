"""Calling back through Twilio: the customer is called when an agent is free, and waits the same way as every caller.

Sources: Twilio, "Calls resource: create a Call", "Call status values in status callbacks", "Answering Machine
Detection" (``AnsweredBy`` comes with the request for what is to be heard, and with the status).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import httpx

from router.calls.calling_back import (
    BUSY,
    MACHINE,
    NO_ANSWER,
    UNREACHED,
    Attempt,
    CallingBack,
)
from router.calls.rounds import NotPlaced
from router.channels.twilio.form import Form, Misunderstood
from router.channels.twilio.parse import CHANNEL
from router.channels.twilio.rest import CallsApi
from router.settings import Settings

ANSWER: Final = "/channels/twilio/callback"
"""Where Twilio asks what the customer who has answered is to hear."""
STATUS: Final = "/channels/twilio/callback-status"
DETECTION_SECONDS: Final = 6
"""For Twilio to find out who has answered; that one hears nothing meanwhile. After it, it is taken for a person."""

_CALL: Final = re.compile(r"call=([0-9a-f]{32})")
_RESULTS: Final[Mapping[str, str]] = {
    "completed": UNREACHED,  # somebody answered, and was gone before we were asked what they are to hear
    "busy": BUSY,
    "no-answer": NO_ANSWER,
    "failed": UNREACHED,
    "canceled": UNREACHED,
}


_MACHINES: Final = frozenset({"machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax"})
_NOT_TAKEN: Final = frozenset({401, 403, 404, 429})
"""Answers of Twilio that say nothing of the customer's number: our login, our account, or too much at once."""


class CallbackHouse(Protocol):
    """See `router.calls.calling_back.CallingBack`."""

    async def answered(self, call_id: str, channel_ref: str) -> bool: ...
    async def ended(self, call_id: str, result: str) -> object: ...


class TwilioCallbacks:
    """A `router.calls.rounds.Way`. ``rings`` says whether a queue's callers go to the phones of its agents, whom we
    ring. ``transport`` is for tests."""

    channel = CHANNEL
    waits_at_once = False

    def __init__(
        self,
        settings: Settings,
        calling: CallingBack,
        transport: httpx.AsyncBaseTransport | None = None,
        rings: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Raises `ValueError` where the settings name no account or token."""
        self._calling = calling
        self._public_url = settings.public_url
        self._detects_machines = settings.twilio_detect_machines
        self._rings = rings
        self._api = CallsApi(settings, transport)

    async def room(self, queue: str) -> int:
        """One for each agent who is free and whom no waiting caller needs: the customer is not to wait again."""
        return await self._calling.free_before_all(queue, dialled=self._rings(queue))

    def ref(self, call_id: str) -> str:
        """Until Twilio has named it."""
        return f"callback-{call_id}"

    async def begin(self, attempt: Attempt) -> None:
        """Have Twilio call the customer."""
        if attempt.service_number is None:
            raise NotPlaced("it is not known which number was called, so none can be shown")
        whom = await self._calling.dial(attempt.call_id)
        if whom is None:
            raise NotPlaced("it is not to be dialled any more")
        form = {
            "To": whom.number,
            "From": attempt.service_number,
            "Url": f"{self._public_url}{ANSWER}?call={attempt.call_id}",
            "Method": "POST",
            "StatusCallback": f"{self._public_url}{STATUS}?call={attempt.call_id}",
            "StatusCallbackMethod": "POST",
            "Timeout": str(whom.ring),
        }
        if self._detects_machines:
            form |= {"MachineDetection": "Enable", "MachineDetectionTimeout": str(DETECTION_SECONDS)}
        try:
            status = await self._api.make(form)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NotPlaced(f"Twilio cannot be reached: {type(error).__name__}") from None
        if status >= 500:
            raise RuntimeError(f"Twilio answers {status}")
        if status in _NOT_TAKEN:
            raise NotPlaced(f"Twilio answers {status}")
        if status >= 300:
            await self._calling.ended(attempt.call_id, UNREACHED)
            raise NotPlaced(f"Twilio answers {status}")


def which(query: str) -> str:
    """The call that the address names. Raises `Misunderstood`."""
    named = _CALL.fullmatch(query)
    if named is None:
        raise Misunderstood("call in the address is no id of a call")
    return named[1]


def is_machine(form: Form) -> bool:
    """Whether a mailbox or a fax has answered, where Twilio was asked to find out. Who is not known is taken for a
    person."""
    return form.get("AnsweredBy") in _MACHINES


def result_of(form: Form) -> str | None:
    """What came of a call; None while it goes on."""
    result = _RESULTS.get(form.get("CallStatus") or "")
    return MACHINE if result is not None and is_machine(form) else result
