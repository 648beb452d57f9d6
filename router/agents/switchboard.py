"""Takes what Asterisk tells and hands it on: to the cards, to presence, and to the calls that ended.

An agent's phone is known by its interface (`PJSIP/101`); who has chosen it is the person whose card it is. Members that
Threadline did not sign in have nobody and get no card.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import structlog

from router.agents.agreement import Agreement
from router.agents.ami import (
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentRingNoAnswer,
    AmiDown,
    Channel,
    Connected,
    Disconnected,
    Hangup,
    Notice,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMemberAdded,
    QueueMemberPause,
    QueueMemberRemoved,
    QueueMemberStatus,
    Snapshot,
)
from router.agents.line import Line
from router.agents.presence import Presence
from router.agents.queue_names import base_of
from router.agents.ringing import ELSEWHERE, ENDED, NO_ANSWER, STOPPED, Place, Ringing
from router.store import cards, people
from router.store.database import Database

log = structlog.get_logger(__name__)

CHANNEL = "asterisk"
"""What calls that come over Asterisk have as their channel."""

CallEnded = Callable[[str], Awaitable[None]]
"""Told the uniqueid of a caller whose channel is gone, whether the call was one of ours or not."""


class EndLost(Protocol):
    """Told the uniqueids that are there; ends the calls that are not, if last touched before the given time, and of
    these only those whose uniqueids begin with ``only``."""

    async def __call__(self, still_there: frozenset[str], untouched_since: datetime, only: str = "", /) -> object: ...


CLOCKS_APART = timedelta(seconds=1)
"""How far the clocks of machines that share a database may differ."""

_MOST_LEGS = 10_000
_ANSWERED_ELSEWHERE = 26  # Q.850 has no such cause; Asterisk and others use this number (AST_CAUSE_ANSWERED_ELSEWHERE)


class Switchboard:
    """The listener for `router.agents.ami.Ami`. `close` it after the connection was stopped."""

    def __init__(
        self,
        database: Database,
        ringing: Ringing,
        presence: Presence,
        clock: Callable[[], datetime],
        call_ended: CallEnded,
        end_lost: EndLost,
        line: Line | None = None,
        *,
        among_several: bool = False,
    ) -> None:
        """``line`` are the phones there (None: of the only Asterisk). Where it is one ``among_several``, the calls of
        the others are left alone."""
        self._database = database
        self._ringing = ringing
        self._presence = presence
        self._clock = clock
        self._call_ended = call_ended
        self._end_lost = end_lost
        self._line = line or presence.lines[0]
        self._among_several = among_several
        self._agreement = Agreement(database, presence, self._line)
        # Legs to agents' phones, by their uniqueid: the call and the person. A person may change phones meanwhile.
        self._legs: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._talking: set[str] = set()
        """Those of them on which people talk."""
        self._tidying: asyncio.Task[None] | None = None

    async def __call__(self, notice: Notice) -> None:
        """Handle one notice; the next one comes when this returns."""
        match notice:
            case AgentCalled() as event:
                await self._called(event)
            case AgentConnect() as event:
                await self._answered(event)
            case AgentRingNoAnswer() as event:
                if person_id := await self._person(event.dest_uniqueid, event.interface):
                    await self._ringing.withdrawn(_key(event), person_id, NO_ANSWER)
            case AgentComplete() as event:
                if person_id := await self._person(event.dest_uniqueid, event.interface):
                    await self._ringing.completed(_key(event), person_id)
                self._legs.pop(event.dest_uniqueid, None)  # its Hangup has nothing to add
                self._talking.discard(event.dest_uniqueid)
            case QueueCallerAbandon() as event:
                # Said of a caller who hung up and of one whose time is up alike: what it was, Hangup tells.
                await self._ringing.left_queue(_key(event))
            case Hangup() as event:
                await self._hung_up(event)
            case Connected(snapshot, asked_at):
                await self._connected(snapshot, asked_at)
            case Disconnected():
                self._stop_tidying()
                self._agreement.away()
                await self._line.beat()
                await self._presence.telephone_changed(self._line, False)
            case QueueCallerJoin() | QueueCallerLeave():
                pass  # nobody's phone rings yet, or AgentConnect, AgentRingNoAnswer or Hangup says why it stopped
            case QueueMemberStatus() | QueueMemberAdded() | QueueMemberRemoved() | QueueMemberPause() as event:
                self._agreement.told(event)
            case _:
                assert_never(notice)

    def relieved(self) -> None:
        """Another process listens from now on."""
        self._stop_tidying()
        self._agreement.away()
        self._legs.clear()
        self._talking.clear()
        self._presence.forget(self._line)

    async def close(self) -> None:
        """End what is still under way."""
        task = self._tidying
        self._stop_tidying()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)
        await self._agreement.close()

    async def _called(self, event: AgentCalled) -> None:
        person_id = await self._person(event.dest_uniqueid, event.interface)
        if person_id is None:
            log.debug("a phone rings that nobody chose", phone=event.interface, queue=event.queue)
            return
        self._remember_leg(event.dest_uniqueid, _key(event), person_id)
        await self._ringing.called(_key(event), event.call_id, person_id, base_of(event.queue), at=self._line.name)

    async def _answered(self, event: AgentConnect) -> None:
        person_id = await self._person(event.dest_uniqueid, event.interface)
        if person_id is None:
            # Somebody without a desk took the call; on the desks it rings no more.
            await self._ringing.answered_by_nobody(_key(event))
            return
        self._remember_leg(event.dest_uniqueid, _key(event), person_id)
        self._talking.add(event.dest_uniqueid)
        place = Place(self._line.name, event.channel, event.dest_channel)
        await self._ringing.answered(
            _key(event), person_id, call_id=event.call_id, queue=base_of(event.queue), place=place
        )

    async def _hung_up(self, event: Hangup) -> None:
        if leg := self._legs.pop(event.uniqueid, None):
            if event.uniqueid in self._talking:
                self._talking.discard(event.uniqueid)
                # Where Asterisk keeps the caller, nothing else tells that the talk is over.
                await self._ringing.completed(*leg)
                return
            # When the queue's own time is up this is all that tells of the phones; when another agent answers or the
            # caller gives up it may come before the event that says so.
            reason = ELSEWHERE if event.cause == _ANSWERED_ELSEWHERE else STOPPED
            await self._ringing.withdrawn(*leg, reason)
            return
        if event.uniqueid != event.linkedid:
            return  # a leg that rang on nobody's desk: it carries our id of the call, but the call is not over
        try:
            await self._ringing.over(_key(event), ENDED)
        finally:
            await self._call_ended(event.uniqueid)

    async def _person(self, leg: str, interface: str) -> str | None:
        if known := self._legs.get(leg):
            return known[1]
        async with self._database.read() as connection:
            row = await people.by_phone(connection, interface)
        return row.id if row else None

    def _remember_leg(self, leg: str, call_key: str, person_id: str) -> None:
        self._legs[leg] = (call_key, person_id)
        if len(self._legs) > _MOST_LEGS:
            self._talking.discard(self._legs.popitem(last=False)[0])

    # Getting in step ----------------------------------------------------------------------------------------------

    async def _connected(self, snapshot: Snapshot, asked_at: float) -> None:
        """Cards at once, they are in front of people; the rest is tidied up beside the events that follow."""
        # A call touched since Asterisk was asked may be younger than its answer.
        untouched_since = self._clock() - timedelta(seconds=asyncio.get_running_loop().time() - asked_at)
        self._stop_tidying()
        self._agreement.begin(snapshot.queue_members)
        await self._line.beat()
        await self._presence.telephone_changed(self._line, True)
        await self._set_cards_right(snapshot)
        self._tidying = asyncio.create_task(self._tidy(snapshot, untouched_since), name="agents-tidying")

    def _stop_tidying(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
            self._tidying = None

    async def _tidy(self, snapshot: Snapshot, untouched_since: datetime) -> None:
        try:
            differing = await self._line.membership.bring_into_line(snapshot)
            log.info("queues in line", phones_that_differed=differing)
            await self._line.store_others()
            self._agreement.look_at_all()
        except AmiDown as error:
            log.warning("queues not in line", reason=str(error))
        except Exception:
            log.exception("queues not in line")
        try:
            there = frozenset(channel.uniqueid for channel in snapshot.channels)
            await self._end_lost(there, untouched_since - CLOCKS_APART, *self._only)
        except Exception:
            log.exception("lost calls not ended")

    @property
    def _only(self) -> tuple[str, ...]:
        """What the ids of this Asterisk's calls begin with, where there are others beside it."""
        return (f"{self._line.name}-",) if self._among_several else ()

    async def _set_cards_right(self, snapshot: Snapshot) -> None:
        """Cards of calls that are no longer there go; a phone that rings or talks and has no card gets one."""
        async with self._database.read() as connection:
            rows = await cards.live_on_channel(connection, CHANNEL, *self._only)
            holders = {row.phone: row.id for row in await people.with_phones(connection)}
        live = {(row.call_key, row.person_id): row.state for row in rows}
        callers = {channel.uniqueid: channel for channel in snapshot.channels if channel.interface not in holders}
        there = {_channel_key(channel) for channel in callers.values()}
        for gone in {call_key for call_key, _ in live} - there:
            await self._ringing.over(gone, ENDED)

        known = {call_key for call_key, _ in live}
        at_phones: set[tuple[str, str]] = set()
        # A callback waits with the other end of its channel: what both ends have in common is our id.
        queues = {waiting.uniqueid: base_of(waiting.queue) for waiting in snapshot.waiting}
        queues |= {waiting.call_id: base_of(waiting.queue) for waiting in snapshot.waiting if waiting.call_id}
        for leg in snapshot.channels:
            caller, person_id = callers.get(leg.linkedid), holders.get(leg.interface)
            if caller is None or person_id is None:
                continue
            at_phones.add((_channel_key(caller), person_id))
            self._remember_leg(leg.uniqueid, _channel_key(caller), person_id)
            if waits := [each for each in (caller.uniqueid, caller.call_id) if each is not None and each in queues]:
                await self._ringing.called(
                    _channel_key(caller), caller.call_id, person_id, queues[waits[0]], at=self._line.name
                )
            elif not leg.ringing and (caller.call_id or _channel_key(caller) in known):
                self._talking.add(leg.uniqueid)
                place = Place(self._line.name, _waiting_end(caller.name), leg.name)
                await self._ringing.answered(_channel_key(caller), person_id, call_id=caller.call_id, place=place)

        for (call_key, person_id), state in live.items():
            if call_key in there and (call_key, person_id) not in at_phones:
                if state == "ringing":
                    await self._ringing.withdrawn(call_key, person_id, STOPPED)
                else:
                    await self._ringing.completed(call_key, person_id)


def _key(event: AgentCalled | AgentConnect | AgentRingNoAnswer | AgentComplete | QueueCallerAbandon | Hangup) -> str:
    """What our cards know the call by: our id, or Asterisk's where the router never saw the call."""
    return event.call_id or event.uniqueid


def _waiting_end(channel: str) -> str:
    """The channel that is in the queue: of a callback that is the other end of the one that stands for the call."""
    return f"{channel.removesuffix(';1')};2" if channel.endswith(";1") else channel


def _channel_key(channel: Channel) -> str:
    return channel.call_id or channel.uniqueid
