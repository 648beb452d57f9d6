"""Twilio's webhooks: signed requests in, TwiML out.

A caller never pays for what goes wrong here: when the house fails, or takes longer than Twilio and the caller bear, the
answer takes the caller to the default queue. Only who is not Twilio gets a problem document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from router.calls.handle import Calls, UnknownCall
from router.channels.twilio import parse
from router.channels.twilio.destinations import Destinations, destinations
from router.channels.twilio.form import Form, Misunderstood, read
from router.channels.twilio.parse import CHANNEL, Place
from router.channels.twilio.render import EMPTY, Line, document, way_out, whispered
from router.channels.twilio.signature import HEADER, Signatures
from router.core.commands import Prompt, Transfer
from router.core.events import CallStarted, Event, RecordingEnded
from router.errors import Refused, bad_request, not_found, too_large
from router.settings import Settings

VOICE: Final = "/channels/twilio/voice"
STATUS: Final = "/channels/twilio/status"
WHISPER: Final = "/channels/twilio/whisper"
DEFAULT_QUEUE: Final = "default"

MOST_BYTES: Final = 65_536
HOUSE_SECONDS: Final = 8.0
"""For the house to say what comes next. Twilio gives up after 15, the caller sooner."""
WHISPER_SECONDS: Final = 3.0
"""For what the agent is to hear, while both wait."""
BODY_SECONDS: Final = 5.0
"""For a body to arrive."""

_FORM: Final = "application/x-www-form-urlencoded"

log = structlog.get_logger(__name__)


def routes(calls: Calls, settings: Settings, *, house_seconds: float = HOUSE_SECONDS) -> APIRouter:
    """`POST /channels/twilio/voice`, `/status` and `/whisper`. Raises `SettingsRefused` for settings that Twilio cannot
    work with."""
    signatures = Signatures(settings.twilio_auth_token, settings.public_url)
    channel = _Channel(calls, settings, destinations(settings.twilio_queues, settings.region), house_seconds)
    router = APIRouter(include_in_schema=False)

    @router.post(VOICE)
    async def voice(request: Request) -> Response:
        form = await signed_form(request, signatures, VOICE)
        with understood():
            answer = await channel.voice(form, request.url.query)
        return Response(answer, media_type="application/xml")

    @router.post(STATUS)
    async def status(request: Request) -> Response:
        form = await signed_form(request, signatures, STATUS)
        with understood():
            await channel.status(form)
        return Response(status_code=204)

    @router.post(WHISPER)
    async def whisper(request: Request) -> Response:
        await signed_form(request, signatures, WHISPER)
        with understood():
            answer = await channel.whisper(request.url.query)
        return Response(answer, media_type="application/xml")

    return router


class _Channel:
    """Between Twilio's requests and the house."""

    def __init__(self, calls: Calls, settings: Settings, taken_to: Destinations, house_seconds: float) -> None:
        self._calls = calls
        self._region = settings.region
        self._voice_url, self._whisper_url = settings.public_url + VOICE, settings.public_url + WHISPER
        self._taken_to = taken_to
        self._house_seconds = house_seconds

    async def voice(self, form: Form, query: str) -> str:
        """The document that answers a voice request. Raises `Misunderstood`, and `Refused` (404) for a call that is not
        the one of the address."""
        sid, place, begin = parse.call_sid(form), parse.place(query), parse.started(form, self._region)
        event = parse.event(form, place.wait) if place else begin
        try:
            async with asyncio.timeout(self._house_seconds):
                return await self._answer(sid, place, event, over=parse.is_over(form))
        except (Refused, Misunderstood):
            raise
        except Exception as error:
            # Without the error's text: a database puts the values into it, numbers included.
            log.error("no answer for a caller, who goes to the default queue", sid=sid, reason=type(error).__name__)
            return way_out(self._taken_to[DEFAULT_QUEUE], begin.caller, begin.service_number)

    async def status(self, form: Form) -> None:
        """A call has changed its state; only its end matters. Raises `Misunderstood`, and `Refused` (503) when that
        could not be stored."""
        sid = parse.call_sid(form)
        if not parse.is_over(form):
            return
        try:
            async with asyncio.timeout(self._house_seconds):
                await self._calls.hung_up(CHANNEL, sid)
        except Exception as error:
            log.error("the end of a call was not taken down", sid=sid, reason=type(error).__name__)
            raise Refused(503, "Not now", "the end of the call could not be stored; send it again") from None

    async def whisper(self, query: str) -> str:
        """What an agent hears who has answered the call of the address; nothing once the call has gone on, or where we
        fail: the caller is waiting. Raises `Misunderstood`."""
        called = parse.whisper_place(query)
        try:
            async with asyncio.timeout(WHISPER_SECONDS):
                turn = await self._calls.turn(called.call_id)
        except UnknownCall:
            return EMPTY
        except Exception as error:
            log.error("no whisper for an agent", call=called.call_id, reason=type(error).__name__)
            return EMPTY
        match turn.session.waiting:
            case Transfer(whisper=Prompt() as said) if turn.sequence == called.sequence:
                return whispered(said)
            case _:
                return EMPTY

    async def _answer(self, sid: str, place: Place | None, event: Event, *, over: bool) -> str:
        if place is not None and await self._calls.call_for(CHANNEL, sid) != place.call_id:
            raise not_found("CallSid and the address belong to different calls, or to one that is not known here")
        if over:
            await self._ended(sid, place, event)
            return EMPTY
        if place is not None:
            turn = await self._calls.handle(place.call_id, event, place.sequence)
        else:
            assert isinstance(event, CallStarted)  # noqa: S101 - for the type checker
            turn = await self._calls.begin(CHANNEL, sid, event)
        session = turn.session
        line = Line(
            self._voice_url,
            self._whisper_url,
            turn.call_id,
            turn.sequence,
            session.language,
            session.caller,
            session.service_number,
        )
        return document(turn.commands, line, self._taken_to)

    async def _ended(self, sid: str, place: Place | None, event: Event) -> None:
        """The caller has gone; what was recorded until then counts."""
        if place is not None and isinstance(event, RecordingEnded):
            await self._calls.handle(place.call_id, event, place.sequence)
        await self._calls.hung_up(CHANNEL, sid)


async def signed_form(request: Request, signatures: Signatures, path: str) -> Form:
    """The form of a request that Twilio signed. Raises `Refused`: 400, 403, 408, 413."""
    signature = signatures.check_given(request.headers.get(HEADER))
    body = await _body(request)
    is_form = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower() == _FORM
    with understood():
        form = read(body) if is_form else None
    text = body.decode(errors="replace")
    signatures.check(path, request.url.query, text if form is None else form, signature)
    if form is None:
        raise bad_request(f"the body is not of the type {_FORM}")
    return form


async def _body(request: Request) -> bytes:
    """The body, when it is neither too large nor too long on its way."""
    gathered = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                gathered += chunk
                if len(gathered) > MOST_BYTES:
                    raise too_large(f"the body has more than {MOST_BYTES} bytes")
    except TimeoutError:
        raise Refused(408, "Too slow", f"the body did not come within {BODY_SECONDS:.0f} seconds") from None
    except ClientDisconnect:
        raise bad_request("the body did not come to its end") from None
    return bytes(gathered)


@contextmanager
def understood() -> Iterator[None]:
    """What is not understood is answered with a clear no."""
    try:
        yield
    except Misunderstood as error:
        raise bad_request(str(error)) from None
