"""Where Twilio asks what agents hear who answer a call, and tells of their phones.

Where an agent is asked to press a key nobody is connected without it: a mailbox answers, too, and would keep the
caller. Whoever answers hears the whisper, and twice what to press; then that call ends, and the next agent is tried.
The caller hears nothing of it.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from fastapi import APIRouter, Request, Response

from router.calls.handle import Calls, UnknownCall
from router.calls.turns import Turn
from router.channels.twilio import parse
from router.channels.twilio.agents import AgentPhones
from router.channels.twilio.form import Form
from router.channels.twilio.parse import LegPlace
from router.channels.twilio.render import whispered
from router.channels.twilio.render_agents import KEY, asked_for_key, declined, too_late
from router.channels.twilio.signature import Signatures
from router.channels.twilio.signed import query_of, signed_form, understood
from router.channels.twilio.twiml import EMPTY
from router.core.commands import Prompt, Transfer
from router.errors import Refused

WHISPER: Final = "/channels/twilio/whisper"
ACCEPT: Final = "/channels/twilio/agents/accept"
RINGING: Final = "/channels/twilio/agents/ringing"
WHISPER_SECONDS: Final = 3.0
"""For what the agent is to hear, while both wait."""

log = structlog.get_logger(__name__)


def add_agent_routes(
    router: APIRouter,
    calls: Calls,
    agents: AgentPhones | None,
    signatures: Signatures,
    public_url: str,
    house_seconds: float,
) -> None:
    """`POST /channels/twilio/whisper`, `/agents/accept` and `/agents/ringing`."""
    answering = _Answering(calls, agents, house_seconds)

    async def whisper(request: Request) -> Response:
        await signed_form(request, signatures, WHISPER)
        with understood():
            answer = await answering.whisper(query_of(request))
        return Response(answer, media_type="application/xml")

    async def accept(request: Request) -> Response:
        form = await signed_form(request, signatures, ACCEPT)
        with understood():
            answer = await answering.accept(form, query_of(request), f"{public_url}{ACCEPT}?{query_of(request)}")
        return Response(answer, media_type="application/xml")

    async def told(request: Request) -> Response:
        form = await signed_form(request, signatures, RINGING)
        with understood():
            await answering.told(form, query_of(request))
        return Response(status_code=204)

    # Past what FastAPI does for models and dependencies, of which there are none here.
    for path, answer in ((WHISPER, whisper), (ACCEPT, accept), (RINGING, told)):
        router.add_route(path, answer, methods=["POST"], include_in_schema=False)


class _Answering:
    """Between Twilio's requests and the agents' phones."""

    def __init__(self, calls: Calls, agents: AgentPhones | None, house_seconds: float) -> None:
        self._calls = calls
        self._agents = agents
        self._house_seconds = house_seconds

    async def told(self, form: Form, query: str) -> None:
        """How it stands with the call to an agent's phone. Raises `Misunderstood`, and `Refused` (503) when that could
        not be stored."""
        sid, at = parse.call_sid(form), parse.leg_place(query)
        if self._agents is None:
            return
        try:
            async with asyncio.timeout(self._house_seconds):
                await self._agents.legs.told(at, sid, parse.leg_status(form))
        except Exception as error:
            log.error("news of an agent's phone were not taken down", call=at.call_id, reason=type(error).__name__)
            raise Refused(503, "Not now", "what was told could not be stored; send it again") from None

    async def whisper(self, query: str) -> str:
        """What an agent hears who has answered the call of the address; nothing once the call has gone on, or where we
        fail: the caller is waiting. Raises `Misunderstood`."""
        called, language = parse.whisper_place(query), parse.language(query)
        try:
            turn = await self._turn(called.call_id)
        except Exception as error:
            log.error("no whisper for an agent", call=called.call_id, reason=type(error).__name__)
            return EMPTY
        said = _whisper(turn, called.sequence, language)
        return whispered(said) if said else EMPTY

    async def accept(self, form: Form, query: str, address: str) -> str:
        """What an agent hears who is to press a key, and what comes of it. Raises `Misunderstood`."""
        sid, at = parse.call_sid(form), parse.leg_place(query)
        keys = form.get("Digits")
        if parse.is_over(form):
            return EMPTY
        if keys is None:
            return await self._asked(at, address)
        if keys != KEY or self._agents is None:
            return declined()
        try:
            async with asyncio.timeout(WHISPER_SECONDS):
                taken = await self._agents.legs.accepts(at, sid)
        except Exception as error:
            # Somebody is there who wants to talk to the caller: nothing of ours is worth keeping the two apart.
            log.error("an agent's key was not taken down", call=at.call_id, reason=type(error).__name__)
            return EMPTY
        return EMPTY if taken else too_late(at.language)

    async def _asked(self, at: LegPlace, address: str) -> str:
        try:
            turn = await self._turn(at.call_id)
        except Exception as error:
            log.error("no whisper for an agent", call=at.call_id, reason=type(error).__name__)
            return asked_for_key(None, at.language, address)
        if turn is None or turn.session.ended or turn.sequence != at.sequence:
            return too_late(at.language)
        return asked_for_key(_whisper(turn, at.sequence, at.language), at.language, address)

    async def _turn(self, call_id: str) -> Turn | None:
        async with asyncio.timeout(WHISPER_SECONDS):
            try:
                return await self._calls.turn(call_id)
            except UnknownCall:
                return None


def _whisper(turn: Turn | None, sequence: int, language: str | None) -> Prompt | None:
    """What is whispered of a call that still waits at ``sequence``, in ``language`` where there is such a text."""
    if turn is None or turn.sequence != sequence or not isinstance(turn.session.waiting, Transfer):
        return None
    transfer = turn.session.waiting
    there = [each for each in (transfer.whisper, *transfer.whispers) if each is not None]
    return next((each for each in there if each.language == language), there[0] if there else None)
