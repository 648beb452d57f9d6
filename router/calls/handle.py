"""The way of a call: load its session, take one step, store it, and only then tell anybody.

One event is one transaction. What the engine asks of the house is answered inside it (`router.calls.answers`), what
other parts of the house should know is announced after it. A repeated or late webhook gets the same answer again.

Another system is asked between two transactions: the session that waits for it is stored first, so that whatever comes
next for the call can ask again (`router.calls.elsewhere`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

import structlog

from router import traces
from router.calls.admission import Admission, UnderWay
from router.calls.answers import Answering, Answers
from router.calls.callbacks import Callbacks
from router.calls.crm import TOPIC as CRM_TOPIC
from router.calls.crm import CrmEvents
from router.calls.elsewhere import Elsewhere
from router.calls.guesses import Guesses
from router.calls.handing_over import instead
from router.calls.kept import kept_speech
from router.calls.lost import end
from router.calls.owed import Owed
from router.calls.placing import placed
from router.calls.texting import Texting
from router.calls.turns import Turn, as_kept, columns
from router.calls.webhooks import Webhooks
from router.calls.weights import Weights
from router.calls.work import Work
from router.core.commands import CallWebhook, ChannelCommand, Transfer
from router.core.destinations import Destinations
from router.core.events import (
    CallerHungUp,
    CallStarted,
    Event,
    HouseEvent,
    RecordingEnded,
    TransferEnded,
    TransferOutcome,
    WebhookAnswered,
)
from router.engine.recorded import to_record, to_record_json
from router.engine.session import Session, State, session_from_json
from router.engine.step import NotAccepted, start, step
from router.flow.model import Flow
from router.flow.problems import FlowRefused
from router.logs import While, about
from router.matching.codes import CodeKeys
from router.matching.lockout import Limits
from router.messages import texting as outbox
from router.messages.issuing import random_digits
from router.releases.flows import Flows, Trial
from router.store import call_events, flow_versions, speech_recordings, text_messages
from router.store import calls as store
from router.store.bus import Bus
from router.store.database import Connection, Database, new_id
from router.store.prepared import Json
from router.store.watch import DatabaseWatch

log = structlog.get_logger(__name__)


class _Twice(Exception):
    """The call is there already; what this event has led to is taken back. To look for it first would cost every call
    more than the few that come twice."""


class UnknownCall(LookupError):
    """There is no such call."""


class Calls:
    """Every channel hands its events here."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        flows: Flows,
        keys: CodeKeys,
        clock: Callable[[], datetime],
        make_id: Callable[[], str] = new_id,
        *,
        queues: Collection[str] | None = None,
        limits: Limits = Limits(),  # noqa: B008
        weights: Weights | None = None,
        pool_numbers: Collection[str] = frozenset(),
        texting: Texting | None = None,
        callbacks: Callbacks | None = None,
        answers: Answering | None = None,
        recording: bool = True,
        webhooks: Webhooks | None = None,
        work: Work | None = None,
        crm: CrmEvents | None = None,
        admission: Admission | None = None,
    ) -> None:
        """``queues`` are those there are (None: any); an offer that names another one goes to the flow's own.
        ``limits`` are those on wrong codes, ``weights`` those of matching (None: of the table of the code). Where
        nothing is said of ``texting`` and ``callbacks``, no text message is sent, and Germany is called back.
        ``answers`` stand in for the house's own, ``webhooks`` (None: there are none) included. ``recording``: turns are
        kept to be run again on another flow. ``crm`` (None: nobody) is told of new calls and of their end.
        ``admission`` (None: all come in) says which new calls are too many."""
        self._crm = crm
        self.admission = admission or Admission()
        self.under_way = UnderWay()
        """Turns of calls, not counting the waiting for other systems."""
        self._weights = weights or Weights(database, clock=clock)
        self._kept_flows: set[str] = set()
        self._database = database
        self._bus = bus
        self._flows = flows
        self._clock = clock
        self._make_id = make_id
        self.on_turn: Callable[[Session, float], None] | None = None
        """Told of every turn taken, with the seconds it took; for figures."""
        self.guesses = Guesses(keys, limits)
        self.work = work or Work(make_id)
        self.watch = DatabaseWatch(partial(store.can_be_changed, database))
        """Keeps callers from waiting for a database that is away."""
        asked = Webhooks({}) if webhooks is None and answers is None else webhooks
        self.elsewhere = Elsewhere(asked, clock, self._answered_in_time)
        self._owed = Owed(clock)
        self.watch.when_back(partial(self._owed.settle, self))
        self._recording = recording
        germany = Destinations(("DE",))
        self._texting = texting or Texting(keys, random_digits, make_id, destinations=germany)
        self._answers: Answering = answers or Answers(
            keys,
            self._weights,
            self.guesses,
            queues=queues,
            pool_numbers=pool_numbers,
            texting=self._texting,
            callbacks=callbacks or Callbacks(make_id, destinations=germany, region="DE"),
        )

    @property
    def texting(self) -> Texting:
        """Who gets text messages, and how many."""
        return self._texting

    async def begin(self, channel: str, channel_ref: str, event: CallStarted, *, trial: Trial | None = None) -> Turn:
        """A call has reached us, known to its channel as ``channel_ref``. Told twice, it is still one call.

        ``trial`` are flows that were not released, for a test call; it is not kept to be run again. With it, raises
        `LookupError` where they were not kept. Raises `TooManyCalls`.
        """
        begun = perf_counter()
        self.admission.check(event)
        with traces.span("call turn", threadline__channel=channel, threadline__event=event.kind) as span:
            with self.under_way:
                turn = await self.watch.within(self._entered, channel, channel_ref, event, trial)
            span.tell(traces.CALL, turn.call_id)
            with While(call=turn.call_id):
                return await self._finished(turn, begun)

    async def _entered(self, channel: str, channel_ref: str, event: CallStarted, trial: Trial | None) -> Turn:
        await self._weights.refresh()
        try:
            return await self._begun(channel, channel_ref, event, trial)
        except _Twice:
            return await self._as_it_stands(channel, channel_ref)

    async def _begun(self, channel: str, channel_ref: str, event: CallStarted, trial: Trial | None) -> Turn:
        now = self._clock()
        async with self._database.begin() as connection:
            flow = await self._flows.beginning(connection, event.service_number, trial)
            if flow.revision not in self._kept_flows:
                await flow_versions.keep_set(connection, flow.files, now)
            session = start(self._make_id(), flow, event)
            about(call=session.call_id)  # to the end of this task, which `begin` has begun
            session, commands, answers = await self._run(connection, flow, session, event, now)
            values = columns(session, commands, now) | {
                "id": session.call_id,
                "channel": channel,
                "channel_ref": channel_ref,
                "caller": event.caller.number,
                "withheld": event.caller.withheld,
                "service_number": event.service_number,
                "started_at": now,
            }
            if not await store.add(connection, values):
                raise _Twice
            await self._tell_crm(connection, None, session, now)
            if trial is None:
                await self._record(connection, flow, session, event, answers, now)
        self._kept_flows.add(flow.revision)
        return Turn(session.call_id, session.sequence, commands, session)

    async def _as_it_stands(self, channel: str, channel_ref: str) -> Turn:
        # In a turn of its own: whoever stored the call may be about to commit, which a reader would not wait for.
        async with self._database.begin(lasting=False) as connection:
            row = await store.by_channel_ref(connection, channel, channel_ref)
        if row is None:
            raise UnknownCall(channel_ref)
        return as_kept(row)

    async def handle(self, call_id: str, event: Event, sequence: int | None = None) -> Turn:
        """Something has happened to a call.

        With ``sequence`` (webhooks) an event that is not the one expected next changes nothing and gets the last
        commands again, but for a recording that comes when the call is over: it is kept. Without ``sequence`` such an
        event raises `NotAccepted`. Raises `UnknownCall`, and `DatabaseAway` before a caller has waited for long; that
        the caller is gone, and what was recorded, is then taken down later.
        """
        begun = perf_counter()
        in_time = self.watch.unhurried if isinstance(event, CallerHungUp) else self.watch.within
        with While(call=call_id), traces.span("call turn", threadline__call__id=call_id, threadline__event=event.kind):
            with self._owed.unless_stored(call_id, event), self.under_way:
                turn = await in_time(self._handled, call_id, event, sequence)
            return await self._finished(turn, begun)

    async def _handled(self, call_id: str, event: Event, sequence: int | None) -> Turn:
        await self._weights.refresh()
        now = self._clock()
        async with self._database.begin() as connection:
            row = await store.by_id(connection, call_id, lock=True)
            if row is None:
                raise UnknownCall(call_id)
            session = session_from_json(row.session)
            if sequence is not None and sequence != session.sequence:
                if session.ended and isinstance(event, RecordingEnded):
                    await self.work.left_late(connection, row, session, event, now)
                return as_kept(row)
            before = session
            flow, event = await self._flow_for(connection, session, event)
            event = await instead(connection, flow, session, event, now)
            kept = kept_speech(session, event)
            try:
                session, commands, answers = await self._run(connection, flow, session, event, now)
            except NotAccepted:
                if sequence is None and not as_kept(row).unfinished:
                    raise
                return as_kept(row)
            if isinstance(event, RecordingEnded):
                await self.work.left(connection, row, session, event, now)
            if kept is not None:
                await speech_recordings.add(connection, kept | {"id": self._make_id(), "created_at": now})
            values = columns(session, commands, now, row, before)
            if event == TransferEnded(TransferOutcome.ANSWERED) and row.answered_at is None:
                values["answered_at"] = now  # nobody has told before
            await store.change(connection, call_id, values)
            await self.work.ended(connection, row, session, now)
            await self._tell_crm(connection, before, session, now)
            await self._record(connection, flow, session, event, answers, now)
        return Turn(call_id, session.sequence, commands, session)

    async def _flow_for(self, connection: Connection, session: Session, event: Event) -> tuple[Flow, Event]:
        """The flow that the call runs. Where it is gone, or this version cannot run it, a caller who hangs up is gone
        all the same, and nothing more is done for them."""
        try:
            return await self._flows.flow(connection, session.revision, session.flow), event
        except (LookupError, FlowRefused) as error:
            if not isinstance(event, CallerHungUp):
                raise
            log.warning("call ended without its flow", call=session.call_id, reason=type(error).__name__)
            return self._flows.for_number(session.service_number), CallerHungUp(late=True)

    async def _finished(self, turn: Turn, begun: float) -> Turn:
        """The turn as far as the channel is to do something, and others told of it."""
        if turn.unfinished:
            turn = await self.elsewhere.finished(turn)
        if not turn.repeated:
            self._taken(turn.session, perf_counter() - begun)
        return turn

    async def _answered_in_time(self, asked: Session, answer: WebhookAnswered) -> Turn:
        return await self.watch.within(self._answered, asked, answer)

    async def _answered(self, asked: Session, answer: WebhookAnswered) -> Turn:
        """Another system has answered the call as it stood when it was asked."""
        now = self._clock()
        async with self._database.begin() as connection:
            row = await store.by_id(connection, asked.call_id, lock=True)
            if row is None:
                raise UnknownCall(asked.call_id)
            session = session_from_json(row.session)
            if not isinstance(session.waiting, CallWebhook) or session.steps != asked.steps:
                return as_kept(row)
            flow = await self._flows.flow(connection, session.revision, session.flow)
            session, commands, answers = await self._run(connection, flow, session, answer, now)
            await store.change(connection, session.call_id, columns(session, commands, now, row, asked))
            await self.work.ended(connection, row, session, now)
            await self._tell_crm(connection, asked, session, now)
            if self._recording:
                more = to_record(flow, answer, (answer, *answers), session.language)["answers"]
                await call_events.add_answers(connection, session.call_id, session.sequence, more)
        return Turn(session.call_id, session.sequence, commands, session)

    async def aclose(self) -> None:
        """Wait for what is being asked elsewhere; it takes a few seconds at most."""
        await self.watch.aclose()
        await self.elsewhere.aclose()

    async def hung_up(self, channel: str, channel_ref: str, *, late: bool = False) -> None:
        """The call known to its channel as ``channel_ref`` is over, wherever it stood. Harmless when told twice, or of
        a call that never reached us. ``late``: that was a while ago, as far as we know. Where the database is away
        `DatabaseAway` is raised, and it is taken down later."""
        with self._owed.unless_stored((channel, channel_ref), CallerHungUp(late)):
            row = await self.watch.unhurried(self._standing, channel, channel_ref)
        if row is None or row.state == State.ENDED.value:  # mostly it has: a flow that ends tells us of it by itself
            return
        try:
            await self.handle(row.id, CallerHungUp(late))
        except NotAccepted:
            log.debug("call had ended already", call=row.id)

    async def call_for(self, channel: str, channel_ref: str) -> str | None:
        """Our id of a channel's call, or None. Raises `DatabaseAway`."""
        row = await self.watch.within(self._standing, channel, channel_ref)
        return row.id if row else None

    async def _standing(self, channel: str, channel_ref: str) -> store.CallRow | None:
        async with self._database.read() as connection:
            return await store.standing(connection, channel, channel_ref)

    async def texts(self, call_id: str) -> list[str]:
        """The text messages of a test call, which go to nobody; the first one made comes first."""
        async with self._database.read() as connection:
            return await text_messages.shown(connection, call_id)

    async def turn(self, call_id: str) -> Turn:
        """The call as it stands, with the last commands. Raises `UnknownCall` and `DatabaseAway`."""
        return await self.watch.within(self._kept, call_id)

    async def _kept(self, call_id: str) -> Turn:
        async with self._database.read() as connection:
            row = await store.by_id(connection, call_id)
        if row is None:
            raise UnknownCall(call_id)
        return as_kept(row)

    async def end_lost(
        self, channel: str, still_there: frozenset[str], untouched_since: datetime, only: str = ""
    ) -> list[str]:
        """See `router.calls.lost.end`."""
        return await end(self, self._database, self._clock(), channel, still_there, untouched_since, only)

    async def _run(
        self, connection: Connection, flow: Flow, session: Session, event: Event, now: datetime
    ) -> tuple[Session, tuple[ChannelCommand, ...], tuple[HouseEvent, ...]]:
        """Step until the channel, or another system, is to do something: the house answers at once."""
        answers: tuple[HouseEvent, ...] = ()
        now += timedelta(seconds=session.ahead)
        session, commands = step(flow, session, event, now)
        while commands and not isinstance(commands[-1], ChannelCommand):
            if self.elsewhere.there and isinstance(commands[-1], CallWebhook):
                break
            answer = await self._answers.to(connection, session, commands[-1], now)
            answers += (answer,)
            flow = flow.flows.get(session.flow, flow)  # a step may have led to another one
            session, commands = step(flow, session, answer, now)
        told = [command for command in commands if isinstance(command, ChannelCommand)]
        if told and isinstance(told[-1], Transfer):
            told[-1] = await placed(connection, session, told[-1], flow.queues)
        return session, tuple(told), answers

    async def _record(
        self,
        connection: Connection,
        flow: Flow,
        session: Session,
        event: Event,
        answers: tuple[HouseEvent, ...],
        now: datetime,
    ) -> None:
        """Keep the turn without numbers and codes, to be run again on another flow."""
        if self._recording:
            kept = Json(to_record_json(flow, event, answers, session.language))
            await call_events.add(connection, session.call_id, session.sequence, now, kept)

    async def _tell_crm(self, connection: Connection, before: Session | None, session: Session, now: datetime) -> None:
        """Have the CRM told of what a turn that is stored has led to."""
        if self._crm is None:
            return
        if before is None:
            await self._crm.new_call(connection, session.call_id, now)
        if session.ended and not (before and before.ended):
            await self._crm.hung_up(connection, session.call_id, now)

    def _taken(self, session: Session, seconds: float) -> None:
        if self.on_turn is not None:
            self.on_turn(session, seconds)
        self._bus.announce(f"call:{session.call_id}")
        if self._crm is not None:
            self._bus.announce(CRM_TOPIC)
        if self._texting.stored_in(session.call_id):
            self._bus.announce(outbox.TOPIC)
        log.info("call", state=session.state.value, step=session.step, sequence=session.sequence)
