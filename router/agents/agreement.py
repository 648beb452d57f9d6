"""Keeps phones and pages in agreement: what Asterisk says of a phone is compared with what its agent chose.

docs/supervising.md has the cases. The database decides, but for one thing: a phone that somebody paused in Asterisk, at
the phone or elsewhere, is not made to ring against their will; its agent is then paused here, too, and told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet

import structlog

from router.agents import states
from router.agents.ami import AmiDown, QueueMember, QueueMemberRemoved
from router.agents.line import Line
from router.agents.phone_states import IN_A_CALL, OUT_OF_REACH
from router.agents.presence import Presence
from router.agents.queue_names import is_place
from router.store import cards, people
from router.store.database import Database

log = structlog.get_logger(__name__)

QUIET = 1.0
"""Seconds without news of a phone, and without a word to Asterisk about it, before the two are compared: what comes
sooner may be under way."""


class Agreement:
    """Fed by `Switchboard`. `close` it when nothing more comes."""

    def __init__(self, database: Database, presence: Presence, line: Line) -> None:
        self._database = database
        self._presence = presence
        self._line = line
        self._phones = line.states
        self._due: dict[str, asyncio.TimerHandle] = {}  # one for each phone of the settings at most
        self._comparing: set[asyncio.Task[None]] = set()
        self._in_line = False

    def begin(self, members: tuple[QueueMember, ...]) -> None:
        """Asterisk is there, and its phones are like this. What was chosen here is told to all of them first."""
        self._in_line = False
        self._phones.begin(members)

    def look_at_all(self) -> None:
        """All phones have been told what was chosen; from now on what differs was done by somebody else."""
        self._in_line = True
        for phone in self._phones.known:
            self._look_soon(phone)

    def told(self, member: QueueMember) -> None:
        """Asterisk says something of a phone; it is looked at when there was nothing more for a moment."""
        gone = isinstance(member, QueueMemberRemoved)
        if self._phones.left(member) if gone else self._phones.told(member):
            self._look_soon(member.interface)

    @property
    def under_way(self) -> set[str]:
        """The phones that are looked at soon."""
        return set(self._due)

    def away(self) -> None:
        """Asterisk is away: nothing is known of phones."""
        self._in_line = False
        self._phones.forget()
        for due in self._due.values():
            due.cancel()
        self._due.clear()

    async def close(self) -> None:
        """End what is still under way."""
        self.away()
        for task in self._comparing:
            task.cancel()
        await asyncio.gather(*self._comparing, return_exceptions=True)

    async def compare(self, phone: str) -> None:
        """Look at one phone: show what keeps it from ringing, and settle what differs. Raises `AmiDown`."""
        async with self._database.read() as connection:
            row = await people.by_phone(connection, phone)
            kept_free = phone in self._line.membership.kept_free
            rests = row is not None and await self._line.membership.rests(connection, row) is not None
            device = self._phones.device(phone)
            unknown = device in IN_A_CALL
            if row is not None and unknown:
                desk = await cards.live_of_person(connection, row.id)
                unknown = not any(card.state in cards.LIVE for card in desk)
        news = self._phones.cannot_ring(phone, out_of_reach=device in OUT_OF_REACH, in_other_call=unknown)
        await self._line.store(phone)
        if row is None:
            if self._phones.paused(phone):  # it is in a queue, and nobody sits there
                await self._line.tell(phone)
            return
        if news:
            await self._presence.tell_page(row.id)
        paused = self._phones.paused(phone)
        if kept_free and not rests:  # we paused it, and its call through another Asterisk is over
            await self._line.tell(phone, paused)
        elif row.presence != "off" and not rests and paused and all(paused.values()):
            log.info("a phone was paused elsewhere", phone=phone, person=row.id)
            await self._presence.pause_unasked(row.id, states.AT_PHONE)
        elif self._misplaced(row, paused.keys()) or any(each != rests for each in paused.values()):
            log.info("a phone differs from what was chosen", phone=phone, person=row.id)
            await self._line.tell(phone, paused)

    def _misplaced(self, row: people.PersonRow, places: AbstractSet[str]) -> bool:
        """Whether the phone is where it should not be, or not in one of its queues. Places for skills may be missing:
        where Asterisk's file of queues is not ours, there are none."""
        wanted = self._line.membership.places(row)
        return not places <= set(wanted) or any(place not in places for place in wanted if not is_place(place))

    def _look_soon(self, phone: str) -> None:
        if not self._in_line or not self._phones.knows(phone):
            return
        if due := self._due.pop(phone, None):
            due.cancel()
        self._due[phone] = asyncio.get_running_loop().call_later(QUIET, self._look, phone)

    def _look(self, phone: str) -> None:
        self._due.pop(phone, None)
        if self._line.membership.told_within(phone, QUIET):
            self._look_soon(phone)
            return
        task = asyncio.create_task(self._compared(phone), name=f"comparing {phone}")
        self._comparing.add(task)
        task.add_done_callback(self._comparing.discard)

    async def _compared(self, phone: str) -> None:
        try:
            await self.compare(phone)
        except AmiDown as error:
            log.warning("phone not told", phone=phone, reason=str(error))
        except Exception:
            log.exception("a phone could not be compared", phone=phone)
