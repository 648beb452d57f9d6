"""Keeps the members of Asterisk's queues what the agents chose.

The database decides: Asterisk is told what stands there, again and again if need be, and never asked what an agent
wants. Only phones that the settings list are touched. A phone belongs to each place that its agent can serve: the
queues, their sets of skills that the agent has, and the queue of the phone itself (`router.agents.queue_names`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Protocol

import structlog

from router.agents import states
from router.agents.ami import AmiRefused, Snapshot
from router.agents.phones import is_dialled
from router.agents.queue_names import is_place, of_phone, places
from router.flow.queues import Queue
from router.store import people
from router.store.database import Connection, Database

log = structlog.get_logger(__name__)


class Book(Protocol):
    """What queues there are; see `router.releases.queue_book.QueueBook`."""

    @property
    def names(self) -> Collection[str]: ...

    def get(self, queue: str | None) -> Queue: ...


class Phones(Protocol):
    """What is needed of `router.agents.ami.Ami`."""

    @property
    def connected(self) -> bool: ...

    async def queue_add(
        self, queue: str, interface: str, member_name: str, penalty: int = 0, paused: bool = False
    ) -> None: ...

    async def queue_remove(self, queue: str, interface: str) -> None: ...

    async def queue_pause(self, interface: str, paused: bool, reason: str, queue: str | None = None) -> None: ...


Busy = Callable[[Connection, str], Awaitable[bool]]


class Membership:
    """Tells Asterisk; without it (`ami` None) nothing is told. `refused` has the phones that a queue did not take."""

    def __init__(self, database: Database, ami: Phones | None, phones: Sequence[str], book: Book) -> None:
        self.busy_elsewhere: Busy | None = None
        """Where there are several Asterisks: whether a person has a call through another one."""
        self.kept_free: set[str] = set()
        """The phones that are paused here for that reason alone."""
        self._database = database
        self._ami = ami
        self._phones = [phone for phone in phones if not is_dialled(phone)]  # Asterisk knows nothing of the others
        self._book = book
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # one for each of `phones` at most
        self._there: Collection[str] | None = None
        self._told_at: dict[str, float] = {}
        self.refused: set[str] = set()

    def told_within(self, phone: str, seconds: float) -> bool:
        """Whether Asterisk was told something about this phone within so many seconds, or is being told."""
        told_at = self._told_at.get(phone)
        if phone in self._turns and self._turns[phone].locked():
            return True
        return told_at is not None and asyncio.get_running_loop().time() - told_at < seconds

    async def bring_into_line(self, snapshot: Snapshot) -> int:
        """Make the queues what the agents chose; how many phones differed. Touches no phone but those of the settings.

        Raises `AmiDown` when Asterisk goes meanwhile; it is done again with the next snapshot.
        """
        self._there = snapshot.queues
        actual: dict[str, dict[str, bool]] = {phone: {} for phone in self._phones}
        for member in snapshot.queue_members:
            if member.interface in actual:
                actual[member.interface][member.queue] = member.paused
        async with self._database.read() as connection:
            rows = await people.with_phones(connection)
            resting = {row.phone for row in rows if await self.rests(connection, row) is not None}
        wanted = {row.phone: dict.fromkeys(self.places(row), row.phone in resting) for row in rows}
        differing = [phone for phone in self._phones if wanted.get(phone, {}) != actual[phone]]
        for phone in differing:
            await self.tell(phone, actual[phone])
        return len(differing)

    async def tell(self, phone: str, also: Iterable[str] = ()) -> None:
        """Make a phone's membership what the database says now, so that of two quick changes the last one counts.

        `also` are queues it may be in beside those of the settings. A phone that the settings do not list is left in
        peace. Raises `AmiDown`.
        """
        if self._ami is None or phone not in self._phones:
            return
        async with self._turns[phone]:
            async with self._database.read() as connection:
                row = await people.by_phone(connection, phone)
                reason = await self.rests(connection, row) if row is not None else None
            wanted = self.places(row) if row else ()
            self.refused.discard(phone)
            if row is not None and reason is not None:
                await self._pause(self._ami, phone, reason)
            for queue in {*self._every_place(phone), *also} - set(wanted):
                await self._remove(self._ami, queue, phone)
            if row is not None:
                await self._add(self._ami, phone, row, wanted, reason)
            self._told_at[phone] = asyncio.get_running_loop().time()

    async def rest(self, phone: str) -> None:
        """As `tell`, where only whether calls may come has changed: one word to Asterisk instead of one for each
        place. Raises `AmiDown`."""
        if self._ami is None or phone not in self._phones:
            return
        async with self._turns[phone]:
            async with self._database.read() as connection:
                row = await people.by_phone(connection, phone)
                reason = await self.rests(connection, row) if row is not None else None
            if row is not None and row.presence != "off":
                await self._pause(self._ami, phone, reason)
            self._told_at[phone] = asyncio.get_running_loop().time()

    async def rests(self, connection: Connection, row: people.PersonRow) -> str | None:
        """Why no call is to come to this person's phone from here now; None: calls may come."""
        reason = states.rests(row)
        busy = reason is None and self.busy_elsewhere is not None and await self.busy_elsewhere(connection, row.id)
        (self.kept_free.add if busy else self.kept_free.discard)(row.phone)
        return states.ELSEWHERE if busy else reason

    async def _add(
        self, ami: Phones, phone: str, row: people.PersonRow, wanted: Sequence[str], reason: str | None
    ) -> None:
        for queue in wanted:
            try:
                # The member name is an id, not a name: Asterisk logs it and shows it to whoever asks.
                await ami.queue_add(queue, phone, row.id, paused=reason is not None)
                if reason is not None:
                    await ami.queue_pause(phone, True, reason, queue)
            except AmiRefused as error:
                if is_place(queue):  # the dialplan takes its queue instead, which the agent belongs to as well
                    log.info("place refused a phone", queue=queue, phone=phone, reason=error.message)
                    continue
                self.refused.add(phone)
                log.warning("queue refused a phone", queue=queue, phone=phone, reason=error.message)

    @staticmethod
    async def _pause(ami: Phones, phone: str, reason: str | None) -> None:
        """In all queues at once. Before anything else where there is a reason: no call is to come in meanwhile."""
        try:
            await ami.queue_pause(phone, reason is not None, reason or "")
        except AmiRefused as error:  # it is in no queue
            log.debug("phone not paused", phone=phone, reason=error.message)

    async def _remove(self, ami: Phones, queue: str, phone: str) -> None:
        try:
            await ami.queue_remove(queue, phone)
        except AmiRefused as error:  # a queue that Asterisk does not have, or a member of its own configuration
            log.info("phone not removed", queue=queue, phone=phone, reason=error.message)

    def places(self, row: people.PersonRow) -> tuple[str, ...]:
        """The places that are to ring this person's phone."""
        if row.presence == "off":
            return ()
        served = [
            place
            for queue in row.queues
            for place in places(queue, set(row.skills) & set(self._book.get(queue).skill_set))
        ]
        return tuple(place for place in dict.fromkeys((*served, of_phone(row.phone))) if self._has(place))

    def _every_place(self, phone: str) -> set[str]:
        """The places that a phone may be in."""
        every = {place for queue in self._book.names for place in places(queue, self._book.get(queue).skill_set)}
        return {place for place in (*every, of_phone(phone)) if self._has(place)}

    def _has(self, place: str) -> bool:
        """Whether it is worth while to tell Asterisk of it: where its file of queues is not ours it has queues only."""
        return self._there is None or place in self._there or not is_place(place)


class NamedOnly:
    """Queues that nobody described."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names

    def get(self, queue: str | None) -> Queue:
        """A queue with nothing special about it."""
        return Queue()
