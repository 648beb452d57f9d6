"""Signing in by password, by one-time link or through a provider, staying signed in, and signing out.

Every sign-in has a new token, so that one which somebody else has put into the browser is worth nothing. A session ends
some time after the last sign of its browser, and for good some time after it began.

How often passwords may be tried is in `router.web.guesses`: every attempt costs the same argon2 work whether the login
exists or not. Counts are stored, so a restart does not reset them.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from router.store import audit, people
from router.store import web as rows
from router.store.database import Connection, Database
from router.web.guesses import Asked, Guesses, Tried
from router.web.known_browsers import remembered
from router.web.passwords import Passwords
from router.web.person import Person, SignedIn, person_from

SEEN_EVERY: Final = timedelta(minutes=1)
"""So often it is written down that a session is in use."""
LINK: Final = timedelta(hours=12)
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
        self.guesses = Guesses(database, clock, key, sleep)

    async def with_password(
        self, login: str, password: str, address: str | None, cookie: str = ""
    ) -> tuple[str, Person]:
        """A new session's token and its person. ``cookie`` is what the browser is known by
        (`router.web.known_browsers`).

        Raises `SignInFailed`, and `Refused` (429) when too many attempts are waiting or have failed already.
        """
        asked = self.guesses.with_password(login, address, cookie)
        tried, row = await self._with_right_password(asked, login, password)
        fresh = await self._renewed(password, row.password_hash)
        async with self._database.begin() as connection:
            await self.guesses.right(connection, asked, tried)
            token = await self.begin(connection, row.id, PASSWORD)
            if fresh:
                await people.change(connection, row.id, {"password_hash": fresh})
        return token, person_from(row)

    async def is_own_password(self, login: str, password: str) -> bool:
        """Whether somebody who is signed in knows their password.

        Raises `Refused` (429) when too many attempts are waiting or have failed already.
        """
        asked = self.guesses.own_password(login)
        try:
            tried, _ = await self._with_right_password(asked, login, password)
        except SignInFailed:
            return False
        async with self._database.begin() as connection:
            await self.guesses.right(connection, asked, tried)
        return True

    def remembered(self, cookie: str, login: str) -> str:
        """What makes a browser that came with ``cookie`` known for ``login``."""
        return remembered(cookie, login, self._key, self._clock(), secrets.token_urlsafe)

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

    async def _with_right_password(self, asked: Asked, login: str, password: str) -> tuple[Tried, people.PersonRow]:
        with self.guesses.one_more(asked):
            tried = await self.guesses.count(asked, login)
            row = tried.row
            right = await self.passwords.fits(password, row.password_hash if row else None)
            if not right or row is None or row.disabled_at is not None:
                await self.guesses.failed(asked)
                _log.info("sign-in failed", person=row.id if row else None)
                raise SignInFailed
            return tried, row

    async def _renewed(self, password: str, password_hash: str) -> str | None:
        return await self.passwords.hash_aside(password) if self.passwords.outdated(password_hash) else None


def digest(token: str) -> bytes:
    """What of a token is stored. Tokens are 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
