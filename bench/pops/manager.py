"""A manager interface that answers as Asterisk does and tells what it is asked to: phones that ring, and stop to."""

from __future__ import annotations

import asyncio
import contextlib

_LISTS = {"Status": "StatusComplete", "QueueStatus": "QueueStatusComplete"}
_BOOTED = ("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted")


def _message(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


class Manager:
    """Listens on a free port of loopback while it is used as a context manager."""

    def __init__(self) -> None:
        self.port = 0
        self._server: asyncio.Server | None = None
        self._hearing: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Manager:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def listeners(self) -> int:
        """How many connections are sent events."""
        return len(self._hearing)

    def rings(self, call: str, phone: str, queue: str) -> None:
        """A phone is being rung for a call."""
        self._tell("AgentCalled", call, f"Interface: {phone}", f"Queue: {queue}", f"DestChannel: {phone}-{call}")

    def stops(self, call: str) -> None:
        """The caller is gone."""
        self._tell("Hangup", call, "Cause: 16")

    def _tell(self, event: str, call: str, *more: str) -> None:
        ids = (f"Uniqueid: {call}", f"Linkedid: {call}", "Channel: PJSIP/trunk-1", f"DestUniqueid: {call}-leg")
        for writer in self._hearing:
            writer.write(_message(f"Event: {event}", "Privilege: agent,all", *ids, *more))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
                while True:
                    block = (await reader.readuntil(b"\r\n\r\n")).decode()
                    action = dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)
                    self._answer(writer, action)
        finally:
            self._hearing.discard(writer)
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, action: dict[str, str]) -> None:
        name, tag = action["Action"], f"ActionID: {action['ActionID']}"
        events = action.get("EventMask", action.get("Events", ""))
        if events:
            (self._hearing.discard if events == "off" else self._hearing.add)(writer)
        if name in _LISTS:
            writer.write(_message("Response: Success", tag, "EventList: start"))
            writer.write(_message(f"Event: {_LISTS[name]}", tag, "EventList: Complete"))
            return
        writer.write(_message("Response: Success", tag, "SystemName: ", "Message: done"))
        if name == "Login":
            writer.write(_message(*_BOOTED))
