"""Who takes calls, and at which phone. What an agent chose is stored first; then Asterisk's queues are brought in line.

While Asterisk cannot be reached an agent's choice is kept, and takes effect when it is back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from router.agents import states, wrap_up
from router.agents.ami import AmiDown
from router.agents.line import Line, Telephone, together
from router.agents.membership import Book, NamedOnly, Phones
from router.agents.phones import is_dialled
from router.errors import Refused, not_found
from router.settings import Settings
from router.store import cards, people
from router.store.bus import Bus
from router.store.database import Connection, Database
from router.store.holds import hold

log = structlog.get_logger(__name__)

LONGEST_REASON = 80


@dataclass(frozen=True, slots=True)
class WrapUpView:
    """The time after a talk: it ends at `until`, or it is up and only goes on because somebody still `has_to_say` what
    came of the talk."""

    until: datetime
    has_to_say: bool


@dataclass(frozen=True, slots=True)
class PresenceView:
    """What the page shows of an agent's own state. `presence` is `off`, `ready` or `paused`: what the agent chose. It
    counts when the `wrap_up`, where there is one, is over."""

    person_id: str
    presence: str
    pause_reason: str | None
    phone: str | None
    queues: tuple[str, ...]
    telephone: Telephone
    wrap_up: WrapUpView | None = None
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhoneChoice:
    """A phone that may be chosen, unless another agent sits at it."""

    interface: str
    taken: bool


class Presence:
    """Agents' phones and readiness. Each change answers with what is so now; unknown people raise `Refused` (404)."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Callable[[], datetime],
        ami: Phones | None,
        settings: Settings,
        book: Book | None = None,
        lines: Sequence[Line] = (),
    ) -> None:
        """``book`` knows the queues (None: those of the settings). ``lines`` are the phones at each Asterisk; where
        there are none given, ``ami`` is the connection to the only one that there is (None: none)."""
        self._database = database
        self._bus = bus
        self._clock = clock
        self._phones = settings.phones
        self._twilio = settings.twilio_auth_token is not None
        known = book or NamedOnly(settings.queues)
        alone = [] if ami is None else [Line(database, bus, clock, ami, settings.phones, known)]
        self.lines = tuple(lines or alone)
        self._told_reachable: dict[Line, bool] = {}

    async def choose_phone(self, person_id: str, phone: str | None) -> PresenceView:
        """Sit down at `phone` (`PJSIP/101`), or at none: the test phone then rings on the page.

        Raises `Refused`: 422 for a phone that the settings do not list, 409 where another agent sits.
        """
        if phone is not None and phone not in self._phones:
            raise _no_such_phone(phone, self._phones)
        now = self._clock()
        async with self._database.begin() as connection:
            other_id = await self._free(connection, phone, person_id, now) if phone else None
            if other_id is None:
                await _lock(connection, person_id)
            before = await self._change(connection, person_id, {"phone": phone}, now)
        if other_id is not None:
            self._bus.announce(f"desk:{other_id}")
        return await self._settle(person_id, {before.phone, phone})

    async def ready(self, person_id: str) -> PresenceView:
        """Take calls."""
        return await self._become(person_id, {"presence": "ready", "pause_reason": None})

    async def pause(self, person_id: str, reason: str = "") -> PresenceView:
        """Take no calls for a while; `reason` is for colleagues and key figures."""
        kept = " ".join(reason.split())[:LONGEST_REASON]
        return await self._become(person_id, {"presence": "paused", "pause_reason": kept or None})

    async def off(self, person_id: str) -> PresenceView:
        """Take no calls, and keep the phone."""
        return await self._become(person_id, {"presence": "off", "pause_reason": None})

    async def left(self, person_id: str) -> PresenceView:
        """The agent signed out, or the sign-in expired: off, nothing to wrap up, and the phone is free for others."""
        now = self._clock()
        async with self._database.begin() as connection:
            await _lock(connection, person_id)
            await wrap_up.drop(connection, person_id, wrap_up.LEFT, now)
            gone = {"presence": "off", "pause_reason": None, "phone": None}
            before = await self._change(connection, person_id, gone, now)
        return await self._settle(person_id, {before.phone})

    async def rests(self, person_id: str) -> None:
        """A wrap-up of this person began or ended: wake the page and tell Asterisk, quickly."""
        async with self._database.read() as connection:
            row = await people.by_id(connection, person_id)
        self._bus.announce(f"desk:{person_id}")
        if row is not None and row.phone is not None:
            if row.presence == "off":  # it was chosen meanwhile, and counts now
                await self._settle(person_id, {row.phone})
                return
            await self._say(row.phone, Line.rest)

    async def keep_free(self, person_id: str) -> None:
        """A call through one of several Asterisks began or ended at this person: the others are told, whether they may
        ring the phone."""
        async with self._database.read() as connection:
            row = await people.by_id(connection, person_id)
        if row is not None and row.phone is not None and row.presence != "off":
            await self._say(row.phone, Line.rest)

    async def settle(self, person_id: str) -> PresenceView:
        """Something about this person was changed elsewhere: tell the page and Asterisk what is so now."""
        async with self._database.begin() as connection:
            row = next(iter(await people.lock(connection, [person_id])), None)
            if row is None:
                raise _nobody()
            await self._tell(connection, [row], self._clock())
        return await self._settle(person_id, {row.phone})

    async def leave_expired(self) -> int:
        """Sign off everybody whose sign-in has expired; how many they were. To be called every minute or so."""
        async with self._database.read() as connection:
            rows = await people.on_duty_without_session(connection, self._clock())
        for row in rows:
            await self.left(row.id)
        return len(rows)

    async def look(self, person_id: str) -> PresenceView:
        """What is so for this person now."""
        async with self._database.read() as connection:
            row = await people.by_id(connection, person_id)
            await self.refresh(connection)
        if row is None:
            raise _nobody()
        return self._view(row)

    async def phones(self, person_id: str) -> tuple[PhoneChoice, ...]:
        """The phones this person may choose from."""
        async with self._database.read() as connection:
            there = await people.there_with_phones(connection, self._clock()) - {person_id}
            taken = {row.phone for row in await people.with_phones(connection) if row.id in there}
        return tuple(PhoneChoice(phone, phone in taken) for phone in self._phones)

    async def who_is_ready(self, queue: str, skills: Collection[str] = ()) -> tuple[people.PersonRow, ...]:
        """Who takes calls of `queue` and has all `skills`, and neither talks now nor wraps a talk up. People without a
        `phone` are reached on their page."""
        async with self._database.read() as connection:
            rows = await people.ready_and_free(connection, queue)
        return tuple(row for row in rows if set(skills) <= set(row.skills))

    async def pause_unasked(self, person_id: str, reason: str) -> bool:
        """Pause somebody who is ready and did not choose it; whether they were ready. ``reason`` is of
        `states.NOT_CHOSEN`."""
        now = self._clock()
        async with self._database.begin() as connection:
            row = next(iter(await people.lock(connection, [person_id])), None)
            if row is None or row.presence != "ready":
                return False
            await states.change(connection, person_id, {"presence": "paused", "pause_reason": reason}, now)
        await self._settle(person_id, {row.phone})
        return True

    async def tell_page(self, person_id: str) -> None:
        """Something about this person's phone is to be shown."""
        async with self._database.begin() as connection:
            await self._tell(connection, await people.lock(connection, [person_id]), self._clock())
        self._bus.announce(f"desk:{person_id}")

    async def telephone_changed(self, line: Line, reachable: bool) -> None:
        """Asterisk came or went: tell the page of everybody whose phone this concerns."""
        if reachable == self._told_reachable.get(line):
            return
        self._told_reachable[line] = reachable
        async with self._database.begin() as connection:
            rows = await people.with_phones(connection)
            await self._tell(connection, await people.lock(connection, [row.id for row in rows]), self._clock())
        self._announce(row.id for row in rows)

    def forget(self, line: Line) -> None:
        """Another process says from now on whether this Asterisk came or went."""
        self._told_reachable.pop(line, None)

    async def refresh(self, connection: Connection) -> None:
        """What `telephone` says is so now, whichever process knows it."""
        for line in self.lines:
            await line.refresh(connection)

    async def _free(self, connection: Connection, phone: str, person_id: str, now: datetime) -> str | None:
        """Take the phone from somebody who left without a word; whom, or None. Raises `Refused` (409)."""
        await hold(connection, f"phone:{phone}")
        other = await people.by_phone(connection, phone)
        if other is None or other.id == person_id:
            return None
        await _lock(connection, person_id, [other.id])
        if await self._is_there(connection, other.id, now):
            raise _taken(phone)
        await self._change(connection, other.id, {"phone": None}, now)
        return str(other.id)

    async def _become(self, person_id: str, values: dict[str, Any]) -> PresenceView:
        now = self._clock()
        async with self._database.begin() as connection:
            await _lock(connection, person_id)
            before = await self._change(connection, person_id, values, now)
        return await self._settle(person_id, {before.phone})

    async def _change(
        self, connection: Connection, person_id: str, values: dict[str, Any], now: datetime
    ) -> people.PersonRow:
        """Store a change and tell the page; gives the person as it was before."""
        before = await states.change(connection, person_id, values, now)
        if before is None:
            raise _nobody()
        return before

    async def _tell(self, connection: Connection, rows: Iterable[people.PersonRow], now: datetime) -> None:
        for row in rows:
            await cards.add_event(connection, row.id, "presence", {"presence": states.standing(row)}, now)

    @staticmethod
    async def _is_there(connection: Connection, person_id: str, now: datetime) -> bool:
        """Whether this holder of a phone may keep it: takes calls, or is signed in at least."""
        row = await people.by_id(connection, person_id)
        if row is None:
            return False
        return row.presence != "off" or await people.is_signed_in(connection, person_id, now)

    async def _settle(self, person_id: str, touched: Iterable[str | None]) -> PresenceView:
        """After the commit: wake the page, tell Asterisk, and tell the page when Asterisk did not play along."""
        self._bus.announce(f"desk:{person_id}")
        phones = {phone for phone in touched if phone is not None}
        before = [line.telephone(phone) for line in self.lines for phone in phones]
        for phone in phones:
            await self._say(phone, Line.tell)
        if before != [line.telephone(phone) for line in self.lines for phone in phones]:
            async with self._database.begin() as connection:
                await self._tell(connection, await people.lock(connection, [person_id]), self._clock())
            self._bus.announce(f"desk:{person_id}")
        return await self.look(person_id)

    async def _say(self, phone: str, what: Callable[[Line, str], Awaitable[None]]) -> None:
        """Tell every Asterisk, each for itself; who could not be told is when it is back."""
        for line in self.lines:
            try:
                await what(line, phone)
            except AmiDown as error:
                log.warning("phone not told", phone=phone, reason=str(error))

    def telephone(self, person: people.PersonRow) -> Telephone:
        """Whether this person's phone can ring, as far as we know."""
        return self._telephone(person.phone)

    def _view(self, row: people.PersonRow) -> PresenceView:
        telephone, until = self.telephone(row), row.wrap_until
        wraps_up = WrapUpView(until, until <= self._clock()) if until is not None else None
        skills = tuple(row.skills)
        return PresenceView(
            row.id, row.presence, row.pause_reason, row.phone, tuple(row.queues), telephone, wraps_up, skills
        )

    def _telephone(self, phone: str | None) -> Telephone:
        if phone is None:
            return Telephone.BROWSER
        if is_dialled(phone):
            return Telephone.CONNECTED if self._twilio else Telephone.NOT_SET_UP
        if not self.lines:
            return Telephone.NOT_SET_UP
        return together(line.telephone(phone) for line in self.lines)

    def _announce(self, person_ids: Iterable[str]) -> None:
        for person_id in person_ids:
            self._bus.announce(f"desk:{person_id}")


async def _lock(connection: Connection, person_id: str, others: Iterable[str] = ()) -> None:
    rows = await people.lock(connection, [person_id, *others])
    if person_id not in {row.id for row in rows}:
        raise _nobody()


def _nobody() -> Refused:
    return not_found("There is no such person; sign in again", "no_such_person")


def _no_such_phone(phone: str, phones: Sequence[str]) -> Refused:
    choice = ", ".join(phones) or "none; the setting `phones` lists them"
    detail = f"There is no phone {phone[:80]!r} to choose. There are: {choice}"
    return Refused(422, "No such phone", detail, more={"reason": "no_such_phone"}, code="no_such_phone")


def _taken(phone: str) -> Refused:
    detail = f"Another agent is signed in at {phone}. Choose another phone, or have them sign out first"
    return Refused(409, "Phone in use", detail, more={"reason": "phone_taken", "phone": phone}, code="phone_taken")
