"""Twilio's webhooks: signed requests in, TwiML out.

A caller never pays for what goes wrong here: when the house fails, or takes longer than Twilio and the caller bear, the
answer takes the caller to the default queue. Only who is not Twilio gets a problem document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import structlog
from fastapi import APIRouter, Request, Response

from router.calls.admission import TooManyCalls
from router.calls.calling_back import MACHINE
from router.calls.handle import Calls, UnknownCall
from router.calls.turns import Turn
from router.channels.twilio import calling_back, parse
from router.channels.twilio.agent_routes import ACCEPT, RINGING, WHISPER, add_agent_routes
from router.channels.twilio.agents import AgentPhones, Hold, Ring
from router.channels.twilio.announcing import announcement, is_due
from router.channels.twilio.calling_back import CallbackHouse
from router.channels.twilio.destinations import Agents, Destinations, destinations
from router.channels.twilio.form import Form, Misunderstood
from router.channels.twilio.parse import CHANNEL, Place
from router.channels.twilio.render import Line, document, part_of, way_out
from router.channels.twilio.render_agents import Addresses, holding, holding_still, ringing
from router.channels.twilio.signature import Signatures
from router.channels.twilio.signed import query_of, signed_form, understood
from router.channels.twilio.stretches import Stretch, stretches
from router.channels.twilio.twiml import EMPTY, response, tag
from router.core.commands import Transfer
from router.core.events import (
    WITHHELD,
    CallerHungUp,
    CallStarted,
    Event,
    RecordingEnded,
    TransferEnded,
    TransferOutcome,
)
from router.engine.step import NotAccepted
from router.errors import Refused, not_found
from router.flow.queues import Queue
from router.logs import about
from router.settings import Settings

VOICE: Final = "/channels/twilio/voice"
STATUS: Final = "/channels/twilio/status"
DEFAULT_QUEUE: Final = "default"
MOST_FAILURES: Final = 2
"""After so many in a row a caller who waits for agents goes to the default queue."""

HOUSE_SECONDS: Final = 6.0
"""For the house to say what comes next. Twilio gives up after 15, the caller sooner."""

log = structlog.get_logger(__name__)


def routes(
    calls: Calls,
    settings: Settings,
    *,
    agents: AgentPhones | None = None,
    describe: Callable[[str], Queue] = lambda _: Queue(),
    callbacks: CallbackHouse | None = None,
    house_seconds: float = HOUSE_SECONDS,
    on_given_up: Callable[[str, str], None] = lambda _channel, _reason: None,
) -> APIRouter:
    """`POST /channels/twilio/voice` and `/status`; what the phones of ``agents`` need (`agent_routes`); `/callback` and
    `/callback-status`, for calls that we make for ``callbacks``. ``describe`` says how a queue is described;
    ``on_given_up`` is told of each call that is left to the default queue, by channel and reason. Raises
    `SettingsRefused` for settings that Twilio cannot work with."""
    signatures = Signatures(settings.twilio_auth_token, settings.public_url)
    taken_to = destinations(settings.twilio_queues, settings.region, lambda queue: describe(queue).twilio)
    channel = _Channel(calls, settings, taken_to, agents, describe, house_seconds, on_given_up)
    router = APIRouter(include_in_schema=False)

    async def voice(request: Request) -> Response:
        form = await signed_form(request, signatures, VOICE)
        with understood():
            answer = await channel.voice(form, query_of(request))
        return Response(answer, media_type="application/xml")

    async def status(request: Request) -> Response:
        form = await signed_form(request, signatures, STATUS)
        with understood():
            await channel.status(form)
        return Response(status_code=204)

    async def called_back(request: Request) -> Response:
        form = await signed_form(request, signatures, calling_back.ANSWER)
        with understood():
            answer = await channel.called_back(form, calling_back.which(query_of(request)), callbacks)
        return Response(answer, media_type="application/xml")

    async def callback_status(request: Request) -> Response:
        form = await signed_form(request, signatures, calling_back.STATUS)
        with understood():
            call_id = calling_back.which(query_of(request))
        result = calling_back.result_of(form)
        if callbacks is not None and result is not None:
            await callbacks.ended(call_id, result)
            await channel.gone(call_id)
        return Response(status_code=204)

    # Past what FastAPI does for models and dependencies, of which there are none here.
    ours = {VOICE: voice, STATUS: status, calling_back.ANSWER: called_back, calling_back.STATUS: callback_status}
    for path, answer in ours.items():
        router.add_route(path, answer, methods=["POST"], include_in_schema=False)
    add_agent_routes(router, calls, agents, signatures, settings.public_url, house_seconds)
    return router


class _Channel:
    """Between Twilio's requests and the house."""

    def __init__(
        self,
        calls: Calls,
        settings: Settings,
        taken_to: Destinations,
        agents: AgentPhones | None,
        describe: Callable[[str], Queue],
        house_seconds: float,
        on_given_up: Callable[[str, str], None],
    ) -> None:
        self._calls = calls
        self._agents = agents
        self._describe = describe
        self._addresses = Addresses(settings.public_url + RINGING, settings.public_url + ACCEPT)
        self._sound = settings.twilio_wait_sound
        self._region = settings.region
        self._voice_url, self._whisper_url = settings.public_url + VOICE, settings.public_url + WHISPER
        self._taken_to = taken_to
        self._house_seconds = house_seconds
        self._on_given_up = on_given_up

    async def voice(self, form: Form, query: str) -> str:
        """The document that answers a voice request. Raises `Misunderstood`, and `Refused` (404) for a call that is not
        the one of the address."""
        sid, place, begin = parse.call_sid(form), parse.place(query), parse.started(form, self._region)
        event = parse.event(form, place.wait) if place else begin
        about(sid=sid, **({"call": place.call_id} if place else {}))
        try:
            async with asyncio.timeout(self._house_seconds):
                return await self._answer(sid, place, event, form)
        except (Refused, Misunderstood):
            raise
        except TooManyCalls:  # logged once for all
            self._on_given_up(CHANNEL, "too_many")
            return way_out(self._taken_to.way_out(DEFAULT_QUEUE), begin.caller, begin.service_number)
        except Exception as error:
            # Without the error's text: a database puts the values into it, numbers included.
            if place is not None and place.wait in ("agents", "rung") and place.failed < MOST_FAILURES:
                log.warning("a caller who waits is asked for again", reason=type(error).__name__)
                return holding_still(self._same_place(place, form))
            log.error("no answer for a caller, who goes to the default queue", reason=type(error).__name__)
            self._on_given_up(CHANNEL, "no_decision" if isinstance(error, TimeoutError) else "failed")
            return way_out(self._taken_to.way_out(DEFAULT_QUEUE), begin.caller, begin.service_number)

    async def status(self, form: Form) -> None:
        """A call has changed its state; only its end matters. Raises `Misunderstood`, and `Refused` (503) when that
        could not be stored."""
        sid = parse.call_sid(form)
        about(sid=sid)
        if not parse.is_over(form):
            return
        try:
            async with asyncio.timeout(self._house_seconds):
                await self._over(sid)
        except Exception as error:
            log.error("the end of a call was not taken down", reason=type(error).__name__)
            raise Refused(503, "Not now", "the end of the call could not be stored; send it again") from None

    async def called_back(self, form: Form, call_id: str, callbacks: CallbackHouse | None) -> str:
        """What a customer hears who has answered our call: the same as a caller who waits. Nothing where it is no call
        of ours. Raises `Misunderstood`."""
        sid = parse.call_sid(form)
        if callbacks is not None and calling_back.is_machine(form):
            await callbacks.ended(call_id, MACHINE)
            await self.gone(call_id)
            return response(tag("Hangup"))
        if callbacks is None or not await callbacks.answered(call_id, sid):
            return EMPTY
        turn = await self._calls.turn(call_id)
        return document(turn.commands, self._line(turn), self._taken_to)

    async def gone(self, call_id: str) -> None:
        """A call that we made is over."""
        with suppress(NotAccepted, UnknownCall):
            await self._calls.handle(call_id, CallerHungUp())
        if self._agents is not None:
            await self._agents.over(call_id)

    async def _answer(self, sid: str, place: Place | None, event: Event, form: Form) -> str:
        if place is not None and await self._calls.call_for(CHANNEL, sid) != place.call_id:
            raise not_found("CallSid and the address belong to different calls, or to one that is not known here")
        if parse.is_over(form):
            await self._ended(sid, place, event)
            return EMPTY
        if place is None:
            assert isinstance(event, CallStarted)  # noqa: S101 - for the type checker
            turn = await self._calls.begin(CHANNEL, sid, event)
        else:
            if place.wait in ("transfer", "agents", "rung"):
                further = await self._further(place, event, form)
                if isinstance(further, str):
                    return further
                event = further
            turn = await self._calls.handle(place.call_id, event, place.sequence)
        return document(turn.commands, self._line(turn), self._taken_to)

    async def _further(self, place: Place, event: Event, form: Form) -> str | Event:
        """What comes next in a transfer without the flow being asked, as a document; or what the flow is told."""
        turn = await self._calls.turn(place.call_id)
        transfer = turn.session.waiting
        if turn.sequence != place.sequence or not isinstance(transfer, Transfer):
            return event
        parts, line = stretches(transfer, self._taken_to.__getitem__), self._line(turn)
        number = min(place.part, len(parts) - 1)
        answered = isinstance(event, TransferEnded) and event.outcome is TransferOutcome.ANSWERED
        if place.wait == "rung" and self._agents is not None:
            since = datetime.fromtimestamp(place.since, UTC)
            end, asked = parse.dial_end(form, place), bool(place.asked)
            answered = await self._agents.legs.dialled(place.call_id, end, since, asked=asked)
            event = TransferEnded(TransferOutcome.ANSWERED) if answered else event
        if answered and place.wait != "agents":
            return event
        if place.wait != "transfer":
            if not isinstance(parts[number].destination, Agents) or self._agents is None:
                return response(part_of(transfer, parts, number, line))  # described in another way since
            if (waits := await self._waits(self._agents, place, transfer, parts[number], line)) is not None:
                return waits
            event = TransferEnded(TransferOutcome.NO_ANSWER)
        return response(part_of(transfer, parts, number + 1, line)) if number + 1 < len(parts) else event

    async def _waits(
        self, agents: AgentPhones, place: Place, transfer: Transfer, part: Stretch, line: Line
    ) -> str | None:
        """The document for a caller who waits for agents whom we ring; None: their time there is up."""
        began = place.since or int(agents.now().timestamp())
        since = datetime.fromtimestamp(began, UTC)
        match await agents.next(place.call_id, place.sequence, transfer, part, since):
            case Ring() as ring:
                whisper = transfer.whisper is not None
                return ringing(ring, line, self._addresses, place.part, began, place.said, whisper=whisper)
            case Hold(queue=queue, ahead=ahead, expected=expected):
                to_say, waited = self._describe(queue).announcements, (agents.now() - since).total_seconds()
                due = is_due(to_say, place.said, waited)
                prompts = announcement(to_say, place.said, line.language, ahead, expected) if due else ()
                return holding(line, place.part, began, place.said + due, prompts, self._sound)
            case None:
                return None

    def _same_place(self, place: Place, form: Form) -> str:
        """Where Twilio asks once more. Whose talk is over must not be taken for somebody who waits."""
        line = Line(self._voice_url, self._whisper_url, place.call_id, place.sequence, "", WITHHELD, None)
        more = {"since": place.since, "said": place.said, "failed": place.failed + 1, "asked": place.asked}
        end = parse.dial_end(form, place)
        talked = end.answered and (end.bridged is not False if not place.asked else end.bridged is True)
        return line.address(place.wait, place.part, **more, ended=int(place.wait == "rung" and talked))

    def _line(self, turn: Turn) -> Line:
        session = turn.session
        return Line(
            self._voice_url,
            self._whisper_url,
            turn.call_id,
            turn.sequence,
            session.language,
            session.caller,
            session.service_number,
            int(session.match.assurance) if session.match else 0,
        )

    async def _ended(self, sid: str, place: Place | None, event: Event) -> None:
        """The caller has gone; what was recorded until then counts."""
        if place is not None and isinstance(event, RecordingEnded):
            await self._calls.handle(place.call_id, event, place.sequence)
        await self._over(sid)

    async def _over(self, sid: str) -> None:
        await self._calls.hung_up(CHANNEL, sid)
        if self._agents is not None and (call_id := await self._calls.call_for(CHANNEL, sid)) is not None:
            await self._agents.over(call_id)
