"""What becomes of callers who asked to be called back: attempts, each a call of its own, until one of them succeeds.

An attempt is stored before anything is dialled, claimed by one process, and concluded once. Its number is given out
once, and only for the attempt that is under way, so that a crash at whatever point never has somebody called twice:
where nobody knows what came of an attempt, people are asked to look into it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import structlog

from router.agents.phones import can_be_given
from router.calls.places import legs_of, place_of, position, transfer_of
from router.calls.placing import ASTERISK, placed
from router.calls.turns import columns
from router.calls.work import Work
from router.core.commands import Prompt, Say, Transfer
from router.core.destinations import Destinations
from router.core.events import TEST_PHONE, Caller
from router.engine.session import Session, State, Trace, session_from_json
from router.flow.model import Flow
from router.flow.nodes.base import HUMAN
from router.flow.queues import CallbackRules, Queue
from router.releases.flows import Flows
from router.store import callbacks, flow_versions, people, twilio_agents
from router.store import calls as rows
from router.store import queues as standings
from router.store.callbacks import DONE, FAILED, OPEN, CallbackRow
from router.store.database import Connection, Database

log = structlog.get_logger(__name__)

ANSWERED, BUSY, NO_ANSWER, UNREACHED, CANCELLED = "answered", "busy", "no_answer", "failed", "cancelled"
"""What comes of dialling a customer; `CANCELLED`: the agent hung up before."""
MACHINE: Final = "machine"
"""A mailbox or a fax answered, as far as the channel can tell."""
DIALLED: Final = "dialled"
"""The number was given out, and nobody has said yet what came of it."""
UNKNOWN, NOT_ALLOWED, TOO_LATE = "unknown", "not_allowed", "too_late"
NOBODY: Final = "nobody"
"""No agent answered, so that the customer was not dialled: this counts as no attempt."""
RESULTS: Final = frozenset({ANSWERED, BUSY, NO_ANSWER, UNREACHED, CANCELLED, MACHINE})

CLAIMED_FOR: Final = timedelta(seconds=30)
"""An attempt is looked after so often."""
SOON_AGAIN: Final = timedelta(seconds=60)
"""After an attempt to which no agent came."""
LONGEST_DIALLING: Final = timedelta(hours=6)
MOST_AT_ONCE: Final = 50

_GREETING: Final = {
    "de": "Guten Tag. Hier ist der Rückruf, um den Sie gebeten haben. Bitte bleiben Sie am Apparat.",
    "en": "Hello. This is the call back that you asked for. Please hold the line.",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A callback that is being dialled: the call that stands for it, and how it waits for an agent."""

    call_id: str
    callback_id: str
    transfer: Transfer
    service_number: str | None
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where the placeholder waits: ``place``, ``position`` among those who wait there, 1 is next."""

    place: str
    priority: int
    seconds: int
    position: int


@dataclass(frozen=True, slots=True)
class Dialling:
    """Whom to dial: ``number``, for ``ring`` seconds, with ``shown`` as the number that calls (None: the trunk's)."""

    number: str = field(repr=False)
    shown: str | None
    ring: int


@dataclass(frozen=True, slots=True)
class Concluded:
    """What came of an attempt: the callback's state, and when it is tried again, where it is."""

    result: str
    state: str
    next_try_at: datetime | None = None


class CallingBack:
    """Each method is one transaction."""

    def __init__(
        self,
        database: Database,
        flows: Flows,
        work: Work,
        destinations: Destinations,
        clock: Callable[[], datetime],
        make_id: Callable[[], str],
    ) -> None:
        self._database = database
        self._flows = flows
        self._work = work
        self._destinations = destinations
        self._clock = clock
        self._make_id = make_id

    async def due(self, channels: Collection[str]) -> Sequence[CallbackRow]:
        """Those that may be dialled now, in the order of their places: due, and their queue within its hours."""
        now = self._clock()
        async with self._database.read() as connection:
            found = await callbacks.due(connection, channels, now, MOST_AT_ONCE)
        return [row for row in found if self._open(row.service_number, row.queue, now)]

    async def under_way(self) -> dict[str, int]:
        """How many are dialled, or wait for an agent, by queue."""
        async with self._database.read() as connection:
            return await callbacks.under_way(connection)

    async def on_duty(self, queue: str, *, with_phone: bool) -> int:
        """How many agents take calls of ``queue``, talking or not, at a telephone of Asterisk's or in the browser."""
        async with self._database.read() as connection:
            there = await people.on_duty(connection)
        ready = (row for row in there if row.presence == "ready" and queue in row.queues)
        channel = ASTERISK if with_phone else TEST_PHONE
        return sum(can_be_given(row.phone, channel) for row in ready)

    async def free_before_all(self, queue: str, *, dialled: bool = False) -> int:
        """How many agents are free beyond those whom the waiting callers of ``queue`` need; with ``dialled`` only those
        count whose phones Twilio dials."""
        now = self._clock()
        async with self._database.read() as connection:
            seen = await standings.standing(connection, queue, now - timedelta(hours=1), now)
            phones = await twilio_agents.free(connection) if dialled else []
        free = sum(queue in row.queues for row in phones) if dialled else seen.free
        return free - seen.waiting

    async def begin(
        self, callback: CallbackRow, channel: str, ref: Callable[[str], str], *, waits: bool = True
    ) -> Attempt | None:
        """Claim a callback for one attempt, the call of which the channel knows as ``ref`` of our id. It ``waits`` in
        the queue at once, or when its customer has answered. None where the callback is no longer open, or its number
        must not be called: then people are told."""
        now, call_id = self._clock(), self._make_id()
        async with self._database.begin() as connection:
            if not self._destinations.may_be_called(callback.number):
                await self._fail(connection, callback, NOT_ALLOWED, now)
                log.warning("callback not allowed", callback=callback.id)
                return None
            if not await callbacks.claim(connection, callback.id, call_id, now + CLAIMED_FOR):
                return None
            former = await rows.by_id(connection, callback.call_id)
            flow = self._flow(former.service_number if former else None)
            await flow_versions.keep_set(connection, flow.files, now)  # it goes on when the customer is passed on
            session, transfer = self._session(call_id, channel, flow, callback, former, now)
            transfer = await placed(connection, session, transfer, flow.queues)
            greeting = Prompt(_GREETING.get(session.language, _GREETING["en"]), session.language)
            commands = (Say((greeting,)), transfer)
            values = columns(session, commands, now) | {
                "id": call_id,
                "channel": channel,
                "channel_ref": ref(call_id),
                "withheld": False,
                "service_number": session.service_number,
                "message_id": callback.message_id,
                "customer_id": former.customer_id if former else None,
                "direction": "out",
                "callback_id": callback.id,
                "started_at": now,
            }
            values |= {"queued_at": now} if waits else {"state": "flow"}
            await rows.add(connection, values)
        log.info("callback waits for an agent", callback=callback.id, call=call_id, queue=callback.queue)
        return Attempt(call_id, callback.id, transfer, session.service_number, callback.number)

    async def waiting(self, call_id: str, earlier: int = 0) -> Waiting | None:
        """Where the placeholder of an attempt is to wait after so many ``earlier`` places; None where there is no such
        attempt, or its time is up."""
        now = self._clock()
        async with self._database.begin() as connection:
            callback = await callbacks.of_attempt(connection, call_id)
            call = await rows.by_id(connection, call_id)
            if callback is None or call is None or call.state == "ended" or callback.last_result is not None:
                return None
            transfer = transfer_of(call)
            leg = next(islice(legs_of(transfer), earlier, None), None) if transfer else None
            if leg is None:
                return None
            place = await position(connection, callback, call_id, leg, now)
        return Waiting(place_of(leg), callback.priority, leg.seconds, place)

    async def dial(self, call_id: str) -> Dialling | None:
        """Whom to dial for an attempt, an agent having answered. Said once; None where the attempt is not under way,
        was told of before, or the number must not be called."""
        now = self._clock()
        async with self._database.begin() as connection:
            callback = await callbacks.of_attempt(connection, call_id)
            call = await rows.by_id(connection, call_id)
            if callback is None or call is None or call.state == "ended" or callback.last_result is not None:
                return None
            if not self._destinations.may_be_called(callback.number):
                await self._fail(connection, callback, NOT_ALLOWED, now)
                log.warning("callback not allowed", callback=callback.id)
                return None
            values = {"attempts": callback.attempts + 1, "last_result": DIALLED}
            await callbacks.change(connection, callback.id, values)
        log.info("callback is dialled", callback=callback.id, call=call_id)
        return Dialling(callback.number, call.service_number, self._rules(call.service_number, callback.queue).ring)

    async def answered(self, call_id: str, channel_ref: str) -> bool:
        """The customer has answered, and waits for an agent from now on; the channel knows the call as ``channel_ref``.
        False where the attempt is none that is under way."""
        now = self._clock()
        async with self._database.begin() as connection:
            callback = await callbacks.of_attempt(connection, call_id)
            call = await rows.by_id(connection, call_id)
            if callback is None or call is None or call.state != "flow" or callback.last_result != DIALLED:
                return call is not None and call.state == "queue" and call.channel_ref == channel_ref
            values = {"state": "queue", "channel_ref": channel_ref, "queued_at": now, "updated_at": now}
            await rows.change(connection, call_id, values)
            await self._conclude(connection, callback, call, ANSWERED, now)
        return True

    async def reached(self, call_id: str) -> bool:
        """The customer has answered, the agent being there already; False where that is known, or nobody is dialled."""
        now = self._clock()
        async with self._database.begin() as connection:
            callback = await callbacks.of_attempt(connection, call_id)
            if callback is None or callback.last_result != DIALLED:
                return False
            call = await rows.by_id(connection, call_id)
            concluded = await self._conclude(connection, callback, call, ANSWERED, now)
        self._tell(callback, concluded)
        return True

    async def ended(self, call_id: str, result: str) -> Concluded | None:
        """What came of an attempt, one of `RESULTS`, or `NOBODY`. None where that is known already."""
        now = self._clock()
        async with self._database.begin() as connection:
            callback = await callbacks.of_attempt(connection, call_id)
            call = await rows.by_id(connection, call_id)
            if callback is None:
                return None
            result = result if callback.last_result == DIALLED else NOBODY
            concluded = await self._conclude(connection, callback, call, result, now)
        self._tell(callback, concluded)
        return concluded

    async def look_after(self) -> list[str]:
        """Conclude attempts whose calls are over without anybody having said what came of them; the ids of calls that
        have been under way for too long, and are to be ended."""
        now = self._clock()
        async with self._database.read() as connection:
            found = await callbacks.unclaimed(connection, now, MOST_AT_ONCE)
        return [call_id for row in found if (call_id := await self._looked_after(row.attempt_id, now))]

    async def let_go(self, channels: Collection[str]) -> None:
        """Leave those to people who wanted to be called by now, and were not."""
        now = self._clock()
        async with self._database.begin() as connection:
            late = await callbacks.too_late(connection, channels, now, MOST_AT_ONCE)
            for row in late:
                await self._fail(connection, row, TOO_LATE, now)

    # -- within a transaction

    async def _looked_after(self, attempt_id: str, now: datetime) -> str | None:
        async with self._database.begin() as connection:
            callback = await callbacks.of_attempt(connection, attempt_id)
            call = await rows.by_id(connection, attempt_id)
            if callback is None:
                return None
            if call is not None and call.state != "ended":
                await callbacks.change(connection, callback.id, {"claimed_until": now + CLAIMED_FOR})
                return attempt_id if _is_lost(call, now) else None
            result = UNKNOWN if callback.last_result == DIALLED else NOBODY
            concluded = await self._conclude(connection, callback, call, result, now)
        self._tell(callback, concluded)
        return None

    async def _conclude(
        self, connection: Connection, callback: CallbackRow, call: rows.CallRow | None, result: str, now: datetime
    ) -> Concluded:
        if result == ANSWERED:
            agent = call.agent_id if call else None
            values = {"state": DONE, "settled_at": now, "person_id": agent, "last_result": result}
            await callbacks.change(connection, callback.id, values | _RELEASED)
            return Concluded(result, DONE)
        rules = self._rules(call.service_number if call else None, callback.queue)
        if result == UNKNOWN or (result != NOBODY and callback.attempts >= rules.attempts):
            await self._fail(connection, callback, result, now)
            return Concluded(result, FAILED)
        again = now + (SOON_AGAIN if result == NOBODY else timedelta(minutes=rules.every))
        values = {"state": OPEN, "next_try_at": again, "last_result": result}
        if result == NOBODY and callback.last_result == DIALLED:
            values["attempts"] = callback.attempts - 1  # the number was given out, and nobody was called after all
        await callbacks.change(connection, callback.id, values | _RELEASED)
        return Concluded(result, OPEN, again)

    async def _fail(self, connection: Connection, callback: CallbackRow, result: str, now: datetime) -> None:
        values = {"state": FAILED, "settled_at": now, "last_result": result}
        await callbacks.change(connection, callback.id, values | _RELEASED)
        await self._work.callback_failed(connection, callback, result, now)

    # -- what is known of queues

    def _session(
        self, call_id: str, channel: str, flow: Flow, callback: CallbackRow, former: rows.CallRow | None, now: datetime
    ) -> tuple[Session, Transfer]:
        """The call of an attempt, which waits in the queue as its caller would."""
        queue = flow.queues.get(callback.queue, Queue())
        transfer = Transfer(
            callback.queue, queue.timeout, callback.priority, tuple(callback.skills), skills_for=queue.skills_for
        )
        known = session_from_json(former.session) if former else None
        session = Session(
            call_id=call_id,
            flow=flow.name,
            revision=flow.revision,
            channel=channel,
            caller=Caller(),
            service_number=known.service_number if known else None,
            language=known.language if known else flow.text.languages[0],
            state=State.QUEUE,
            step=HUMAN,
            waiting=transfer,
            sequence=1,
            steps=1,
            match=known.match if known else None,
            queue=callback.queue,
            queued_since=callback.since,
            trace=(Trace(now, HUMAN, "transfer", f"callback; to queue {callback.queue}", flow.name),),
        )
        return session, transfer

    def _flow(self, service_number: str | None) -> Flow:
        return self._flows.for_number(service_number)

    def _rules(self, service_number: str | None, queue: str) -> CallbackRules:
        found = self._flow(service_number).queues.get(queue)
        return found.callbacks if found else CallbackRules()

    def _open(self, service_number: str | None, queue: str, now: datetime) -> bool:
        flow = self._flow(service_number)
        found = flow.queues.get(queue)
        hours = flow.hours.get(found.hours) if found and found.hours else None
        return hours is None or hours.open_at(now)

    def _tell(self, callback: CallbackRow, concluded: Concluded) -> None:
        """After the commit."""
        log.info("callback attempt over", callback=callback.id, result=concluded.result, state=concluded.state)


_RELEASED: dict[str, Any] = {"claimed_until": None}


def _is_lost(call: rows.CallRow, now: datetime) -> bool:
    """Whether a call that nobody has heard of for long can be taken for over: the channel never had it, or lost it."""
    if call.state == "talking":
        return bool(call.started_at < now - LONGEST_DIALLING)
    waiting = session_from_json(call.session).waiting
    seconds = waiting.timeout if isinstance(waiting, Transfer) else 600
    return bool(call.started_at < now - timedelta(seconds=seconds) - 3 * SOON_AGAIN)
