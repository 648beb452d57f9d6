"""API keys: what they look like, what they allow, and who else may use the API.

A key is ``tl_ID_SECRET``. It is shown once, when it is made; stored is its SHA-256, which is enough for
256 random bits. Keys are sent as ``Authorization: Bearer …`` (RFC 6750).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from router.api.turns import Turns
from router.core.rates import Rates
from router.errors import Refused, forbidden, too_often, unauthorised
from router.store import audit
from router.store import keys as store
from router.store.database import Connection, Database
from router.web.guard import Guard
from router.web.person import Person
from router.web.reads import Who

SCOPES: Final = ("messages:write", "messages:read", "match", "calls:read", "payments:write", "testphone")
"""What a key may be allowed; each has words in `router.web.texts.keys`."""
LONGEST_NAME: Final = 100
USED_EVERY: Final = timedelta(hours=1)
"""So often it is written down that a key is in use."""

_KEY = re.compile(r"tl_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_SCHEME = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="Made by `threadline keys create --scope …` and shown once. A signed-in admin's cookie does, too.",
)


_Described = Annotated[HTTPAuthorizationCredentials | None, Security(_SCHEME)]
"""Only for the description: the header is read where its problems can be told."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who makes a request: a key or a person, by id. Limits are kept, and lines logged, under this id."""

    id: str
    is_person: bool = False

    @property
    def noted(self) -> Who:
        """Who it is to the audit log."""
        return {"person_id": self.id, "key_id": None} if self.is_person else {"person_id": None, "key_id": self.id}


Allowed = Callable[..., Awaitable[Asker]]
"""A dependency that lets somebody in, or raises `Refused` (401 or 403)."""


async def create_key(
    connection: Connection,
    name: str,
    scopes: Sequence[str],
    now: datetime,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    by: str | None = None,
) -> str:
    """Make and store a key that allows ``scopes``; the key, which cannot be had again. ``by`` is the id of whoever does
    it, None for the command line.

    Raises `ValueError` for no scope, an unknown one, or a name of more than `LONGEST_NAME` characters.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"a key needs scopes out of {', '.join(SCOPES)}")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"the name of a key has at most {LONGEST_NAME} characters")
    key_id = random_bytes(6).hex()
    key = f"tl_{key_id}_{_text(random_bytes(32))}"
    values = {
        "id": key_id,
        "name": name,
        "key_hash": digest(key),
        "scopes": sorted(set(scopes)),
        "created_at": now,
    }
    await store.add(connection, values)
    detail = {"scopes": values["scopes"]}
    await audit.note(connection, now, "key.made", "key", key_id, person_id=by, detail=detail)
    return key


async def revoke_key(connection: Connection, key_id: str, now: datetime, by: str | None = None) -> bool:
    """Make a key worthless from now on; False when there is none, or it was revoked before."""
    revoked = await store.revoke(connection, key_id, now)
    if revoked:
        await audit.note(connection, now, "key.revoked", "key", key_id, person_id=by)
    return revoked


def digest(key: str) -> bytes:
    """What of a key is stored."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


class ApiKeys:
    """Makes the dependencies of routes. Every use of a key looks it up, so a revoked one ends at once."""

    def __init__(
        self, database: Database, turns: Turns, clock: Callable[[], datetime], rates: Rates | None = None
    ) -> None:
        """``rates`` say how often a key may be used; None: as often as it likes."""
        self._rates = rates
        self._database = database
        self._turns = turns
        self._clock = clock

    def needs(self, scope: str) -> Allowed:
        """Let in who has a key with ``scope``."""

        async def check(request: Request, _: _Described = None) -> Asker:
            return await self.by_key(request, scope)

        return check

    def allowed(
        self, scope: str, guard: Guard, person: Callable[[Request], Awaitable[Person]] | None = None
    ) -> Allowed:
        """Let in who has a key with ``scope``, or is signed in and passes ``person`` (an admin where not given).

        A key that is sent decides alone. Who comes by cookie has to come from our own pages.
        """
        signed_in = person or guard.admin

        async def check(request: Request, _: _Described = None) -> Asker:
            if "authorization" in request.headers or guard.cookie not in request.cookies:
                return await self.by_key(request, scope)
            return Asker((await signed_in(request)).id, is_person=True)

        return check

    async def by_key(self, request: Request, scope: str) -> Asker:
        """The key in the request's header. Raises `Refused`: 401 without a valid one, 403 where it lacks ``scope``, 429
        where it is used too often."""
        key = _bearer(request)
        key_hash = digest(key)
        async with self._turns.one(), self._database.read() as connection:
            row = await store.by_hash(connection, key_hash)
        # The database compares with an index, whose time tells at most something about the hash, never about the key.
        if row is None or not hmac.compare_digest(row.key_hash, key_hash):
            raise _unknown("This API key does not exist or was revoked.")
        if scope not in row.scopes:
            raise _lacks(scope)
        if self._rates is not None and (seconds := self._rates.wait(row.id, monotonic())):
            raise too_often(seconds, "with this API key")
        now = self._clock()
        if row.used_at is None or now - row.used_at >= USED_EVERY:
            async with self._database.begin() as connection:
                await store.used(connection, row.id, now)
        return Asker(row.id)


def _bearer(request: Request) -> str:
    sent = request.headers.getlist("authorization")
    if not sent:
        raise unauthorised("An API key is needed: Authorization: Bearer tl_…; make one with `threadline keys create`.")
    scheme, _, key = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != "bearer" or not _KEY.fullmatch(key.strip()):
        raise _unknown("The header Authorization holds no API key; expected is: Authorization: Bearer tl_…")
    return key.strip()


def _unknown(detail: str) -> Refused:
    # RFC 6750 section 3.1: a client that did send a key is told that the key is the reason.
    return Refused(401, "Not signed in", detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def _lacks(scope: str) -> Refused:
    refused = forbidden(f"This API key lacks the scope {scope}.")
    refused.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{scope}"'
    return refused


def _text(random: bytes) -> str:
    return urlsafe_b64encode(random).rstrip(b"=").decode()
