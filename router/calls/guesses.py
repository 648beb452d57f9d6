"""Codes keyed in during calls: wrong ones are counted, and where they were too many, further ones are not looked up.

A locked call goes on as if the code were wrong. Each call reads before it writes, so that calls at one moment may pass
a limit together, by one less than they are; on SQLite, which takes one after the other, they do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from router.core.match import Match
from router.engine.session import Session
from router.matching.codes import CodeKeys
from router.matching.lockout import WITHIN, By, Limits, guess_in, locked_by
from router.matching.observed import Observed
from router.store import wrong_codes
from router.store.database import Connection

log = structlog.get_logger(__name__)

NO_CODE: Final = "0"
"""Stands for a code that is not to be looked up: given, but none of ours can look like it."""


class Guesses:
    """Asked before a code is looked up, and told what came of it, both within the transaction of the call's event."""

    def __init__(self, keys: CodeKeys, limits: Limits) -> None:
        self._keys = keys
        self._limits = limits
        self.on_wrong: Callable[[], None] | None = None
        """Told of every wrong code that was stored; for figures."""
        self.on_lockout: Callable[[By], None] | None = None
        """Told of every code that was not looked up, with the limit that was reached; for figures."""

    async def admitted(self, connection: Connection, session: Session, observed: Observed, now: datetime) -> Observed:
        """``observed`` as it may be looked up: without the code when too many were wrong. ``now`` is the clock's time,
        also in test calls that happen at another."""
        if guess_in(observed.code) is None:
            return observed
        counts = await wrong_codes.counted(
            connection, session.call_id, self._caller(session), session.trunk, now - WITHIN, self._limits
        )
        by = locked_by(counts, self._limits)
        if by is None:
            return observed
        log.warning("code not looked up, too many were wrong", call=session.call_id, by=by.value)
        if self.on_lockout is not None:
            self.on_lockout(by)
        return replace(observed, code=NO_CODE)

    async def note(
        self, connection: Connection, session: Session, admitted: Observed, found: Match, now: datetime
    ) -> None:
        """Store a wrong code. One that was ours and has expired is none, nor is one that the call has tried before."""
        guess = guess_in(admitted.code)
        if guess is None or found.code_accepted:
            return
        hashes = self._keys.code_hashes(guess)
        if await wrong_codes.add(connection, session.call_id, hashes, self._caller(session), session.trunk, now):
            log.info("wrong code", call=session.call_id)
            if self.on_wrong is not None:
                self.on_wrong()

    def _caller(self, session: Session) -> bytes | None:
        number = None if session.caller.withheld else session.caller.number
        return None if number is None else self._keys.caller_hash(number)
