"""What a card says of a callback: that the customer is dialled, by us, and what came of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from router.calls.calling_back import DIALLED
from router.core.events import TEST_PHONE
from router.store import callbacks
from router.store.database import Connection


@dataclass(frozen=True, slots=True)
class CallbackView:
    """``step`` is one of `STEPS`: ``waiting`` for the agent to answer, ``test`` where nobody is there, what came of it;
    ``next_try_at`` is None where it is not tried again."""

    step: str
    next_try_at: datetime | None = None


STEPS = ("waiting", "dialled", "test", "answered", "busy", "no_answer", "failed", "cancelled", "machine")
"""Those that there is a text for."""


async def called_back(connection: Connection, call_ids: Collection[str]) -> dict[str, CallbackView]:
    """What there is to say of those of these calls that are callbacks, by their ids."""
    return {row.call: _view(row) for row in await callbacks.of_calls(connection, call_ids)}


def _view(row: Row[Any]) -> CallbackView:
    if row.attempt_id != row.call:
        return CallbackView("answered")  # an earlier attempt: what came of it is not kept
    if row.last_result is None or row.last_result == "nobody":
        return CallbackView("waiting")
    if row.channel == TEST_PHONE:
        return CallbackView("test")
    step = row.last_result if row.last_result in STEPS or row.last_result == DIALLED else "failed"
    return CallbackView(step, row.next_try_at)
