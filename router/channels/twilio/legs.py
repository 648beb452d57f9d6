"""What becomes of the calls to agents' phones, as Twilio tells of each: the cards go by that.

News may come twice, late and in any order. Of several phones that are answered at the same moment Twilio connects one
and hangs up the others (Twilio, "TwiML Voice: <Number>"): the first one told of has the card, until its call is over
and the other one's is not. Where an agent is asked to press a key, being answered says nothing: a mailbox answers, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import structlog

from router.agents.ringing import ELSEWHERE, NO_ANSWER, STOPPED, Ringing
from router.calls.handle import Calls, UnknownCall
from router.calls.turns import Turn
from router.channels.twilio.parse import DialEnd, LegPlace
from router.store import twilio_agents as store
from router.store.database import Connection, Database
from router.store.holds import hold

log = structlog.get_logger(__name__)

OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""CallStatus of a call to a phone that is no more."""
_RINGS: Final = frozenset({"queued", "initiated", "ringing"})
_REASONS: Final = {"completed": STOPPED, "canceled": ELSEWHERE}


class Legs:
    """The calls to agents' phones. Each method is one transaction, and then what the cards make of it."""

    def __init__(self, database: Database, calls: Calls, ringing: Ringing, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._calls = calls
        self._ringing = ringing
        self._clock = clock

    async def told(self, at: LegPlace, sid: str, status: str) -> None:
        """Twilio tells how it stands with the call ``sid`` to a person's phone."""
        turn = await self._turn(at.call_id)
        over, now = status in OVER, self._clock()
        if turn is None or (not over and _is_late(turn, at)):
            log.info("an agent's phone is told of too late", call=at.call_id, status=status)
            return
        taken = status == "in-progress" and not at.asked
        async with self._database.begin() as connection:
            leg = await _held(connection, at, sid, now)
            if leg is None:
                return
            rivals = [each for each in await store.open_legs(connection, at.call_id) if each.sid != sid]
            waits = await store.of_call(connection, at.call_id)
            if over:
                await store.end_leg(connection, sid, now)
                await store.release(connection, at.call_id, at.person_id)
            elif taken:
                await store.take_leg(connection, sid, now)
                await store.waits_no_more(connection, at.call_id)
        queue = waits.queue if waits else turn.session.queue
        if over:
            await self._gone(at, status, leg, rivals, queue)
        elif not taken:
            if status in _RINGS or status == "in-progress":
                await self._ringing.called(at.call_id, at.call_id, at.person_id, queue)
        elif _taken(rivals) is None:
            await self._answered(at, queue)

    async def accepts(self, at: LegPlace, sid: str) -> bool:
        """The person has pressed the key, and is connected with the caller; False where the caller is gone, or somebody
        else was quicker. Told twice, it is the same."""
        turn, now = await self._turn(at.call_id), self._clock()
        if turn is None or _is_late(turn, at):
            return False
        async with self._database.begin() as connection:
            leg = await _held(connection, at, sid, now)
            if leg is None:
                return False
            rivals = [each for each in await store.open_legs(connection, at.call_id) if each.sid != sid]
            if _taken(rivals) is not None:
                return False
            waits = await store.of_call(connection, at.call_id)
            await store.take_leg(connection, sid, now)
            await store.waits_no_more(connection, at.call_id)
        await self._answered(at, waits.queue if waits else turn.session.queue)
        return True

    async def dialled(self, call_id: str, end: DialEnd, since: datetime, *, asked: bool) -> bool:
        """None of the phones rings any more, and no talk goes on; whether there was one ``since`` the caller waits.
        ``asked``: of some of the people it was asked to press a key."""
        now = self._clock()
        async with self._database.begin() as connection:
            await hold(connection, _name(call_id))
            legs = await store.legs_since(connection, call_id, since)
            left = await store.open_legs(connection, call_id)
            for each in left:
                await store.end_leg(connection, each.sid, now)
            talked = _talked(end, legs, asked=asked)
            if talked:
                await store.waits_no_more(connection, call_id)
        for each in left:
            if each.answered_at is not None:
                await self._ringing.completed(call_id, each.person_id)
            await self._ringing.withdrawn(call_id, each.person_id, ELSEWHERE if talked else NO_ANSWER)
        return talked

    async def _turn(self, call_id: str) -> Turn | None:
        try:
            return await self._calls.turn(call_id)
        except UnknownCall:
            return None

    async def _answered(self, at: LegPlace, queue: str | None) -> None:
        # That it rang may not have been told; whoever talked to this caller before has rung anew.
        await self._ringing.called(at.call_id, at.call_id, at.person_id, queue)
        await self._ringing.answered(at.call_id, at.person_id, call_id=at.call_id, queue=queue)

    async def _gone(
        self, at: LegPlace, status: str, leg: store.LegRow, rivals: Sequence[store.LegRow], queue: str | None
    ) -> None:
        if any(each.person_id == at.person_id for each in rivals):
            return  # rung anew: what is told of the call before comes late
        other = _taken(rivals)
        if other is not None:
            await self._ringing.answered(at.call_id, other.person_id, call_id=at.call_id, queue=queue)
            await self._ringing.withdrawn(at.call_id, at.person_id, ELSEWHERE)
            return
        if leg.answered_at is not None or (status == "completed" and not at.asked):
            await self._ringing.completed(at.call_id, at.person_id)
        reason = NO_ANSWER if at.asked and status == "completed" else _REASONS.get(status, NO_ANSWER)
        await self._ringing.withdrawn(at.call_id, at.person_id, reason)


def _name(call_id: str) -> str:
    return f"twilio legs:{call_id}"


async def _held(connection: Connection, at: LegPlace, sid: str, now: datetime) -> store.LegRow | None:
    """The leg, and all others of the call, held until the transaction ends; None where it is over, or another's."""
    await hold(connection, _name(at.call_id))
    await store.add_leg(connection, sid, at.call_id, at.person_id, now)
    leg = await store.leg(connection, sid)
    if leg is None or leg.ended_at is not None or (leg.call_id, leg.person_id) != (at.call_id, at.person_id):
        return None
    return leg


def _taken(legs: Sequence[store.LegRow]) -> store.LegRow | None:
    return next((each for each in legs if each.answered_at is not None), None)


def _is_late(turn: Turn, at: LegPlace) -> bool:
    return turn.session.ended or turn.sequence != at.sequence


def _talked(end: DialEnd, legs: Sequence[store.LegRow], *, asked: bool) -> bool:
    """Whether the caller talked to somebody. Where a key was asked for, only who pressed it did, whatever answered."""
    if not end.answered or end.bridged is False:
        return False
    if _taken(legs) is not None:
        return True
    return (not legs and end.bridged is True) if asked else True
