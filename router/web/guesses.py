"""How often passwords may be tried: counted by login, browser and address in the database, for all processes together.

All browsers that nobody signed in with as this login before share a small budget for it, whoever and wherever they are,
and whether the login exists or not. A browser that somebody did sign in with (`router.web.known_browsers`) has a budget
of its own, so that strangers who use up the shared one do not keep the owner away. Attempts that fail wait the longer
the more of them there were.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import structlog

from router.errors import Refused
from router.store import audit, people
from router.store import web as rows
from router.store.database import Connection, Database
from router.web.known_browsers import known_as

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW: Final = timedelta(minutes=15)
MOST_AT_LOGIN: Final = 25
"""Attempts within `WINDOW` at one login, from all browsers together that are not known for it."""
MOST_FROM_ADDRESS: Final = 10
"""Those of one address among them: it takes several addresses to use them up."""
MOST_OF_BROWSER: Final = 10
"""Attempts of a known browser, and those of somebody signed in who tells their password."""
FREE_PER_LOGIN: Final = 3
FREE_PER_ADDRESS: Final = 20
"""An address may be a whole contact centre behind one router."""
LONGEST_WAIT: Final = 15.0
MOST_AT_ONCE: Final = {"login from address": 4, "browser": 4, "address": 32, "all": 256, "known": 256}
"""Attempts under way side by side; one more is told to come again. Strangers leave room for browsers that are known."""
TOLD_EVERY: Final = timedelta(hours=1)
"""So often the audit log tells that somebody's budget is used up."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """An attempt to come: what it counts against, each with how often that may be; ``by_address`` is counted besides
    where it fails. ``at_once`` are those under way that it is one of."""

    counted: dict[str, int]
    by_address: str | None
    at_once: dict[str, str]

    @property
    def first(self) -> str:
        """The login of all strangers, or the browser."""
        return next(iter(self.counted))


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that has been counted as failed: the rows to take back where it was right, and whose login it is."""

    ids: tuple[int, ...]
    row: people.PersonRow | None


class Guesses:
    """``key`` (the same for the life of the database) hides logins and addresses where attempts are counted."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        key: bytes,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._sleep = sleep
        self._under_way: Counter[str] = Counter()

    def with_password(self, login: str, address: str | None, cookie: str) -> Asked:
        """Signing in; ``cookie`` is what the browser is known by."""
        name = known_as(cookie, login, self._key, self._clock())
        if name is not None:
            return self._of_known(f"browser {name} {login.casefold()}")
        by_login, by_address = self.of_login(login), self._subject("address", network(address))
        both = f"{by_login} {by_address}"
        at_once = {"login from address": both, "address": by_address, "all": ""}
        return Asked({by_login: MOST_AT_LOGIN, both: MOST_FROM_ADDRESS}, by_address, at_once)

    def own_password(self, login: str) -> Asked:
        """Somebody who is signed in already tells their password."""
        return self._of_known(f"own {login.casefold()}")

    def of_login(self, login: str) -> str:
        """What attempts of strangers at this login are counted as."""
        return self._subject("login", login.casefold())

    async def count(self, asked: Asked, login: str) -> Tried:
        """Count the attempt as failed before it is tried, so that attempts side by side do not pass the count by, and
        wait. Raises `Refused` (429) where there were too many: that is the same for a login that does not exist."""
        begun = self._clock()
        since = begun - WINDOW
        async with self._database.read() as connection:  # so that what is refused writes nothing
            await self._refuse_used_up(connection, asked, begun)
        async with self._database.begin() as connection:
            await rows.hold_attempts(connection, asked.first, since)
            before = await self._refuse_used_up(connection, asked, begun)
            ids = await rows.note_attempts(connection, tuple(asked.counted), begun)
            of_address = 0
            if asked.by_address is not None:
                of_address, _ = await rows.attempts(connection, asked.by_address, since)
            row = await people.by_login(connection, login.casefold())
        wait = max(delay(before[0], FREE_PER_LOGIN), delay(of_address, FREE_PER_ADDRESS))
        last = any(tried + 1 >= most for tried, most in zip(before, asked.counted.values(), strict=True))
        if asked.by_address is not None and last:
            await self._tell(row.id if row else None, begun)
            # Telling takes none of the time that one waits anyway: it does not show whether there is such a login.
            wait -= min(max(0.0, (self._clock() - begun).total_seconds()), wait)
        if wait:
            await self._sleep(wait)
        return Tried(ids, row)

    async def failed(self, asked: Asked) -> None:
        """It was wrong; so it counts against the address, too."""
        if asked.by_address is None:
            return
        now = self._clock()
        async with self._database.begin() as connection:
            await rows.hold_attempts(connection, asked.by_address, now - WINDOW)
            await rows.note_attempts(connection, (asked.by_address,), now)

    async def right(self, connection: Connection, asked: Asked, tried: Tried) -> None:
        """It was right: a known browser begins anew; what strangers tried meanwhile stays counted."""
        await rows.take_back_attempts(connection, tried.ids)
        if asked.by_address is None:
            await rows.forget_attempts(connection, asked.first)

    async def refused_from(self, connection: Connection, login: str) -> Literal["everywhere", "address"] | None:
        """Whether strangers are refused at this login now, from everywhere or from an address; None: they are not."""
        subject, since = self.of_login(login), self._clock() - WINDOW
        tried, _ = await rows.attempts(connection, subject, since)
        if tried >= MOST_AT_LOGIN:
            return "everywhere"
        from_one = await rows.most_with_another(connection, subject, since) if tried >= MOST_FROM_ADDRESS else 0
        return "address" if from_one >= MOST_FROM_ADDRESS else None

    @contextmanager
    def one_more(self, asked: Asked) -> Iterator[None]:
        """One more under way. Raises `Refused` (429) where there are too many."""
        if any(self._under_way[subject] >= MOST_AT_ONCE[kind] for kind, subject in asked.at_once.items()):
            raise Refused(
                429,
                "Too many sign-ins at once",
                "Too many sign-ins are waiting. Wait half a minute and try again.",
                headers={"Retry-After": "30"},
                code="sign_ins",
            )
        self._under_way.update(asked.at_once.values())
        try:
            yield
        finally:
            self._under_way.subtract(asked.at_once.values())
            self._under_way += Counter()  # drops those at zero

    def _of_known(self, text: str) -> Asked:
        subject = self._subject("known", text)
        return Asked({subject: MOST_OF_BROWSER}, None, {"browser": subject, "known": "known"})

    async def _refuse_used_up(self, connection: Connection, asked: Asked, now: datetime) -> list[int]:
        """How many attempts there were before against each of ``asked.counted``."""
        before = []
        for subject, most in asked.counted.items():
            tried, first = await rows.attempts(connection, subject, now - WINDOW)
            if first is not None and tried >= most:
                raise _used_up(first + WINDOW - now)
            before.append(tried)
        return before

    async def _tell(self, person_id: str | None, now: datetime) -> None:
        """Tell whoever reads the audit log, now and then, that somebody guesses at a person's password."""
        if person_id is None:
            return
        async with self._database.begin() as connection:
            if not await audit.was_noted(connection, "person.guessed", person_id, now - TOLD_EVERY):
                await audit.note(connection, now, "person.guessed", "person", person_id)
        _log.warning("sign-ins from unknown browsers refused", person=person_id)

    def _subject(self, kind: str, text: str) -> str:
        return hmac.digest(self._key, f"sign-in {kind} {text}".encode("utf-8", "surrogatepass"), "sha256").hex()


def _used_up(rest: timedelta) -> Refused:
    minutes = max(1, math.ceil(rest.total_seconds() / 60))
    return Refused(
        429,
        "Too many failed sign-ins",
        f"Too many attempts failed. Try again in {minutes} minutes.",
        more={"minutes": minutes},
        headers={"Retry-After": str(max(1, math.ceil(rest.total_seconds())))},
        code="guesses",
    )


def delay(failed: int, free: int) -> float:
    """Seconds to wait after ``failed`` attempts: none for the first ``free``, then 1, 2, 4 … up to `LONGEST_WAIT`."""
    return 0.0 if failed < free else min(LONGEST_WAIT, 2.0 ** min(failed - free, 10))


def network(address: str | None) -> str:
    """What an address counts as: itself for IPv4, its /64 for IPv6, which one subscriber has to themselves."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
