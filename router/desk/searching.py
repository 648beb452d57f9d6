"""An agent looks for a customer or a message: by code, reference, number, customer number or name.

Whoever can search can guess, so it is limited for each person and written down, without what was looked for; and a code
goes through the same budget as one that a caller keys in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from router.calls.guesses import Guesses
from router.core.match import NO_MATCH
from router.core.names import looked_for
from router.core.phone import e164
from router.desk.doing import Desk, talked_to
from router.desk.heard import session_of
from router.matching.codes import CodeKeys
from router.matching.disclosure import Policy
from router.matching.lockout import guess_in
from router.matching.observed import Observed
from router.matching.references import normalise
from router.store import audit, searching
from router.store.database import Connection

SHORTEST: Final = 3
LONGEST: Final = 100
MOST: Final = 10
"""Customers, and messages without one, that are shown."""
OF_EACH: Final = 3
"""Messages of each customer found."""
MINUTE: Final = timedelta(minutes=1)


class SearchRefused(Exception):
    """Nothing was looked for; ``why`` is ``short``, ``long`` or ``often``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class _Found:
    messages: list[str] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    everybody: bool = True
    """Nobody was passed over because very many have such a name."""

    @property
    def nothing(self) -> bool:
        return not self.messages and not self.customers


class Searching:
    """``a_minute`` searches at most for each person; ``region`` is where national telephone numbers belong."""

    def __init__(self, guesses: Guesses, keys: CodeKeys, *, region: str, a_minute: int) -> None:
        self._guesses = guesses
        self._keys = keys
        self._region = region
        self._a_minute = a_minute

    async def search(
        self, connection: Connection, person_id: str, card_id: str, term: str, now: datetime, policy: Policy
    ) -> None:
        """Look for ``term`` and put what is found on the card. Raises `SearchRefused`, and `Refused`, 404, for a card
        that this person does not talk to."""
        term = " ".join(term.split())
        if not SHORTEST <= len(term) <= LONGEST:
            raise SearchRefused("short" if len(term) < SHORTEST else "long")
        desk = await talked_to(connection, person_id, card_id, policy)
        done = await audit.times_done(connection, person_id, "search.done", now - MINUTE, self._a_minute)
        if done >= self._a_minute:
            raise SearchRefused("often")
        found = await self._find(connection, desk, term, now)
        complete = found.everybody and len(found.customers) <= MOST and len(found.messages) <= MOST
        customers, messages = found.customers[:MOST], found.messages[:MOST]
        if policy != "strict":
            messages += await searching.latest_of(connection, customers, OF_EACH)
        await desk.keep(
            connection,
            desk.view.but(
                found_messages=tuple(dict.fromkeys(messages)), found_customers=tuple(customers), found_all=complete
            ),
        )
        detail = {"customers": len(customers), "messages": len(messages)}
        await audit.note(connection, now, "search.done", "call", desk.call.id, person_id=person_id, detail=detail)

    async def _find(self, connection: Connection, desk: Desk, term: str, now: datetime) -> _Found:
        """What fits exactly; only then names, and only then a code: nothing that is on file counts as a guess."""
        found = await self._exactly(connection, term)
        words = looked_for(term) if not any(char.isdigit() for char in term) else ()
        if found.nothing and words:
            found.customers, found.everybody = await searching.named(connection, words, MOST + 1)
        if found.nothing and guess_in(term) is not None:
            found.messages = await self._by_code(connection, desk, term, now)
        return found

    async def _exactly(self, connection: Connection, term: str) -> _Found:
        found = _Found(customers=await searching.customer_called(connection, term))
        if (number := e164(term, self._region)) is not None:
            found.messages, on_file = await searching.by_number(connection, number, MOST + 1)
            found.customers += on_file
        if found.nothing and (key := normalise(term)) is not None:
            found.messages = await searching.by_reference(connection, key, MOST + 1)
        return found

    async def _by_code(self, connection: Connection, desk: Desk, term: str, now: datetime) -> list[str]:
        session = session_of(desk.call.id, desk.call.session)
        if session is None:
            return []
        observed = Observed(session.caller, code=term)
        admitted = await self._guesses.admitted(connection, session, observed, now)
        guess = guess_in(admitted.code)
        found = await searching.by_code(connection, self._keys.code_hashes(guess)) if guess is not None else []
        match = replace(NO_MATCH, code_accepted=bool(found))
        await self._guesses.note(connection, session, admitted, match, now)
        return found
