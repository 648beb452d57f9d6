"""TaskRouter asks what to do with a task, and tells what became of it: the cards go by that.

Sources: Twilio, "TaskRouter: Handling Assignment Callbacks" (instructions dequeue and conference) and "TaskRouter:
Event callbacks" (reservation.created, accepted, rejected, timeout, canceled, rescinded, wrapup, completed). Signed like
all of Twilio's requests. The worker's attribute ``login`` says who the person is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from router.agents.ringing import ELSEWHERE, NO_ANSWER, Ringing
from router.channels.twilio.form import Form, Misunderstood
from router.channels.twilio.legs import OVER
from router.channels.twilio.parse import call_sid
from router.channels.twilio.signature import Signatures
from router.channels.twilio.signed import query_of, signed_form, understood
from router.channels.twilio.tasks import Task, has_phone, login_of, task_of
from router.core.phone import e164
from router.errors import Refused
from router.settings import Settings
from router.store import calls, people, twilio_agents
from router.store.database import Database

log = structlog.get_logger(__name__)

ASSIGNMENT: Final = "/channels/twilio/assignment"
EVENTS: Final = "/channels/twilio/events"
WORKER: Final = "/channels/twilio/agents/worker"
"""Where Twilio tells of the call to a worker's phone."""

_RESERVATION = re.compile(r"WR[0-9a-fA-F]{32}")


class Clock(Protocol):
    """Says what time it is."""

    def __call__(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class News:
    """What an event is about: ``reservation`` of a ``task`` for the worker of this ``login``."""

    event: str
    reservation: str
    task: Task
    login: str


def task_routes(settings: Settings, database: Database, ringing: Ringing, clock: Clock) -> APIRouter:
    """`POST /channels/twilio/assignment`, `/events` and `/agents/worker`. Raises `SettingsRefused` for settings Twilio
    cannot work with."""
    signatures = Signatures(settings.twilio_auth_token, settings.public_url)
    router = APIRouter(include_in_schema=False)
    reader = TaskNews(database, ringing, clock)

    @router.post(ASSIGNMENT)
    async def assignment(request: Request) -> Response:
        form = await signed_form(request, signatures, ASSIGNMENT)
        with understood():
            return JSONResponse(instruction(form, settings))

    @router.post(EVENTS)
    async def events(request: Request) -> Response:
        form = await signed_form(request, signatures, EVENTS)
        with understood():
            news = news_of(form)
        if news is not None:
            try:
                await reader.take(news)
            except Exception as error:
                log.error("news of a task were not taken down", call=news.task.call_id, reason=type(error).__name__)
                raise Refused(503, "Not now", "what was told could not be stored; send it again") from None
        return Response(status_code=204)

    @router.post(WORKER)
    async def worker(request: Request) -> Response:
        form = await signed_form(request, signatures, WORKER)
        with understood():
            reservation, sid = _reservation(dict(parse_qsl(query_of(request))).get("reservation")), call_sid(form)
        try:
            await reader.phone(reservation, sid, form.get("CallStatus") or "")
        except Exception as error:
            log.error("news of a worker's phone were not taken down", reason=type(error).__name__)
            raise Refused(503, "Not now", "what was told could not be stored; send it again") from None
        return Response(status_code=204)

    return router


def instruction(form: Form, settings: Settings) -> dict[str, Any]:
    """What TaskRouter is to do with a task that it has found a worker for: connect the two. One that is none of ours is
    left to whoever made it (an empty instruction); a worker without a phone rejects it, so that the caller goes to the
    next one. Raises `Misunderstood`. Pure."""
    reservation = _reservation(form.get("ReservationSid"))
    if task_of(form.get("TaskAttributes")) is None:
        return {}
    if not has_phone(form.get("WorkerAttributes")):
        away = settings.twilio_activity_away
        return {"instruction": "reject"} | ({"activity_sid": away} if away else {})
    told: dict[str, Any] = {"instruction": settings.twilio_instruction}
    if settings.twilio_instruction == "conference":
        told["end_conference_on_exit"] = True
    else:
        told["status_callback_url"] = f"{settings.public_url}{WORKER}?reservation={reservation}"
        told["status_callback_events"] = "answered,completed"
    if settings.service_number and (shown := e164(settings.service_number, settings.region)):
        told["from"] = shown
    if settings.twilio_post_work_activity:
        told["post_work_activity_sid"] = settings.twilio_post_work_activity
    return told


def news_of(form: Form) -> News | None:
    """What an event says of a reservation of ours; None for all others. Raises `Misunderstood`. Pure."""
    event = form.get("EventType") or ""
    if not event.startswith("reservation."):
        return None
    reservation = _reservation(form.get("ReservationSid") or form.get("ResourceSid"))
    task = task_of(form.get("TaskAttributes"))
    login = login_of(form.get("WorkerAttributes"), form.get("WorkerName"))
    return News(event, reservation, task, login) if task and login else None


def _reservation(sid: str | None) -> str:
    if not _RESERVATION.fullmatch(sid or ""):
        raise Misunderstood("ReservationSid is missing or no id of a reservation")
    return str(sid)


class TaskNews:
    """Keeps the cards by what TaskRouter tells. Events may come twice and in any order."""

    def __init__(self, database: Database, ringing: Ringing, clock: Clock) -> None:
        self._database = database
        self._ringing = ringing
        self._clock = clock

    async def take(self, news: News) -> None:
        """Something has happened to a reservation."""
        person_id = await self._whose(news)
        if person_id is None:
            return
        call_id, queue = news.task.call_id, news.task.queue
        match news.event.removeprefix("reservation."):
            case "created":
                await self._ringing.called(call_id, call_id, person_id, queue)
            case "accepted":
                await self._ringing.answered(call_id, person_id, call_id=call_id, queue=queue)
            case "rejected" | "timeout":
                await self._ringing.withdrawn(call_id, person_id, NO_ANSWER)
            case "canceled" | "rescinded":
                await self._ringing.withdrawn(call_id, person_id, ELSEWHERE)
                await self._ringing.completed(call_id, person_id)
            case "completed" | "wrapup":
                await self._ringing.completed(call_id, person_id)
            case _:
                log.debug("an event of a reservation that says nothing to us", told=news.event)

    async def phone(self, reservation: str, sid: str, status: str) -> None:
        """How it stands with the call ``sid`` to the phone of the worker of a reservation. The card goes by the
        reservation; this is the call that is ended where the agent passes the caller on."""
        now, over = self._clock(), status in OVER
        async with self._database.begin() as connection:
            known = await twilio_agents.leg(connection, reservation)
            if known is None:
                log.info("a phone of a reservation that is not known here", reservation=reservation)
                return
            await twilio_agents.add_leg(connection, sid, known.call_id, known.person_id, now)
            if over:
                await twilio_agents.end_leg(connection, sid, now)
            elif status == "in-progress":
                await twilio_agents.take_leg(connection, sid, now)

    async def _whose(self, news: News) -> str | None:
        """The person, where the call is there, and this is not told too late."""
        now, over = self._clock(), news.event not in ("reservation.created", "reservation.accepted")
        async with self._database.begin() as connection:
            person = await people.by_login(connection, news.login)
            call = await calls.by_id(connection, news.task.call_id)
            if person is None or call is None or (call.state == "ended" and not over):
                log.info("a reservation of nobody, or of no call, here", reservation=news.reservation)
                return None
            await twilio_agents.add_leg(connection, news.reservation, call.id, person.id, now)
            known = await twilio_agents.leg(connection, news.reservation)
            if known is None or known.call_id != call.id or (known.ended_at is not None and not over):
                return None
            if over:
                await twilio_agents.end_leg(connection, news.reservation, now)
                if await twilio_agents.reserved_anew(connection, call.id, person.id):
                    return None  # the caller came to this worker again: what is told of the time before comes late
            return str(person.id)
