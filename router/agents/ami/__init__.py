"""The connection to Asterisk's manager interface (AMI): the only place that knows panoramisk.

`Ami` keeps the connection, `events` are what it tells, `errors` what its methods raise.
"""

from router.agents.ami.client import Ami
from router.agents.ami.delivery import Listener
from router.agents.ami.errors import AmiDown, AmiError, AmiRefused
from router.agents.ami.events import (
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentRingNoAnswer,
    AmiEvent,
    Channel,
    Connected,
    DeviceState,
    Disconnected,
    Hangup,
    Notice,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMember,
    QueueMemberAdded,
    QueueMemberPause,
    QueueMemberRemoved,
    QueueMemberStatus,
    Snapshot,
    Talk,
    WaitingCaller,
)
from router.agents.ami.settings import AmiSettings

__all__ = [
    "AgentCalled",
    "AgentComplete",
    "AgentConnect",
    "AgentRingNoAnswer",
    "Ami",
    "AmiDown",
    "AmiError",
    "AmiEvent",
    "AmiRefused",
    "AmiSettings",
    "Channel",
    "Connected",
    "DeviceState",
    "Disconnected",
    "Hangup",
    "Listener",
    "Notice",
    "QueueCallerAbandon",
    "QueueCallerJoin",
    "QueueCallerLeave",
    "QueueMember",
    "QueueMemberAdded",
    "QueueMemberPause",
    "QueueMemberRemoved",
    "QueueMemberStatus",
    "Snapshot",
    "Talk",
    "WaitingCaller",
]
