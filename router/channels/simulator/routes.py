"""The test phone's requests: JSON in, what the caller hears and the trace out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import to_jsonable_python

from router.calls.handle import Calls, UnknownCall
from router.calls.turns import Turn
from router.channels.simulator.phone import CHANNEL, BadNumber, TestPhone
from router.channels.simulator.queues import QueueFull
from router.channels.simulator.speech import LARGEST, Hears, Microphone, understood
from router.core import events
from router.engine.step import NotAccepted
from router.errors import Refused, conflict, not_found, unprocessable
from router.flow.problems import FlowRefused
from router.releases.releases import UnknownDraft
from router.store.bus import Bus
from router.store.loops import woken_within
from router.web.forms import read_body
from router.web.strict_json import StrictJsonRoute

LONGEST_POLL = 20.0
"""Seconds a request for news waits."""
FURTHEST = timedelta(days=366)


_NO_CONTROLS = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
"""Tabs and line ends may stand in a text; PostgreSQL takes no NUL."""


class Dial(BaseModel):
    """Whom to be and whom to call."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    caller: Annotated[str, Field(alias="from", max_length=60)] = ""
    withheld: bool = False
    to: Annotated[str | None, Field(max_length=events.LONGEST_DIALLED, pattern=_NO_CONTROLS)] = None
    at: AwareDatetime | None = None
    """The time the call is to happen at, else now; at most a year away."""
    hours_at: AwareDatetime | None = None
    """The time that opening hours are to go by, and nothing else, where they are not to go by that of the call; at
    most a year away."""
    draft: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    """Admins only: a draft that answers instead of what is released."""


class Input(BaseModel):
    """What the caller does now. ``sequence`` is the one of the last answer."""

    model_config = ConfigDict(extra="forbid")

    sequence: Annotated[int, Field(ge=0)]
    kind: Literal["digits_entered", "speech_heard", "input_timed_out", "recording_ended"]
    digits: Annotated[str, Field(pattern=r"^[0-9*#]{0,40}$")] = ""
    text: Annotated[str, Field(max_length=2000, pattern=_NO_CONTROLS)] = ""
    seconds: Annotated[float, Field(ge=0, le=600)] = 0

    def event(self) -> events.Event:
        """The event for the engine."""
        match self.kind:
            case "digits_entered":
                return events.DigitsEntered(self.digits.removesuffix("#"))
            case "speech_heard":
                return events.SpeechHeard(self.text)
            case "input_timed_out":
                return events.InputTimedOut()
            case "recording_ended":
                return events.RecordingEnded(None, self.seconds, self.text or None)


def _ahead(field: str, at: datetime | None, now: datetime) -> timedelta:
    ahead = at - now if at else timedelta()
    if abs(ahead) > FURTHEST:
        wrong = "is more than a year away"
        raise unprocessable(f"{field}: {wrong}", [{"field": field, "message": wrong}])
    return ahead


def shown(turn: Turn, texts: Sequence[str] = ()) -> dict[str, Any]:
    """A turn as JSON. ``texts`` are the text messages of the call so far, which nobody gets."""
    return {
        "call": turn.call_id,
        "sequence": turn.sequence,
        "state": "talking" if turn.talking else turn.session.state.value,
        "outcome": turn.session.outcome.value if turn.session.outcome else None,
        "language": turn.session.language,
        "commands": to_jsonable_python(turn.commands),
        "trace": to_jsonable_python(turn.session.trace),
        "texts": list(texts),
    }


def routes(
    phone: TestPhone,
    calls: Calls,
    bus: Bus,
    clock: Callable[[], datetime],
    allowed: Callable[..., Any],
    admin: Callable[[Request], Awaitable[Any]],
    ear: Hears | None = None,
) -> APIRouter:
    """The requests under ``/testphone/calls``, for those whom the dependency ``allowed`` lets in; drafts for those whom
    ``admin`` does, too. Where there is no ``ear``, what a caller says can only be typed."""
    router = APIRouter(
        prefix="/testphone/calls", dependencies=[Depends(allowed)], include_in_schema=False, route_class=StrictJsonRoute
    )
    microphone = Microphone(phone, calls, ear, clock)

    @router.post("", status_code=201)
    async def dial(request: Request, body: Dial) -> dict[str, Any]:
        if body.draft is not None:
            await admin(request)
        try:
            now = clock()
            ahead, hours_ahead = _ahead("at", body.at, now), _ahead("hours_at", body.hours_at, now)
            turn = await phone.dial(
                body.caller,
                withheld=body.withheld,
                service_number=body.to,
                ahead=ahead,
                hours_ahead=hours_ahead - ahead if body.hours_at else timedelta(),
                draft=body.draft,
            )
            return await answered(turn)
        except BadNumber as error:
            raise unprocessable(str(error), [{"field": "from", "message": str(error)}]) from None
        except UnknownDraft as error:
            raise unprocessable(str(error), [{"field": "draft", "message": str(error)}], "no_such_draft") from None
        except FlowRefused as refused:
            problems = [
                {"field": "draft", "message": str(problem)} for problem in refused.problems if not problem.warning
            ]
            raise unprocessable("The draft cannot run.", problems) from None
        except QueueFull as error:
            raise Refused(503, "Too many calls", str(error), code="test_calls") from None

    @router.post("/{call_id}/events")
    async def send(call_id: str, body: Input) -> dict[str, Any]:
        await _test_call(call_id)
        try:
            return await answered(await phone.send(call_id, body.event(), body.sequence))
        except NotAccepted as error:
            raise conflict(str(error), "call_gone_on") from None

    @router.post("/{call_id}/speech")
    async def speak(request: Request, call_id: str, sequence: Annotated[int, Query(ge=0)]) -> dict[str, Any]:
        """The body is telephone WAV: what the caller says now. ``understood`` of the answer is what was made of it."""
        await _test_call(call_id)
        turn, heard = await microphone.say(call_id, sequence, await read_body(request, LARGEST))
        return {**await answered(turn), "understood": understood(heard)}

    @router.post("/{call_id}/hangup")
    async def hang_up(call_id: str) -> dict[str, Any]:
        await _test_call(call_id)
        return await answered(await phone.hang_up(call_id))

    @router.get("/{call_id}")
    async def news(call_id: str, after: Annotated[int | None, Query(ge=0)] = None) -> dict[str, Any]:
        """The call as it stands; with ``after``, as soon as it has gone beyond that sequence or 20 s have passed."""
        async with bus.listen(f"call:{call_id}") as changed:
            turn = await _test_call(call_id)
            if after is not None and not turn.session.ended and (turn.sequence <= after or turn.unfinished):
                await phone.seen(call_id)
                await woken_within(LONGEST_POLL, changed)
                turn = await _test_call(call_id)
        return await answered(turn)

    async def answered(turn: Turn) -> dict[str, Any]:
        return shown(turn, await calls.texts(turn.call_id))

    async def _test_call(call_id: str) -> Turn:
        try:
            turn = await calls.turn(call_id)
        except UnknownCall:
            turn = None
        if turn is None or turn.session.channel != CHANNEL:
            raise not_found("there is no such test call", "no_test_call")
        return turn

    return router
