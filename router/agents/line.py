"""The phones at one Asterisk. The process that listens to it knows how they are and tells Asterisk what agents chose;
every other one reads in the database what that process knows, and asks it to tell.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import structlog

from router.agents.ami import AmiDown
from router.agents.membership import Book, Membership, Phones
from router.agents.phone_states import PhoneStates
from router.agents.phones import is_dialled
from router.store import asterisks, cards
from router.store.bus import Bus
from router.store.database import Connection, Database, is_away
from router.store.loops import woken_within

log = structlog.get_logger(__name__)

TOPIC: Final = "phones"
"""Announced when something is asked of, or was told by, a process that listens to an Asterisk."""
BEAT_EVERY: Final = 3.0
"""Seconds between two signs of life of who listens."""
SILENT_AFTER: Final = timedelta(seconds=12)
"""After so long without one, nobody is known to listen."""
_AFTER_A_FAULT: Final = 1.0
TOLD_WITHIN: Final = 3.0
"""Seconds that who asked waits until Asterisk was told; it is told later, too."""


class Telephone(StrEnum):
    """Whether an agent's phone can ring, as far as we know."""

    BROWSER = "browser"
    """No phone was chosen: only the test phone rings, on the page."""
    CONNECTED = "connected"
    NOT_REACHABLE = "not_reachable"
    """Asterisk cannot be reached; what the agent chose takes effect when it is back."""
    NOT_SET_UP = "not_set_up"
    """No manager password is set, so there is no Asterisk to tell."""
    REFUSED = "refused"
    """Asterisk does not have one of the agent's queues."""
    UNREGISTERED = "unregistered"
    """The phone is not signed in at Asterisk, or cannot be reached."""
    ELSEWHERE = "elsewhere"
    """The phone is in a call that did not come through us."""


_WORST_FIRST: Final = (Telephone.REFUSED, Telephone.ELSEWHERE, Telephone.CONNECTED, Telephone.UNREGISTERED)


def together(telephones: Iterable[Telephone]) -> Telephone:
    """How a phone is that several Asterisks may ring: one that cannot be reached does not count, unless all are."""
    there = set(telephones)
    return next((each for each in _WORST_FIRST if each in there), Telephone.NOT_REACHABLE)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a phone at this Asterisk."""

    refused: bool = False
    out_of_reach: bool = False
    in_other_call: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        return {"refused": self.refused, "out_of_reach": self.out_of_reach, "in_other_call": self.in_other_call}


class Line:
    """``held`` says whether this process listens to that Asterisk, `name` which one it is. Where there is ``shared``
    nothing, no other process listens or asks, and nothing is written. One ``among_several`` does not ring a phone that
    has a call through another."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Callable[[], datetime],
        ami: Phones,
        phones: Sequence[str],
        book: Book,
        *,
        shared: bool = False,
        held: Callable[[], bool] = lambda: True,
        holder: str = "",
        among_several: bool = False,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._ami = ami
        self._shared = shared
        self._held = held
        self._holder = holder
        self.name = ""
        self.membership = Membership(database, ami, phones, book)
        if among_several:
            self.membership.busy_elsewhere = self._busy_elsewhere
        self.states = PhoneStates([phone for phone in phones if not is_dialled(phone)])
        self.on_reload: Callable[[], None] = lambda: None
        """While we listen: told that another process has had Asterisk read its queues anew."""
        self._reloads: int | None = None  # seen so far
        self._stored: dict[str, _Known] = {}  # by us, as long as we listen
        self._read: dict[str, _Known] = {}  # what another process stored
        self._reachable = False  # by another process

    def telephone(self, phone: str) -> Telephone:
        """How this phone is; see `refresh`."""
        if self._held():
            reachable, known = self._ami.connected, self._known(phone)
        else:
            reachable, known = self._reachable, self._read.get(phone, _Known())
        if not reachable:
            return Telephone.NOT_REACHABLE
        if known.refused:
            return Telephone.REFUSED
        if known.out_of_reach:
            return Telephone.UNREGISTERED
        return Telephone.ELSEWHERE if known.in_other_call else Telephone.CONNECTED

    async def refresh(self, connection: Connection) -> None:
        """Read anew what the process that listens knows, where that is another one."""
        if self._held():
            return
        since = self._clock() - SILENT_AFTER
        rows = [row for row in await asterisks.all_seen(connection) if row.name == self.name]
        self._reachable = any(row.connected and row.seen_at >= since for row in rows)
        self._read = {
            row.phone: _Known(row.refused, row.out_of_reach, row.in_other_call)
            for row in await asterisks.all_phones(connection)
            if row.asterisk == self.name
        }

    async def tell(self, phone: str, also: Iterable[str] = ()) -> None:
        """See `Membership.tell`. Raises `AmiDown`, also where the process that listens does not answer in time."""
        if self._held():
            await self.membership.tell(phone, also)
            await self.store(phone)
        else:
            await self._ask(phone, whole=True)

    async def rest(self, phone: str) -> None:
        """See `Membership.rest`. Raises `AmiDown`."""
        if self._held():
            await self.membership.rest(phone)
        else:
            await self._ask(phone, whole=False)

    async def reloaded(self) -> None:
        """Asterisk was asked by this process to read its queues anew; whoever listens is to look at them."""
        if self._held():
            return
        async with self._database.begin(lasting=False) as connection:
            await asterisks.reloaded(connection, self.name)
        self._bus.announce(TOPIC)

    async def _busy_elsewhere(self, connection: Connection, person_id: str) -> bool:
        return await cards.busy_elsewhere(connection, person_id, self.name)

    async def store(self, phone: str) -> None:
        """Tell the other processes what is known of a phone, where that is news."""
        known = self._known(phone)
        if not self._shared or self._stored.get(phone) == known:
            return
        async with self._database.begin(lasting=False) as connection:
            await asterisks.put_phone(connection, self.name, phone, known.columns)
        self._stored[phone] = known
        self._bus.announce(TOPIC)

    async def store_others(self) -> None:
        """As `store`, for the phones that Asterisk's queues know nothing of."""
        for phone in set(self.states.phones) - set(self.states.known):
            await self.store(phone)

    # While this process listens ------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Give signs of life and do what other processes ask for, until cancelled."""
        self._stored = {}  # whoever listened before may have stored something since
        self._reloads = None
        clock = asyncio.get_running_loop().time
        beat_at, failing = clock(), False
        async with self._bus.listen(TOPIC) as woken:
            while True:
                try:
                    if clock() >= beat_at:
                        await self.beat()
                        beat_at = clock() + BEAT_EVERY
                    woken.clear()
                    await self._do_what_is_asked()
                    failing = False
                except AmiDown as error:
                    log.warning("phone not told", reason=str(error))
                    await asyncio.sleep(_AFTER_A_FAULT)
                except Exception as error:
                    if not failing and not is_away(error):
                        log.exception("what is known of phones was not told, will be tried again")
                    failing = True
                    await asyncio.sleep(_AFTER_A_FAULT)
                await woken_within(max(0.0, beat_at - clock()), woken)

    async def beat(self) -> None:
        """Say that this process listens, and whether it hears anything."""
        if self._shared:
            async with self._database.begin(lasting=False) as connection:
                await asterisks.seen(connection, self.name, self._ami.connected, self._holder, self._clock())

    async def _do_what_is_asked(self) -> None:
        if not self._ami.connected:
            return  # all phones are told when it is back
        async with self._database.read() as connection:
            rows = await asterisks.asked(connection, self.name)
            reloads = await asterisks.reloads(connection, self.name) if self._shared else 0
        if reloads != self._reloads:
            if self._reloads is not None:
                self.on_reload()
            self._reloads = reloads
        for row in rows:
            await (self.membership.tell(row.phone) if row.whole else self.membership.rest(row.phone))
            known = self._known(row.phone)
            async with self._database.begin(lasting=False) as connection:
                await asterisks.told(connection, self.name, row.phone, row.asked, known.columns)
            self._stored[row.phone] = known
        if rows:
            self._bus.announce(TOPIC)

    def _known(self, phone: str) -> _Known:
        out_of_reach, in_other_call = self.states.is_out_of_reach(phone), self.states.is_in_other_call(phone)
        return _Known(phone in self.membership.refused, out_of_reach, in_other_call)

    # While another does ----------------------------------------------------------------------------------------------

    async def _ask(self, phone: str, *, whole: bool) -> None:
        async with self._bus.listen(TOPIC) as woken:
            async with self._database.begin(lasting=False) as connection:
                number = await asterisks.ask(connection, self.name, phone, whole=whole)
                await self.refresh(connection)
            self._bus.announce(TOPIC)
            if not self._reachable:
                raise AmiDown("nobody listens to Asterisk now")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TOLD_WITHIN):
                    while not await self._is_told(phone, number):
                        await woken.wait()
                        woken.clear()
                    return
        raise AmiDown(f"Asterisk was not told within {TOLD_WITHIN:g} s")

    async def _is_told(self, phone: str, number: int) -> bool:
        async with self._database.read() as connection:
            is_told = await asterisks.is_told(connection, self.name, phone, number)
            if is_told:
                await self.refresh(connection)
        return is_told
