"""The server's side of FastAGI as a state machine without I/O: bytes in, events out; commands in, bytes out.

Asterisk connects, sends its environment (``agi_…: value`` lines, ended by an empty one) and then obeys commands, one
line each, answering each with a numbered reply. In between, a bare ``HANGUP`` line says that the caller is gone; it is
no reply. There is never more than one command on its way: Asterisk waits for commands on the socket but reads them
through a buffer, so a second command in the same packet lies there unseen until a third arrives, and a command sent
while another plays or listens stops that one without a reply (``run_agi`` and ``ast_waitstream_full``; both seen on
Asterisk 22).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from router.channels.agi.commands import Command
from router.channels.agi.environment import MOST_USUAL_LINES, Environment, parse_environment, usual_environment
from router.channels.agi.errors import LocalProtocolError, RemoteProtocolError


@dataclass(frozen=True, slots=True)
class Limits:
    """How much we read before we take the other side for broken or hostile. Bytes, line ends included."""

    line: int = 16_384
    environment: int = 65_536
    environment_lines: int = 256
    reply: int = 65_536
    """A reply of several lines: a usage text, or a variable that holds line breaks."""
    buffer: int = 1_048_576


DEFAULT_LIMITS: Final = Limits()


class State(Enum):
    """Where a connection stands."""

    READING_ENVIRONMENT = auto()
    READY = auto()
    AWAITING_REPLY = auto()
    CLOSED = auto()


# Asked for with every command and reply: to look them up in the class takes longer than all else that is asked there.
_READING_ENVIRONMENT: Final = State.READING_ENVIRONMENT
_READY: Final = State.READY
_AWAITING_REPLY: Final = State.AWAITING_REPLY
_CLOSED: Final = State.CLOSED


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer to a command.

    ``code`` is 200 (done), 510 (no such command), 511 (not on a dead channel) or 520 (wrong use, the usage text is in
    ``data``). ``result`` is the text after ``result=`` (empty where Asterisk put none), ``data`` what stood in
    parentheses, ``endpos`` the sample at which playing or recording ended.
    """

    code: int
    result: str = ""
    data: str | None = None
    endpos: int | None = None

    @property
    def number(self) -> int | None:
        """``result`` as a number, None when it is none."""
        return int(self.result) if _NUMBER.fullmatch(self.result) else None

    @property
    def timed_out(self) -> bool:
        """Whether the command waited in vain for a (further) key."""
        return self.data == "timeout"


@dataclass(frozen=True, slots=True)
class EnvironmentReceived:
    """The environment is complete; commands may be sent."""

    environment: Environment


@dataclass(frozen=True, slots=True)
class HangupNotice:
    """The caller is gone. A reply that is due still comes."""


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """Asterisk closed the connection. ``truncated``: in the middle of a line or of its environment."""

    truncated: bool


Event = EnvironmentReceived | Reply | HangupNotice | ConnectionClosed

_PLAIN: Final = re.compile(r"200 result=(-?[0-9]{1,18})")
_NAME: Final = re.compile(r"agi_([A-Za-z0-9_]{1,64})")
_STATUS: Final = re.compile(r"([1-9][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_RESULT: Final = re.compile(r"result=(\S*)(?: (.*))?", re.DOTALL)
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
_VALUE_END: Final = re.compile(r"\)(?: endpos=-?[0-9]{1,18})?\Z")
_DATA: Final = re.compile(r"(?:\((.*)\) ?)?(?:endpos=(-?[0-9]{1,18}))?", re.DOTALL)
_USUAL: Final = {b"200 result=%d\n" % number: Reply(200, str(number)) for number in range(-1, 58)}
"""Nearly every reply: done or not, or a key as its ASCII code."""
_PLAYED: Final = re.compile(rb"200 result=(-?[0-9]{1,18}) endpos=(-?[0-9]{1,18})\n")
"""The others that are frequent: a prompt was played."""


class Connection:
    """One FastAGI connection.

    Feed it with `receive`, then take `next_event` until that is None. `send` gives the bytes of a command. After a
    `RemoteProtocolError` the connection is closed and gives no more events.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.state: State = _READING_ENVIRONMENT
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._ended = False
        self._values: dict[str, str] = {}
        self._environment_size = 0
        self._environment_lines = 0
        self._block: list[str] = []
        self._block_size = 0

    def send(self, command: Command) -> bytes:
        """The bytes of ``command``; raises `LocalProtocolError` when it is none of ours to send now, or unsafe."""
        if self.state is not _READY:
            raise LocalProtocolError(f"{command.verb}: no command may be sent while {self.state.name.lower()}")
        line = command.encode()
        self.state = _AWAITING_REPLY
        return line

    def receive(self, data: bytes) -> None:
        """Take in what came from the socket; ``b""`` says that the other side closed it.

        Raises `RemoteProtocolError` when more lies here unread than the limits allow.
        """
        if self.state is State.CLOSED:
            return
        if not data:
            self._ended = True
            return
        self._buffer += data
        if len(self._buffer) > self._limits.buffer:
            raise self._failure(f"more than {self._limits.buffer} bytes at once")

    def next_event(self) -> Event | None:
        """The next thing that happened, None when more bytes are needed; raises `RemoteProtocolError`."""
        while self.state is not State.CLOSED:
            line = self._next_line()
            if line is None:
                return self._at_end() if self._ended else None
            event = self._on_environment(line) if self.state is State.READING_ENVIRONMENT else self._on_line(line)
            if event is not None:
                return event
        return None

    def usual_environment(self, data: bytes) -> Environment | None:
        """The environment, where ``data`` from the socket is all of a usual one and nothing came before; None, with
        nothing taken in, where it is not: then `receive` it."""
        limits, size = self._limits, len(data)
        if (
            self.state is not _READING_ENVIRONMENT
            or self._buffer
            or self._environment_lines
            or size > limits.line
            or size > limits.environment
            or size > limits.buffer
            or limits.environment_lines <= MOST_USUAL_LINES
        ):
            return None
        try:
            environment = usual_environment(data.decode())
        except UnicodeDecodeError:
            return None
        if environment is not None:
            self.state = _READY
        return environment

    def usual_reply(self, data: bytes) -> Reply | None:
        """The reply that is waited for, where ``data`` from the socket is a usual one as a whole and nothing else lies
        here; None, with nothing taken in, where it is not: then `receive` it."""
        if self.state is not _AWAITING_REPLY or self._buffer or self._block:
            return None
        reply = _USUAL.get(data)
        if reply is None:
            played = _PLAYED.fullmatch(data)
            if played is None:
                return None
            reply = Reply(200, played[1].decode(), endpos=int(played[2]))
        self.state = _READY
        return reply

    def events(self) -> Iterator[Event]:
        """All events there are by now; raises `RemoteProtocolError`."""
        while (event := self.next_event()) is not None:
            yield event

    def close(self) -> None:
        """We closed the connection: no more events, no more commands."""
        if self.state is _CLOSED:
            return
        self.state = _CLOSED
        self._buffer.clear()
        self._values.clear()
        self._block.clear()

    def _failure(self, why: str) -> RemoteProtocolError:
        self.close()
        return RemoteProtocolError(why)

    def _at_end(self) -> ConnectionClosed:
        truncated = bool(
            self._buffer or self._block or (self.state is State.READING_ENVIRONMENT and self._environment_lines)
        )
        self.close()
        return ConnectionClosed(truncated)

    def _next_line(self) -> str | None:
        end = self._buffer.find(b"\n", self._searched)
        length = len(self._buffer) if end < 0 else end + 1
        if length > self._limits.line:
            raise self._failure(f"a line of more than {self._limits.line} bytes")
        if end < 0:
            self._searched = length
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return _text(line)

    def _on_environment(self, line: str) -> EnvironmentReceived | None:
        self._environment_lines += 1
        self._environment_size += len(line) + 1
        if not line:
            return self._environment_complete()
        if self._environment_lines > self._limits.environment_lines:
            raise self._failure(f"an environment of more than {self._limits.environment_lines} lines")
        if self._environment_size > self._limits.environment:
            raise self._failure(f"an environment of more than {self._limits.environment} characters")
        name, colon, value = line.partition(":")
        match = _NAME.fullmatch(name)
        if not colon or match is None:
            raise self._failure(f"line {self._environment_lines} of the environment is not 'agi_name: value'")
        if match[1] in self._values:
            # A line break that a caller smuggled into a name would otherwise replace the caller's number.
            raise self._failure(f"the environment has agi_{match[1]} twice")
        self._values[match[1]] = value.removeprefix(" ")
        return None

    def _environment_complete(self) -> EnvironmentReceived:
        try:
            environment = parse_environment(self._values)
        except RemoteProtocolError:
            self.close()
            raise
        self._values.clear()
        self.state = State.READY
        return EnvironmentReceived(environment)

    def _on_line(self, line: str) -> Event | None:
        if self._block:
            return self._continue_block(line)
        if line == "HANGUP":
            return HangupNotice()
        if not line:
            return None
        if self.state is State.AWAITING_REPLY and (plain := _PLAIN.fullmatch(line)) is not None:
            self.state = State.READY
            return Reply(200, plain[1])
        match = _STATUS.fullmatch(line)
        if match is None:
            raise self._failure("a line that is neither a reply nor HANGUP")
        if self.state is not State.AWAITING_REPLY:
            raise self._failure("a reply to no command")
        if line.startswith("1"):
            return None  # 100 Trying: the reply proper is still to come
        if match[2] == "-" or _is_open(match[3] or ""):
            return self._continue_block(line)
        return self._reply(int(match[1]), match[3] or "")

    def _continue_block(self, line: str) -> Reply | None:
        """Collect a reply of several lines: usage (``520-…`` to ``520 …``), or a value that holds line breaks."""
        self._block.append(line)
        self._block_size += len(line) + 1
        if self._block_size > self._limits.reply:
            raise self._failure(f"a reply of more than {self._limits.reply} characters")
        code, usage = self._block[0][:3], self._block[0][3] == "-"
        if not (line.startswith(code + " ") if usage else _VALUE_END.search(line)):
            return None
        text = "\n".join(self._block)[4:]
        self._block.clear()
        self._block_size = 0
        return self._reply(int(code), text)

    def _reply(self, code: int, text: str) -> Reply:
        self.state = State.READY
        if code != 200:
            return Reply(code, data=text)
        match = _RESULT.fullmatch(text)
        if match is None:
            raise self._failure("a reply without a result")
        data = _DATA.fullmatch(match[2] or "")
        if data is None:
            return Reply(code, match[1], match[2])
        return Reply(code, match[1], data[1], None if data[2] is None else int(data[2]))


def _is_open(text: str) -> bool:
    """Whether a value in parentheses began and its closing parenthesis is not there yet."""
    match = _RESULT.fullmatch(text)
    rest = match[2] if match and match[2] else ""
    return rest.startswith("(") and _DATA.fullmatch(rest) is None


def _text(line: bytes) -> str:
    line = line.removesuffix(b"\r")
    try:
        return line.decode()
    except UnicodeDecodeError:
        # Names of callers come in whatever the trunk speaks; every byte is a character of Latin-1.
        return line.decode("latin-1")
