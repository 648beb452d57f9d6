"""What TaskRouter is told of a caller. Pure.

Twilio itself writes ``from``, ``to``, ``caller``, ``called``, ``call_sid``, ``account_sid`` and ``direction`` into the
attributes of a task that `<Enqueue>` makes (Twilio, "TwiML Voice: <Enqueue>", "TaskRouter: Contact center blueprint");
ours are under one key beside them. None of them says who the caller is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from router.core.commands import Leg, Transfer

KEY: Final = "threadline"
_CALL_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST: Final = 4096
"""Characters of attributes that are read; Twilio's own limit on a task's."""


def skill_key(skills: Iterable[str]) -> str:
    """A set of skills as one word, by which the filters of a workflow go."""
    return ".".join(sorted(set(skills)))


def task_attributes(call_id: str, leg: Leg, transfer: Transfer, assurance: int = 0) -> str:
    """The attributes of a caller's task, as JSON. ``last_agent`` is the person who is to be given the call first, or
    ``alone``: passed on to that person, and to nobody else."""
    last, alone = leg.person, all(each.person is not None for each in transfer.legs or (leg,))
    skilled = next((each for each in transfer.legs if each.person is None), leg) if last else leg
    ours: dict[str, object] = {
        "call": call_id,
        "queue": transfer.queue if last else leg.queue,
        "skills": sorted(skilled.skills),
        "skill_key": skill_key(skilled.skills),
        "priority": transfer.priority,
        "assurance": assurance,
        "waits_for_last": last is not None and not alone,
        "alone": alone,
    }
    if last is not None:
        ours["last_agent"] = last
    return json.dumps({KEY: ours}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Task:
    """What comes back of it: our id of the call, and the queue."""

    call_id: str
    queue: str | None


def task_of(attributes: str | None) -> Task | None:
    """The call that the attributes of a task are of, None where it is none of ours."""
    ours = _object(attributes).get(KEY)
    if not isinstance(ours, dict):
        return None
    call_id, queue = ours.get("call"), ours.get("queue")
    if not isinstance(call_id, str) or not _CALL_ID.fullmatch(call_id):
        return None
    return Task(call_id, queue[:40] if isinstance(queue, str) else None)


def login_of(attributes: str | None, name: str | None) -> str | None:
    """The login of the person whom a worker stands for: the attribute ``login``, else the worker's name."""
    login = _object(attributes).get("login") or name
    return login if isinstance(login, str) and 0 < len(login) <= 100 else None


def has_phone(attributes: str | None) -> bool:
    """Whether a worker has a phone that TaskRouter can ring."""
    uri = _object(attributes).get("contact_uri")
    return isinstance(uri, str) and bool(uri.strip())


def _object(text: str | None) -> dict[str, Any]:
    if not text or len(text) > 4 * _LONGEST:
        return {}
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
