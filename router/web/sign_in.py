"""Signing in by password, by one-time link or through a provider, staying signed in, and signing out.

Every sign-in has a new token, so that one which somebody else has put into the browser is worth nothing. A session ends
some time after the last sign of its browser, and for good some time after it began.

Passwords fail slowly: every attempt costs the same argon2 work whether the login exists or not, and waits the longer
the more attempts failed for that login or from that address within `WINDOW`. Nobody is ever locked out: the wait is
bounded, so a stranger who guesses cannot keep the owner away. Counts are stored, so a restart does not reset them.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from router.errors import Refused
from router.store import audit, people
from router.store import web as rows
from router.store.database import Connection, Database
from router.web.passwords import Passwords
from router.web.person import Person, SignedIn, person_from

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEN_EVERY: Final = timedelta(minutes=1)
"""So often it is written down that a session is in use."""
LINK: Final = timedelta(hours=12)
WINDOW: Final = timedelta(minutes=15)
FREE_PER_LOGIN: Final = 3
FREE_PER_ADDRESS: Final = 20
"""An address may be a whole contact centre behind one router."""
LONGEST_WAIT: Final = 15.0
MOST_AT_ONCE: Final = {"login from address": 4, "login": 32, "address": 32, "all": 256}
"""Attempts under way side by side; one more is told to come again. Guessing at one login from one address leaves room
for its owner elsewhere, and guessing from one address for everybody else."""
LANDINGS: Final = ("/desk", "/admin", "/supervisor", "/testphone")
PASSWORD, BY_LINK, OIDC = "password", "link", "oidc"
"""Ways to sign in."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a session lasts: ``idle`` after the last sign of its browser, ``longest`` in all."""

    longest: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(minutes=60)

    def until(self, begun: datetime, now: datetime) -> datetime:
        """When a session is over that was used just now."""
        return min(begun + self.longest, now + self.idle)


class SignInFailed(Exception):
    """Login or password is wrong; which of them is not said."""


class LinkSpent(Exception):
    """The one-time link is unknown, used already, or over."""


class SignIn:
    """``key`` (the same for the life of the database) hides logins and addresses where attempts are counted."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        clock: Callable[[], datetime],
        *,
        key: bytes,
        lasting: Lasting = Lasting(),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.lasting = lasting
        self._database = database
        self.passwords = passwords
        self._clock = clock
        self._key = key
        self._sleep = sleep
        self._under_way: Counter[str] = Counter()

    async def with_password(self, login: str, password: str, address: str | None) -> tuple[str, Person]:
        """A new session's token and its person.

        Raises `SignInFailed`, and `Refused` (429) when too many attempts are waiting already.
        """
        row = await self._with_right_password(login, password, address)
        fresh = await self._renewed(password, row.password_hash)
        async with self._database.begin() as connection:
            await rows.forget_failures(connection, self._subject("login", login.casefold()))
            token = await self.begin(connection, row.id, PASSWORD)
            if fresh:
                await people.change(connection, row.id, {"password_hash": fresh})
        return token, person_from(row)

    async def is_own_password(self, login: str, password: str, address: str | None) -> bool:
        """Whether somebody who is signed in knows their password; wrong ones count as when signing in.

        Raises `Refused` (429) when too many attempts are waiting already.
        """
        try:
            await self._with_right_password(login, password, address)
        except SignInFailed:
            return False
        async with self._database.begin() as connection:
            await rows.forget_failures(connection, self._subject("login", login.casefold()))
        return True

    async def with_link(self, link_token: str) -> tuple[str, str]:
        """A new session's token and the page to land on. Raises `LinkSpent`."""
        async with self._database.begin() as connection:
            used = await rows.use_link(connection, digest(link_token), self._clock())
            if used is None:
                raise LinkSpent
            token = await self.begin(connection, used[0], BY_LINK)
        return token, used[1]

    async def begin(self, connection: Connection, person_id: str, way: str) -> str:
        """A new session of somebody who has proved who they are; its token."""
        token, now = secrets.token_urlsafe(32), self._clock()
        await rows.add_session(connection, digest(token), person_id, now, self.lasting.until(now, now), way)
        await audit.note(
            connection, now, "person.signed_in", "person", person_id, person_id=person_id, detail={"way": way}
        )
        _log.info("signed in", person=person_id, by=way)
        return token

    async def make_link(self, person_id: str, lands_on: str, lasts: timedelta = LINK) -> str:
        """Path of a one-time sign-in link for a person, to be put behind the public address.

        The token is in the fragment: it reaches no server log, and fetching the link for a preview does not use it up.
        """
        if lands_on not in LANDINGS:
            raise ValueError(f"a sign-in link lands on one of {', '.join(LANDINGS)}")
        token, now = secrets.token_urlsafe(32), self._clock()
        async with self._database.begin() as connection:
            await rows.add_link(connection, digest(token), person_id, lands_on, now, now + lasts)
        return f"/sign-in/link#{token}"

    async def whose(self, token: str) -> SignedIn | None:
        """Who came with this session token, or None."""
        return await self.still(digest(token))

    async def still(self, token_hash: bytes) -> SignedIn | None:
        """Who has this session; that its browser was seen is noted now and then, and keeps it alive."""
        now = self._clock()
        async with self._database.read() as connection:
            row = await rows.person_of_session(connection, token_hash, now)
        if row is None:
            return None
        expires_at = row.expires_at
        if row.seen_at is None or now - row.seen_at >= SEEN_EVERY:
            expires_at = self.lasting.until(row.begun_at, now)
            async with self._database.begin() as connection:
                await rows.seen(connection, token_hash, now, expires_at)
        return SignedIn(person_from(row), token_hash, expires_at, row.way)

    async def end(self, token: str) -> str | None:
        """Sign out; the id of the person whose session it was."""
        async with self._database.begin() as connection:
            return await rows.end_session(connection, digest(token))

    async def has_session(self, person_id: str) -> bool:
        """Whether the person is still signed in somewhere."""
        async with self._database.read() as connection:
            return await people.is_signed_in(connection, person_id, self._clock())

    async def _with_right_password(self, login: str, password: str, address: str | None) -> people.PersonRow:
        by_login, by_address = self._subject("login", login.casefold()), self._subject("address", network(address))
        with self._one_more(by_login, by_address):
            row = await self._count_and_find(login, by_login, by_address)
            right = await self.passwords.fits(password, row.password_hash if row else None)
            if not right or row is None or row.disabled_at is not None:
                async with self._database.begin() as connection:
                    await rows.note_attempt(connection, by_address, self._clock(), self._clock() - WINDOW)
                _log.info("sign-in failed", person=row.id if row else None)
                raise SignInFailed
            return row

    async def _count_and_find(self, login: str, by_login: str, by_address: str) -> people.PersonRow | None:
        """Count the attempt as failed before it is tried, so that attempts side by side do not pass the count by."""
        now = self._clock()
        async with self._database.begin() as connection:
            of_login = await rows.note_attempt(connection, by_login, now, now - WINDOW)
            of_address = await rows.failures(connection, by_address, now - WINDOW)
            row = await people.by_login(connection, login.casefold())
        wait = max(delay(of_login, FREE_PER_LOGIN), delay(of_address, FREE_PER_ADDRESS))
        if wait:
            await self._sleep(wait)
        return row

    async def _renewed(self, password: str, password_hash: str) -> str | None:
        return await self.passwords.hash_aside(password) if self.passwords.outdated(password_hash) else None

    def _subject(self, kind: str, text: str) -> str:
        return hmac.digest(self._key, f"sign-in {kind} {text}".encode(), "sha256").hex()

    @contextmanager
    def _one_more(self, by_login: str, by_address: str) -> Iterator[None]:
        subjects = {"login from address": by_login + by_address, "login": by_login, "address": by_address, "all": ""}
        if any(self._under_way[subjects[kind]] >= most for kind, most in MOST_AT_ONCE.items()):
            raise Refused(
                429,
                "Too many sign-ins at once",
                "Too many sign-ins are waiting. Wait half a minute and try again.",
                headers={"Retry-After": "30"},
                code="sign_ins",
            )
        self._under_way.update(subjects.values())
        try:
            yield
        finally:
            self._under_way.subtract(subjects.values())
            self._under_way += Counter()  # drops those at zero


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


def digest(token: str) -> bytes:
    """What of a token is stored. Tokens are 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
