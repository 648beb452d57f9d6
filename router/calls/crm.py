"""What a CRM is told of calls: new ones, who answered them, and their end, in the shape that CRMs know.

The fields are those of the generic CTI push that Zammad documents (https://docs.zammad.org/en/latest/api/generic-cti/
newcall-event.html, answer-event.html, hangup-event.html) and sipgate and Placetel send: event, from, to, direction,
callId, user, cause, queue, answeringNumber. Ours come beside them.

What is told is stored within the transaction of what it tells of, and sent after it (`router.calls.crm_sending`). A
withheld number is never known here; it is told as ``anonymous``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

import structlog

from router.store import crm_events as store
from router.store.database import Connection

log = structlog.get_logger(__name__)

TOPIC: Final = "crm"
"""Announced when something is to be told."""
ANONYMOUS: Final = "anonymous"
MOST_WAITING: Final = 20_000
"""Events that wait to be told; with more of them the newest are not told."""

_NAMES: Final = {store.NEW_CALL: "newCall", store.ANSWER: "answer", store.HANGUP: "hangup"}


class CrmEvents:
    """Stores what is to be told. ``fields`` are those of the setting `crm_fields`."""

    def __init__(self, make_id: Callable[[], str], fields: Collection[str]) -> None:
        self._make_id = make_id
        self._fields = frozenset(fields)

    async def new_call(self, connection: Connection, call_id: str, now: datetime) -> None:
        """A call has come in. To be called after it is stored."""
        await self._add(connection, call_id, store.NEW_CALL, now)

    async def answered(self, connection: Connection, call_id: str, name: str, login: str, now: datetime) -> None:
        """A person has answered the call."""
        who = {"user": [name], "answeringNumber": login} if "user" in self._fields else {}
        await self._add(connection, call_id, store.ANSWER, now, who)

    async def hung_up(self, connection: Connection, call_id: str, now: datetime) -> None:
        """The call is over. To be called after that is stored."""
        await self._add(connection, call_id, store.HANGUP, now)

    async def _add(
        self, connection: Connection, call_id: str, event: str, now: datetime, more: dict[str, Any] | None = None
    ) -> None:
        row = await store.about(connection, call_id)
        if row is None:
            return
        if event != store.NEW_CALL and not await store.was_told_of(connection, call_id):
            await self._add(connection, call_id, store.NEW_CALL, now)  # a callback, which did not come in
        body = {"event": _NAMES[event], "callId": call_id, "at": now.isoformat(), **self._told(row), **(more or {})}
        if event == store.HANGUP:
            body["cause"] = cause_of(row.outcome, row.agent_id is not None, row.queue is not None)
        values = {
            "id": self._make_id(),
            "call_id": call_id,
            "event": event,
            "body": body,
            "state": store.QUEUED,
            "tries": 0,
            "next_try_at": now,
            "created_at": now,
        }
        if not await store.add(connection, values, MOST_WAITING):
            log.warning("the CRM is not told of this, too much waits", call=call_id, told=event)

    def _told(self, row: store.ToldRow) -> dict[str, Any]:
        caller = row.caller if "from" in self._fields else None
        one, other = caller or ANONYMOUS, row.service_number or ANONYMOUS
        out = row.direction == "out"
        told = {"from": other if out else one, "to": one if out else other, "direction": row.direction}
        beside = {
            "queue": ("queue", row.queue),
            "message_external_id": ("message", row.message_external_id),
            "customer_external_id": ("customer", row.customer_external_id),
            "reference": ("reference", row.reference),
        }
        return told | {name: value for name, (field, value) in beside.items() if field in self._fields and value}


def cause_of(outcome: str | None, answered: bool, queued: bool) -> str:
    """Why a call is over, in the words of the CTI push. Pure."""
    if answered:
        return "normalClearing"
    if outcome == "finished":
        return "noAnswer" if queued else "normalClearing"
    return "cancel"
