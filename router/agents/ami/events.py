"""What we are told by Asterisk's manager interface (AMI), as plain values.

Caller numbers and names are not among the fields: Asterisk sends them even when the caller withheld them.

Field meanings were checked against Asterisk 22.10 and https://docs.asterisk.org (AMI Events). Three of them surprise:

- `Uniqueid` of the agent and queue events is the *caller's* channel, `DestUniqueid` the leg to the agent's phone. When
  several phones ring and one answers, the others get no event of the queue's own: their leg ends with `Hangup`.
- `QueueCallerLeave` comes in every case, also right *before* `AgentConnect`, and `QueueCallerAbandon` also when the
  queue's own time is up. Neither says that the caller is gone; only the `Hangup` of the caller's channel does.
- `RingTime` is in milliseconds in `AgentRingNoAnswer` and in seconds in `AgentConnect`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class DeviceState(enum.IntEnum):
    """State of a queue member's phone (`Status` of the queue member events)."""

    UNKNOWN = 0
    IDLE = 1
    IN_USE = 2
    BUSY = 3
    INVALID = 4
    UNAVAILABLE = 5
    RINGING = 6
    RINGING_IN_USE = 7
    ON_HOLD = 8


@dataclass(frozen=True, slots=True)
class AgentCalled:
    """A phone is being rung for a caller in a queue; also one that turns out to be unreachable.

    Each try has a leg of its own. It is over with `AgentRingNoAnswer`, or without another word with the `Hangup` of
    `dest_uniqueid` (another phone answered, the caller left, the phone cannot be reached).
    """

    call_id: str | None
    uniqueid: str
    linkedid: str
    queue: str
    interface: str
    dest_channel: str
    dest_uniqueid: str


@dataclass(frozen=True, slots=True)
class AgentConnect:
    """An agent answered. Times in seconds; `channel` is the caller's."""

    call_id: str | None
    uniqueid: str
    linkedid: str
    queue: str
    interface: str
    dest_channel: str
    dest_uniqueid: str
    ring_seconds: int
    hold_seconds: int
    channel: str = ""


@dataclass(frozen=True, slots=True)
class AgentRingNoAnswer:
    """A phone stopped ringing without an answer: timeout, busy or declined. Time in milliseconds."""

    call_id: str | None
    uniqueid: str
    linkedid: str
    queue: str
    interface: str
    dest_uniqueid: str
    ring_milliseconds: int


@dataclass(frozen=True, slots=True)
class AgentComplete:
    """The talk ended. `reason` is who ended it: `caller`, `agent` or `transfer`. Times in seconds."""

    call_id: str | None
    uniqueid: str
    linkedid: str
    queue: str
    interface: str
    dest_uniqueid: str
    hold_seconds: int
    talk_seconds: int
    reason: str


@dataclass(frozen=True, slots=True)
class QueueCallerJoin:
    """A caller entered a queue at `position` (1 is next)."""

    call_id: str | None
    uniqueid: str
    queue: str
    position: int


@dataclass(frozen=True, slots=True)
class QueueCallerLeave:
    """A caller waits no longer, for whatever reason: answered, gone, or the queue's time was up."""

    call_id: str | None
    uniqueid: str
    queue: str


@dataclass(frozen=True, slots=True)
class QueueCallerAbandon:
    """A caller left the queue unanswered: hung up, or the queue's time was up and the call goes on elsewhere."""

    call_id: str | None
    uniqueid: str
    queue: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """A channel ended: a caller's, or the leg to a phone; only `uniqueid` says which.

    Legs inherit the caller's variables, so `call_id` is that of the call also where just one phone stopped ringing.
    `cause` is Q.850; 26 is "answered elsewhere", 17 busy, 0 often a leg that was called off.
    """

    call_id: str | None
    uniqueid: str
    linkedid: str
    cause: int


@dataclass(frozen=True, slots=True)
class QueueMember:
    """One phone in one queue."""

    queue: str
    interface: str
    status: DeviceState
    paused: bool


@dataclass(frozen=True, slots=True)
class QueueMemberStatus(QueueMember):
    """A member's phone changed its state."""


@dataclass(frozen=True, slots=True)
class QueueMemberAdded(QueueMember):
    """A phone became member of a queue."""


@dataclass(frozen=True, slots=True)
class QueueMemberRemoved(QueueMember):
    """A phone is no longer member of a queue."""


@dataclass(frozen=True, slots=True)
class QueueMemberPause(QueueMember):
    """A member was paused or is ready again."""


AmiEvent = (
    AgentCalled
    | AgentConnect
    | AgentRingNoAnswer
    | AgentComplete
    | QueueCallerJoin
    | QueueCallerLeave
    | QueueCallerAbandon
    | Hangup
    | QueueMemberStatus
    | QueueMemberAdded
    | QueueMemberRemoved
    | QueueMemberPause
)


@dataclass(frozen=True, slots=True)
class Channel:
    """One live channel. `name` is like `PJSIP/agent1-00000002`; `ringing` is true for a phone that rings."""

    uniqueid: str
    linkedid: str
    call_id: str | None
    name: str
    ringing: bool

    @property
    def interface(self) -> str:
        """The channel's technology and resource (`PJSIP/agent1`), as queue members are named."""
        return self.name.rpartition("-")[0] or self.name


@dataclass(frozen=True, slots=True)
class Talk:
    """The names of the two channels of a caller and an agent who talk."""

    caller_channel: str
    agent_channel: str


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """A caller in a queue."""

    uniqueid: str
    call_id: str | None
    queue: str
    position: int
    waited_seconds: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was so at the moment of the login; whatever is not in it is over. `queues` are all that Asterisk has, None:
    not known."""

    channels: tuple[Channel, ...]
    queue_members: tuple[QueueMember, ...]
    waiting: tuple[WaitingCaller, ...]
    queues: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """Logged in and in step with Asterisk; forget earlier state and begin from the snapshot.

    Events that follow may tell again what the snapshot already holds. `asked_at` is the event loop's time just before
    Asterisk was asked: what was there then and is not in the snapshot is over.
    """

    snapshot: Snapshot
    asked_at: float


@dataclass(frozen=True, slots=True)
class Disconnected:
    """Asterisk cannot be heard; state is unknown until the next `Connected`. `reason` is for people."""

    reason: str


Notice = AmiEvent | Connected | Disconnected
"""All that a listener of `Ami` is told."""
