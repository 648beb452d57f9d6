"""What supervisors do about agents: other queues and skills, a pause, the end of their sessions. Each is written into
the audit log in its transaction; then the agent's page and Asterisk are told at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from router.agents import states
from router.agents.presence import Presence
from router.errors import not_found, unprocessable
from router.store import audit, people
from router.store import web as sessions
from router.store.database import Connection, Database

MOST_SKILLS = 20
_SKILL = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Supervising:
    """``known_queues`` are those that agents may belong to. ``by`` is the id of whoever does something.

    All raise `Refused` (404) for people who are not there.
    """

    def __init__(
        self, database: Database, clock: Callable[[], datetime], presence: Presence, known_queues: Sequence[str]
    ) -> None:
        self._database = database
        self._clock = clock
        self._presence = presence
        self._known_queues = known_queues

    async def assign(self, person_id: str, queues: Sequence[str], skills: Sequence[str], by: str) -> bool:
        """These queues and skills from now on; whether that changes anything. A call that rings or is talked goes on.

        Raises `Refused` (422) with one error for each field that is wrong.
        """
        wanted = {"queues": list(dict.fromkeys(queues)), "skills": list(dict.fromkeys(skills))}
        now = self._clock()
        async with self._database.begin() as connection:
            row = await _locked(connection, person_id)
            self._refuse_wrong(wanted["queues"], wanted["skills"], row.queues)
            different = {name: value for name, value in wanted.items() if value != list(getattr(row, name))}
            if not different:
                return False
            await states.change(connection, person_id, different, now)
            before = {f"{name}_before": list(getattr(row, name)) for name in different}
            detail = {"fields": sorted(different), **different, **before}
            await audit.note(connection, now, "person.changed", "person", person_id, person_id=by, detail=detail)
        await self._presence.settle(person_id)
        return True

    async def pause(self, person_id: str, by: str) -> None:
        """No more calls until the agent is ready again; a talk goes on."""
        await self._note("person.paused", person_id, by)
        await self._presence.pause(person_id, states.SUPERVISOR)

    async def sign_out(self, person_id: str, by: str) -> None:
        """End all sessions: the page closes, the phone rings no more. A talk goes on at the phone."""
        now = self._clock()
        async with self._database.begin() as connection:
            await _locked(connection, person_id)
            await sessions.end_sessions(connection, person_id)
            await audit.note(connection, now, "person.signed_out", "person", person_id, person_id=by)
        await self._presence.left(person_id)

    async def _note(self, action: str, person_id: str, by: str) -> None:
        async with self._database.begin() as connection:
            await _locked(connection, person_id)
            await audit.note(connection, self._clock(), action, "person", person_id, person_id=by)

    def _refuse_wrong(self, queues: Sequence[str], skills: Sequence[str], had: Sequence[str]) -> None:
        errors = []
        if unknown := [queue for queue in queues if queue not in (*self._known_queues, *had)]:
            message = f"there is no queue {unknown[0][:40]!r}; there are: {', '.join(self._known_queues)}"
            errors.append({"field": "queues", "message": message})
        if len(skills) > MOST_SKILLS or not all(_SKILL.fullmatch(skill) for skill in skills):
            message = f"up to {MOST_SKILLS} words of small letters, digits and _, such as english or gas"
            errors.append({"field": "skills", "message": message})
        if errors:
            raise unprocessable("; ".join(f"{error['field']}: {error['message']}" for error in errors), errors)


async def _locked(connection: Connection, person_id: str) -> people.PersonRow:
    rows = await people.lock(connection, [person_id])
    if not rows:
        raise not_found("There is no such person.")
    return rows[0]
