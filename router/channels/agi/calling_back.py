"""What Asterisk asks about a callback: where its placeholder waits, whom to dial, and tells: what came of it.

The number goes to the dialplan over this connection alone, and only for a callback that is being dialled. Where the
router dies before it has set a route, the dialplan asks the next one; where there is none, it hangs up without having
dialled anybody.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

import structlog

from router.channels.agi import commands
from router.channels.agi.call import AgiCall
from router.channels.agi.errors import GivenUp

SCRIPT: Final = "callback"
"""``agi://ROUTER/callback,wait|dial|answered|ended,ID[,PLACES|DIALSTATUS]``"""
_HOUSE_SECONDS: Final = 4.0
"""For the house's answer; less than the dialplan's own guard."""

_ID: Final = re.compile(r"[0-9a-f]{32}")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PLACE: Final = re.compile(r"[A-Za-z0-9_.-]{1,250}")
_NUMBER_OF_PLACES: Final = re.compile(r"[0-9]{1,2}")

_NO: Final = commands.set_variable("THREADLINE_ROUTE", "no")
_TOLD: Final = commands.set_variable("THREADLINE_ROUTE", "told")
"""That it was heard, so that no other router is asked."""

_RESULTS: Final[Mapping[str, str]] = {
    "ANSWER": "answered",
    "BUSY": "busy",
    "NOANSWER": "no_answer",
    "CANCEL": "cancelled",
}
"""``DIALSTATUS`` of the application ``Dial``; all others say that the line could not be had."""

_log = structlog.get_logger(__name__)


class Waiting(Protocol):
    """See `router.calls.calling_back.Waiting`."""

    @property
    def place(self) -> str: ...
    @property
    def priority(self) -> int: ...
    @property
    def seconds(self) -> int: ...
    @property
    def position(self) -> int: ...


class Dialling(Protocol):
    """See `router.calls.calling_back.Dialling`."""

    @property
    def number(self) -> str: ...
    @property
    def shown(self) -> str | None: ...
    @property
    def ring(self) -> int: ...


class House(Protocol):
    """Who knows of callbacks; see `router.calls.calling_back.CallingBack`."""

    async def waiting(self, call_id: str, earlier: int) -> Waiting | None: ...
    async def dial(self, call_id: str) -> Dialling | None: ...
    async def reached(self, call_id: str) -> bool: ...


Ended = Callable[[str, str], Awaitable[None]]
"""Told the id of an attempt and what came of it."""

Changed = Callable[[str], Awaitable[None]]
"""Told the id of an attempt of which there is more to say now: its customer is dialled, or has answered."""


class CallbackLine:
    """Handles what the dialplan's contexts for callbacks ask."""

    def __init__(self, house: House, ended: Ended, changed: Changed) -> None:
        self._house = house
        self._ended = ended
        self._changed = changed

    async def __call__(self, call: AgiCall) -> None:
        """One question."""
        match call.env.arguments:
            case (what, call_id, *rest) if _ID.fullmatch(call_id):
                async with asyncio.timeout(_HOUSE_SECONDS):
                    await self._answer(call, what, call_id, rest)
            case _:
                raise GivenUp("the dialplan asks about no callback")

    async def _answer(self, call: AgiCall, what: str, call_id: str, rest: list[str]) -> None:
        match what:
            case "wait":
                await self._wait(call, call_id, rest[0] if rest else "0")
            case "dial":
                await self._dial(call, call_id)
            case "answered":
                if await self._house.reached(call_id):
                    await self._changed(call_id)
                await call.run(_TOLD)
            case "ended":
                await self._ended(call_id, _RESULTS.get(rest[0] if rest else "", "failed"))
                await call.run(_TOLD)
            case _:
                raise GivenUp("the dialplan asks neither 'wait' nor 'dial', and tells nothing")

    async def _wait(self, call: AgiCall, call_id: str, earlier: str) -> None:
        if not _NUMBER_OF_PLACES.fullmatch(earlier):
            raise GivenUp("the dialplan does not say in how many places the callback has waited")
        place = await self._house.waiting(call_id, int(earlier))
        if place is None or not _PLACE.fullmatch(place.place):
            _log.info("callback_waits_no_more", call=call_id, places=int(earlier))
            await call.run(_NO)
            return
        await call.run(
            commands.set_variable("THREADLINE_QUEUE", place.place),
            commands.set_variable("THREADLINE_PRIORITY", str(max(0, place.priority))),
            commands.set_variable("THREADLINE_QUEUE_TIMEOUT", str(max(1, place.seconds))),
            commands.set_variable("THREADLINE_PLACE", position(place.position, call.env.asterisk_version)),
            commands.set_variable("THREADLINE_ROUTE", "queue"),
        )

    async def _dial(self, call: AgiCall, call_id: str) -> None:
        whom = await self._house.dial(call_id)
        if whom is None or not _NUMBER.fullmatch(whom.number):
            _log.warning("callback_refused", call=call_id)
            await call.run(_NO)
            return
        shown = whom.shown if whom.shown and _NUMBER.fullmatch(whom.shown) else ""
        await call.run(
            commands.set_variable("THREADLINE_NUMBER", whom.number),
            commands.set_variable("THREADLINE_SHOWN", shown),
            commands.set_variable("THREADLINE_RING", str(whom.ring)),
            commands.set_variable("THREADLINE_ROUTE", "dial"),
        )
        call.close()  # Asterisk dials; the desk is told beside
        await self._changed(call_id)


def position(place: int, version: str) -> str:
    """The place as the arguments of ``Queue`` that follow its timeout: AGI, (macro, up to Asterisk 20,) gosub, rule,
    position."""
    major = re.match(r"\D*([0-9]+)", version)
    commas = 5 if major and int(major[1]) <= 20 else 4
    return "," * commas + str(max(1, place))
