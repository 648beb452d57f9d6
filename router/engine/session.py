"""What is remembered of a call between two events: a frozen value that goes to JSON and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Discriminator, TypeAdapter

from router.core.commands import ChannelCommand, Command, Prompt
from router.core.events import Caller, Event, QueueSeen, TransferOutcome
from router.core.match import About, Match
from router.flow.nodes.base import Asked


class State(StrEnum):
    """Where a call stands."""

    FLOW = "flow"
    """The flow is talking to the caller."""
    QUEUE = "queue"
    """Handed to a queue, waiting or talking; the channel tells when that ends."""
    ENDED = "ended"


class Outcome(StrEnum):
    """How a call ended, as far as the flow is concerned."""

    HUNG_UP = "hung_up"
    """The caller left while the flow was talking."""
    LEFT_QUEUE = "left_queue"
    """The call ended in the queue, or after talking to an agent (the agents' side knows which)."""
    FINISHED = "finished"
    """The flow came to its end."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing the flow did: at which step, of what type, and what came of it. Never a number or a code. ``flow`` is
    the one the step is of."""

    at: datetime
    step: str
    type: str
    note: str
    flow: str = ""


@dataclass(frozen=True)
class Session:
    """A call's state. ``revision`` pins the set of flow files, ``flow`` is the one of them that runs; ``sequence``
    counts the events handled from outside, ``steps`` all steps run, ``visits`` how often each was entered, ``tries``
    the failed tries at the present one, ``asked`` what each asked to tell messages apart."""

    call_id: str
    flow: str
    revision: str
    channel: str
    caller: Caller
    service_number: str | None
    language: str
    language_chosen: bool = False
    """By the caller; before that it is a guess."""
    state: State = State.FLOW
    outcome: Outcome | None = None
    step: str | None = None
    waiting: Annotated[Command, Discriminator("kind")] | None = None
    sequence: int = 0
    steps: int = 0
    tries: int = 0
    ahead: float = 0.0
    """Seconds by which the call's time is ahead of the clock; not 0 in test calls only."""
    hours_ahead: float = 0.0
    """Seconds by which opening hours are looked at ahead of the call's time; not 0 in test calls only."""
    trunk: str | None = None
    """The line or account the call came in on, where the channel knows it."""
    said: tuple[Prompt, ...] = ()
    """What the flow has said and the channel not yet been told, while the house is asked."""
    visits: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    """What the flow has noted (``vars``)."""
    match: Match | None = None
    about: About | None = None
    """What the message says that the match names, where the flow speaks of it."""
    queue_seen: QueueSeen | None = None
    queue: str | None = None
    queued_since: datetime | None = None
    """When the caller joined a queue and was not answered yet; the place that a callback keeps."""
    transfer_outcome: TransferOutcome | None = None
    trace: tuple[Trace, ...] = ()
    keys_only: bool = False
    """Speech was lost on its way to words; from then on the call is asked for keys."""
    hung_up: int | None = None
    """The steps run when the caller hung up, where the flow has still something to do."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state is State.ENDED

    def but(self, **changes: Any) -> Session:
        """This session with some fields changed. `dataclasses.replace` does the same in ten times the time, and a turn
        of the engine is little else; that is why a session has no slots. Raises `TypeError` for a field that there is
        not."""
        changed: Session = object.__new__(Session)
        values = changed.__dict__
        values.update(self.__dict__)
        known = len(values)
        values.update(changes)
        if len(values) != known:
            raise TypeError(f"a session has no '{next(name for name in changes if name not in self.__dict__)}'")
        return changed


_SESSION = TypeAdapter(Session)
_COMMANDS: TypeAdapter[tuple[ChannelCommand, ...]] = TypeAdapter(
    tuple[Annotated[ChannelCommand, Discriminator("kind")], ...]
)
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Discriminator("kind")])


def session_to_json(session: Session) -> str:
    """The session as JSON text."""
    return _SESSION.dump_json(session).decode()


def session_from_json(text: str | bytes) -> Session:
    """The session back. Raises `pydantic.ValidationError` for anything else."""
    return _SESSION.validate_json(text)


def commands_to_json(commands: tuple[ChannelCommand, ...]) -> str:
    """Commands for a channel as JSON text, to give the same answer again to a repeated webhook."""
    return _COMMANDS.dump_json(commands).decode()


def commands_from_json(text: str | bytes) -> tuple[ChannelCommand, ...]:
    """The commands back. Raises `pydantic.ValidationError` for anything else."""
    return _COMMANDS.validate_json(text)


def event_from_json(text: str | bytes) -> Event:
    """An event from JSON, told apart by its ``kind``. Raises `pydantic.ValidationError` for anything else."""
    return _EVENT.validate_json(text)


def event_to_json(event: Event) -> str:
    """The event as JSON text."""
    return _EVENT.dump_json(event).decode()
