"""Reading AMI headers into the values of `events`.

Headers are hostile input: names and channel variables come from callers. Everything kept is checked for length and
control characters; a header that must be single but comes twice makes the whole event unreadable. Caller numbers and
names are never read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from router.agents.ami.events import (
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentRingNoAnswer,
    AmiEvent,
    Channel,
    DeviceState,
    Hangup,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMember,
    QueueMemberAdded,
    QueueMemberPause,
    QueueMemberRemoved,
    QueueMemberStatus,
    Snapshot,
    WaitingCaller,
)

Headers = Mapping[str, "str | list[str]"]
"""Headers of one AMI message: names in lower case; a header that came more than once has a list."""

CALL_VARIABLE = "THREADLINE_CALL"
"""Channel variable that carries our call id; `channelvars = THREADLINE_CALL` in manager.conf adds it to events."""

_ID = re.compile(r"[\x21-\x7e]{1,150}")  # Asterisk: AST_MAX_UNIQUEID is 149 characters
_MAX_TEXT = 256

_Entry = TypeVar("_Entry")


class UnreadableEvent(ValueError):
    """An event we care about came without, or with a malformed, header; the text names the header."""


class _Fields:
    """Checked access to the headers of one message."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def text(self, name: str, default: str | None = None) -> str:
        value = self._headers.get(name.lower(), default)
        if value is None:
            raise UnreadableEvent(f"{name} is missing")
        if not isinstance(value, str):
            raise UnreadableEvent(f"{name} came more than once")
        if len(value) > _MAX_TEXT or not (value.isprintable() or not value):
            raise UnreadableEvent(f"{name} is too long or holds control characters")
        return value

    def identifier(self, name: str) -> str:
        value = self.text(name)
        if not _ID.fullmatch(value):
            raise UnreadableEvent(f"{name} is not an identifier")
        return value

    def name(self, name: str) -> str:
        value = self.text(name).strip()
        if not value:
            raise UnreadableEvent(f"{name} is empty")
        return value

    def number(self, name: str, default: str | None = None) -> int:
        value = self.text(name, default)
        if not (value.isascii() and value.isdigit() and len(value) <= 12):
            raise UnreadableEvent(f"{name} is not a whole number")
        return int(value)

    def flag(self, name: str) -> bool:
        return self.text(name) == "1"

    def state(self, name: str) -> DeviceState:
        number = self.number(name)
        return DeviceState(number) if number <= max(DeviceState) else DeviceState.UNKNOWN

    @property
    def call_id(self) -> str | None:
        """Our id of the caller's call; None where the channel has none or what it has is not an identifier."""
        return _call_id(self._headers)


def _call_id(headers: Headers) -> str | None:
    # Events carry `ChanVariable`, one header a variable; `Status` tells what it was asked for as `Variable`.
    found: set[str] = set()
    for name in ("chanvariable", "variable"):
        value = headers.get(name, [])
        for entry in [value] if isinstance(value, str) else value:
            variable, equals, content = entry.partition("=")
            if equals and variable.strip().upper() == CALL_VARIABLE and content:
                found.add(content)
    # A caller's text that smuggles in a second one makes both worthless.
    if len(found) != 1:
        return None
    call_id = found.pop()
    return call_id if _ID.fullmatch(call_id) else None


def _agent_called(f: _Fields) -> AgentCalled:
    return AgentCalled(
        f.call_id,
        f.identifier("Uniqueid"),
        f.identifier("Linkedid"),
        f.name("Queue"),
        f.name("Interface"),
        f.name("DestChannel"),
        f.identifier("DestUniqueid"),
    )


def _agent_connect(f: _Fields) -> AgentConnect:
    return AgentConnect(
        f.call_id,
        f.identifier("Uniqueid"),
        f.identifier("Linkedid"),
        f.name("Queue"),
        f.name("Interface"),
        f.name("DestChannel"),
        f.identifier("DestUniqueid"),
        f.number("RingTime", "0"),
        f.number("HoldTime", "0"),
        f.name("Channel"),
    )


def _agent_ring_no_answer(f: _Fields) -> AgentRingNoAnswer:
    return AgentRingNoAnswer(
        f.call_id,
        f.identifier("Uniqueid"),
        f.identifier("Linkedid"),
        f.name("Queue"),
        f.name("Interface"),
        f.identifier("DestUniqueid"),
        f.number("RingTime", "0"),
    )


def _agent_complete(f: _Fields) -> AgentComplete:
    return AgentComplete(
        f.call_id,
        f.identifier("Uniqueid"),
        f.identifier("Linkedid"),
        f.name("Queue"),
        f.name("Interface"),
        f.identifier("DestUniqueid"),
        f.number("HoldTime", "0"),
        f.number("TalkTime", "0"),
        f.text("Reason", ""),
    )


def _hangup(f: _Fields) -> Hangup:
    return Hangup(f.call_id, f.identifier("Uniqueid"), f.identifier("Linkedid"), f.number("Cause", "0"))


def _member_fields(f: _Fields, interface: str = "Interface") -> tuple[str, str, DeviceState, bool]:
    return f.name("Queue"), f.name(interface), f.state("Status"), f.flag("Paused")


_PARSERS: Mapping[str, Callable[[_Fields], AmiEvent]] = {
    "agentcalled": _agent_called,
    "agentconnect": _agent_connect,
    "agentringnoanswer": _agent_ring_no_answer,
    "agentcomplete": _agent_complete,
    "queuecallerjoin": lambda f: QueueCallerJoin(
        f.call_id, f.identifier("Uniqueid"), f.name("Queue"), f.number("Position")
    ),
    "queuecallerleave": lambda f: QueueCallerLeave(f.call_id, f.identifier("Uniqueid"), f.name("Queue")),
    "queuecallerabandon": lambda f: QueueCallerAbandon(f.call_id, f.identifier("Uniqueid"), f.name("Queue")),
    "hangup": _hangup,
    "queuememberstatus": lambda f: QueueMemberStatus(*_member_fields(f)),
    "queuememberadded": lambda f: QueueMemberAdded(*_member_fields(f)),
    "queuememberremoved": lambda f: QueueMemberRemoved(*_member_fields(f)),
    "queuememberpause": lambda f: QueueMemberPause(*_member_fields(f)),
}


def parse_event(headers: Headers) -> AmiEvent | None:
    """Return the event these headers tell of, or None where it is none of ours.

    Raises UnreadableEvent when it is one of ours but a header is missing or malformed.
    """
    name = headers.get("event", "")
    parser = _PARSERS.get(name.lower()) if isinstance(name, str) else None
    return parser(_Fields(headers)) if parser else None


def parse_snapshot(
    status: Iterable[Headers], queue_status: Iterable[Headers], unreadable: Callable[[UnreadableEvent], None]
) -> Snapshot:
    """Build the snapshot from the answers to the actions `Status` and `QueueStatus`.

    A malformed entry is left out and told to `unreadable`: one odd channel must not keep us away from all the others.
    """
    channels = _read(_channel, status, "Status", unreadable)
    calls = {channel.uniqueid: channel.call_id for channel in channels}
    rows = list(queue_status)
    members = _read(lambda f: QueueMember(*_member_fields(f, "Location")), rows, "QueueMember", unreadable)
    waiting = _read(lambda f: _waiting(f, calls), rows, "QueueEntry", unreadable)
    queues = _read(lambda f: f.name("Queue"), rows, "QueueParams", unreadable)
    return Snapshot(channels, members, waiting, frozenset(queues))


def _read(
    parse: Callable[[_Fields], _Entry],
    rows: Iterable[Headers],
    event: str,
    unreadable: Callable[[UnreadableEvent], None],
) -> tuple[_Entry, ...]:
    entries = []
    for row in rows:
        if row.get("event") != event:
            continue  # the response itself, the closing …Complete
        try:
            entries.append(parse(_Fields(row)))
        except UnreadableEvent as error:
            unreadable(error)
    return tuple(entries)


def _channel(f: _Fields) -> Channel:
    ringing = f.text("ChannelStateDesc", "") == "Ringing"
    return Channel(f.identifier("Uniqueid"), f.identifier("Linkedid"), f.call_id, f.name("Channel"), ringing)


def _waiting(f: _Fields, calls: Mapping[str, str | None]) -> WaitingCaller:
    uniqueid = f.identifier("Uniqueid")
    return WaitingCaller(uniqueid, calls.get(uniqueid), f.name("Queue"), f.number("Position"), f.number("Wait", "0"))
