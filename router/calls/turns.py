"""What a channel gets back of a turn, and how a turn is stored and read again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter

from router.core.commands import CallWebhook, ChannelCommand, Prompt, Say
from router.core.match import Match
from router.engine.session import (
    Session,
    State,
    commands_from_json,
    commands_to_json,
    session_from_json,
    session_to_json,
)
from router.store.calls import CallRow
from router.store.prepared import Json

_MATCH: Final = TypeAdapter(Match)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a channel gets back. ``sequence`` is the number of the next event, to be put into webhook addresses.

    ``commands`` are any number of `Say` and the one command that ends the turn; empty once the caller has hung up.
    ``repeated``: the event was a repeated or late one, nothing has changed, and these are the last commands again.
    """

    call_id: str
    sequence: int
    commands: tuple[ChannelCommand, ...]
    session: Session
    repeated: bool = False
    talking: bool = False
    """Whether an agent has answered; told of a call as it stands, not of what an event led to."""

    @property
    def language(self) -> str:
        """What the caller is spoken to in."""
        return self.session.language

    @property
    def unfinished(self) -> bool:
        """Whether another system is being asked, so that there are no commands yet."""
        return isinstance(self.session.waiting, CallWebhook)


def columns(
    session: Session,
    commands: tuple[ChannelCommand, ...],
    now: datetime,
    before: CallRow | None = None,
    was: Session | None = None,
) -> dict[str, Any]:
    """What is stored of a call after a turn at ``now``; ``before`` and ``was`` are the call and its session before it,
    None for a call that begins. Which message the call is about is stored where that has changed: an agent may have
    said otherwise meanwhile."""
    match = session.match
    queued_at = before.queued_at if before is not None else None
    named = _named(session)
    tied = was is None or named != _named(was)
    return {
        **({"message_id": named} if tied else {}),
        "queued_at": queued_at or (now if session.state is State.QUEUE else None),
        "state": session.state.value,
        "outcome": session.outcome.value if session.outcome else None,
        "sequence": session.sequence,
        "session": session_to_json(session),
        "reply": commands_to_json(_without_once(commands) if session.ended else commands),
        "match": Json(_MATCH.dump_json(match).decode()) if match else None,
        "queue": session.queue,
        "updated_at": now,
        "ended_at": now if session.ended else None,
    }


def _named(session: Session) -> str | None:
    return session.match.best.message_id if session.match and session.match.best else None


def _without_once(commands: tuple[ChannelCommand, ...]) -> tuple[ChannelCommand, ...]:
    """The last commands of a call as they are kept for good: without what was said to this caller alone. Should the
    network ask for them again, the caller hears the rest."""
    said = (replace(each, prompts=_of_the_flow(each.prompts)) if isinstance(each, Say) else each for each in commands)
    return tuple(each for each in said if not isinstance(each, Say) or each.prompts)


def _of_the_flow(prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
    return tuple(prompt for prompt in prompts if not prompt.once)


def as_kept(row: CallRow) -> Turn:
    """A call as it stands, with the commands that were given last."""
    session = session_from_json(row.session)
    commands = commands_from_json(row.reply)
    return Turn(row.id, session.sequence, commands, session, repeated=True, talking=row.state == "talking")
