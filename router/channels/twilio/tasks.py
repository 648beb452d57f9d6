"""What TaskRouter is told of a caller. Pure.

Twilio itself writes ``from``, ``to``, ``caller``, ``called``, ``call_sid``, ``account_sid`` and ``direction`` into the
attributes of a task that `<Enqueue>` makes (Twilio, "TwiML Voice: <Enqueue>", "TaskRouter: Contact center blueprint");
ours are under one key beside them. None of them says who the caller is.
"""

from __future__ import annotations

import json
from typing import Final

from router.core.commands import Leg, Transfer

KEY: Final = "threadline"


def task_attributes(call_id: str, leg: Leg, transfer: Transfer) -> str:
    """The attributes of a caller's task, as JSON. ``last_agent`` is the person who is to be given the call first."""
    ours: dict[str, object] = {
        "call": call_id,
        "queue": transfer.queue if leg.person else leg.queue,
        "skills": sorted(transfer.skills),
        "priority": transfer.priority,
    }
    last = next((each.person for each in transfer.legs if each.person), None)
    if last is not None:
        ours["last_agent"] = last
    return json.dumps({KEY: ours}, separators=(",", ":"))
