"""How Asterisk behaves on an AGI connection, as far as the tests need it, written after ``res/res_agi.c``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

ENVIRONMENT = {
    "network": "yes",
    "network_script": "call",
    "request": "agi://127.0.0.1/call",
    "channel": "PJSIP/trunk-00000001",
    "language": "de",
    "type": "PJSIP",
    "uniqueid": "1700000000.1",
    "version": "22.10.1",
    "callerid": "+4930123456",
    "calleridname": "Erika Muster",
    "callingpres": "0",
    "callingani2": "0",
    "callington": "0",
    "callingtns": "0",
    "dnid": "+4930987654",
    "rdnis": "unknown",
    "context": "from-trunk",
    "extension": "+4930987654",
    "priority": "4",
    "enhanced": "0.0",
    "accountcode": "",
    "threadid": "140472661939904",
    "arg_1": "started",
}


def environment(**changes: str | None) -> bytes:
    """The environment as Asterisk sends it, with ``changes``; None leaves a line out."""
    values = {**ENVIRONMENT, **changes}
    lines = [f"agi_{name}: {value}\n" for name, value in values.items() if value is not None]
    return ("".join(lines) + "\n").encode()


def parse_args(line: bytes) -> list[bytes]:
    """The arguments Asterisk makes of a command line without its line feed: words end at blanks and tabs outside of
    quotes, quotes group, a backslash takes the next character as it is."""
    words: list[bytearray] = []
    quoted = escaped = False
    between = True
    for byte in line.split(b"\0")[0]:
        char = bytes([byte])
        if char == b"\\" and not escaped:
            escaped = True
            continue
        if char == b'"' and not escaped:
            quoted = not quoted
            if quoted and between:
                words.append(bytearray())
                between = False
            continue
        if char in b" \t" and not quoted and not escaped:
            between = True
            continue
        if between:
            words.append(bytearray())
            between = False
        words[-1] += char
        escaped = False
    return [bytes(word) for word in words]


class Peer:
    """Asterisk's end of a connection, played by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, address: tuple[str, int], start: bytes = b"") -> Peer:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(start)
        return cls(reader, writer)

    async def command(self) -> list[str]:
        """The next command, as Asterisk takes it apart; empty when the connection is closed."""
        async with asyncio.timeout(60):
            line = await self.reader.readline()
        return [word.decode() for word in parse_args(line.rstrip(b"\n"))]

    def reply(self, text: str) -> None:
        self.writer.write(text.encode() + b"\n")

    async def closed(self) -> bytes:
        """What still comes until the router closes the connection."""
        async with asyncio.timeout(60):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def _takes_a_key(words: list[str]) -> bool:
    return words[:2] in (["GET", "DATA"], ["WAIT", "FOR"]) or (words[:2] == ["STREAM", "FILE"] and words[3] != "")


Stream = Callable[[str], Awaitable[str]]
"""Does what ``AudioSocket`` does with these arguments; Asterisk's reply when it is over."""


class Asterisk:
    """A channel in the dialplan's ``AGI()``: obeys commands, presses ``keys`` (``.`` for none in time, ``h`` to hang
    up) and hangs up at the command number ``hangup_at`` (from 0). ``say`` replaces replies, by command verb;
    ``streams`` are what happens in ``EXEC AudioSocket``, ``recorded`` what is written in ``RECORD FILE`` and Asterisk's
    reply, one after the other."""

    def __init__(
        self, keys: str = "", *, hangup_at: int | None = None, say: dict[str, list[str]] | None = None
    ) -> None:
        self.keys = list(keys)
        self.hangup_at = hangup_at
        self.say = say or {}
        self.variables = {"THREADLINE_RECORDINGS": "/rec"}
        self.commands: list[str] = []
        self.guards: list[float] = []
        self.hung_up = False
        self.streams: list[Stream] = []
        self.recorded: list[tuple[bytes, str]] = []

    async def call(self, address: tuple[str, int], **changes: str | None) -> None:
        """The whole conversation, until the router closes the connection or the caller hangs up."""
        peer = await Peer.connect(address, environment(**changes))
        while words := await peer.command():
            if len(self.commands) == self.hangup_at or (self.keys[:1] == ["h"] and _takes_a_key(words)):
                self.hung_up = True
                peer.writer.write(self._last_words(words) + b"HANGUP\nHANGUP\n")
                break
            self.commands.append(" ".join(words))
            if words[:2] == ["EXEC", "AudioSocket"] and self.streams:
                peer.reply(await self.streams.pop(0)(words[2]))
            else:
                peer.reply(self._reply(words))
            if self.hung_up:
                peer.writer.write(b"HANGUP\nHANGUP\n")
                break
        await peer.close()

    def _last_words(self, words: list[str]) -> bytes:
        match words[:2]:
            case ["RECORD", "FILE"]:
                return b"200 result=-1 (hangup) endpos=16000\n"
            case ["WAIT" | "GET" | "STREAM", "FOR" | "DATA" | "FILE"]:
                return b"200 result=-1\n"
            case _:
                return b""

    def _reply(self, words: list[str]) -> str:
        verb = " ".join(words[:2])
        if self.say.get(verb):
            return self.say[verb].pop(0)
        match words:
            case ["EXEC", "MSet", values]:
                self.variables |= dict(each.split("=") for each in values.split(","))
                return "200 result=0"
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
                if name == "TIMEOUT(absolute)":
                    self.guards.append(float(value))
                return "200 result=1"
            case ["GET", "VARIABLE", name]:
                return f"200 result=1 ({self.variables[name]})" if name in self.variables else "200 result=0"
            case ["STREAM", "FILE", _, ""]:
                return "200 result=0 endpos=8000"
            case ["STREAM", "FILE", _, _]:
                key = self._key()
                return f"200 result={ord(key) if key else 0} endpos=8000"
            case ["GET", "DATA", _, _, "1"]:
                key = self._key()
                return f"200 result={'' if key == '#' else key}" if key else "200 result= (timeout)"
            case ["WAIT", "FOR", "DIGIT", _]:
                key = self._key()
                return f"200 result={ord(key) if key else 0}"
            case ["RECORD", "FILE", path, *_] if self.recorded:
                content, reply = self.recorded.pop(0)
                Path(f"{path}.wav").write_bytes(content)
                return reply
            case ["RECORD", "FILE", *_]:
                return "200 result=35 (dtmf) endpos=24000"
            case ["CHANNEL", "STATUS"]:
                return "200 result=6"
            case _:
                return "510 Invalid or unknown command"

    def _key(self) -> str:
        key = self.keys.pop(0) if self.keys else "."
        return "" if key == "." else key
