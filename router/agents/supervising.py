"""What supervisors do about agents: other queues and skills, a pause, the end of their sessions. Each is written into
the audit log in its transaction; then the agent's page and Asterisk are told at once. Administrators are changed by
administrators only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from router.agents import rights, states
from router.agents.presence import Presence
from router.errors import forbidden, not_found
from router.store import audit, people
from router.store.database import Connection, Database

_ADMIN: Final = "admin"


class Supervising:
    """``known_queues`` are those that agents may belong to. ``by`` is the id of whoever does something.

    All raise `Refused`: 404 for people who are not there, 403 for an administrator whom somebody else wants to change.
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
        wanted = {"queues": queues, "skills": skills}
        async with self._database.begin() as connection:
            await _refuse_admin(connection, person_id, by)
            made = await rights.change(connection, person_id, wanted, self._known_queues, self._clock(), by)
        if made.fields:
            await self._presence.settle(person_id)
        return bool(made.fields)

    async def pause(self, person_id: str, by: str) -> None:
        """No more calls until the agent is ready again; a talk goes on. Only of somebody who takes calls."""
        now = self._clock()
        async with self._database.begin() as connection:
            await _refuse_admin(connection, person_id, by)
            row = next(iter(await people.lock(connection, [person_id])), None)
            if row is None:
                raise not_found("There is no such person.", "no_such_person")
            if row.presence != "ready":
                return
            await states.change(connection, person_id, {"presence": "paused", "pause_reason": states.SUPERVISOR}, now)
            await audit.note(connection, now, "person.paused", "person", person_id, person_id=by)
        await self._presence.settle(person_id)

    async def sign_out(self, person_id: str, by: str) -> None:
        """End all sessions: the page closes, the phone rings no more. A talk goes on at the phone."""
        async with self._database.begin() as connection:
            await _refuse_admin(connection, person_id, by)
            await rights.sign_out(connection, person_id, self._clock(), by)
        await self._presence.left(person_id)


def may_change(role: str, by_role: str) -> bool:
    """Whether somebody of ``by_role``, who may supervise, changes people of this role."""
    return role != _ADMIN or by_role == _ADMIN


async def _refuse_admin(connection: Connection, person_id: str, by: str) -> None:
    person, other = await people.by_id(connection, person_id), await people.by_id(connection, by)
    if person is not None and not may_change(person.role, other.role if other is not None else ""):
        raise forbidden("Only administrators change administrators.")
