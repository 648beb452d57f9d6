"""A small peer that speaks AMI text as recorded from Asterisk 22.10, for what a real one will not do on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Reply = Callable[["Action"], str]


class Action(dict[str, str]):
    """One action as it arrived; a header that came twice would have been injected, so it is an error."""

    @classmethod
    def read(cls, block: bytes) -> Action:
        action = cls()
        for line in block.decode().split("\r\n"):
            name, colon, value = line.partition(":")
            assert colon and name not in action, f"unexpected line {line!r}"
            action[name] = value.strip()
        return action


def message(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in lines) + "\r\n"


FULLY_BOOTED = message("Event: FullyBooted", "Privilege: system,all", "Uptime: 55", "Status: Fully Booted")


def success(text: str) -> Reply:
    return lambda action: message("Response: Success", f"ActionID: {action['ActionID']}", f"Message: {text}")


def error(text: str) -> Reply:
    return lambda action: message("Response: Error", f"ActionID: {action['ActionID']}", f"Message: {text}")


def logged_in(action: Action) -> str:
    return success("Authentication accepted")(action) + FULLY_BOOTED


def listing(complete: str, *entries: str) -> Reply:
    """A list answer; each entry is the text of an event without its closing empty line."""

    def reply(action: Action) -> str:
        tag = f"ActionID: {action['ActionID']}"
        return (
            message("Response: Success", tag, "EventList: start", "Message: will follow")
            + "".join(f"{entry.rstrip()}\n{tag}\n\n".replace("\n", "\r\n") for entry in entries)
            + message(f"Event: {complete}", tag, "EventList: Complete", f"ListItems: {len(entries)}")
        )

    return reply


def _pong(action: Action) -> str:
    return message("Response: Success", f"ActionID: {action['ActionID']}", "Ping: Pong", "Timestamp: 1795372997.199672")


class Peer:
    """Listens on loopback. `replies` decide what is answered, `actions` are what arrived, `logins` counts sessions."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {
            "Login": logged_in,
            "Ping": _pong,
            "Status": listing("StatusComplete"),
            "QueueStatus": listing("QueueStatusComplete"),
        }
        self.actions: list[Action] = []
        self.arrived: asyncio.Queue[Action] = asyncio.Queue()
        self.frozen = False
        self.banner = b"Asterisk Call Manager/11.0.0\r\n"
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Peer:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Refuse connections from now on and cut those there are."""
        assert self._server
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """End the connections without a word."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    @property
    def logins(self) -> int:
        return sum(action["Action"] == "Login" for action in self.actions)

    def names(self) -> list[str]:
        return [action["Action"] for action in self.actions if action["Action"] != "Ping"]

    async def until(self, name: str) -> Action:
        """Wait for the next action of this name."""
        async with asyncio.timeout(60):
            while (action := await self.arrived.get())["Action"] != name:
                pass
        return action

    def send(self, data: bytes | str) -> None:
        self._writers[-1].write(data.encode() if isinstance(data, str) else data)

    async def send_slowly(self, *segments: bytes) -> None:
        """Send each part as a TCP segment of its own."""
        for segment in segments:
            self.send(segment)
            await self._writers[-1].drain()
            await asyncio.sleep(0.02)  # long enough that the segments are not joined

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(self.banner)
        try:
            while True:
                action = Action.read((await reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n"))
                self.actions.append(action)
                self.arrived.put_nowait(action)
                reply = self.replies.get(action["Action"])
                if reply and not self.frozen:
                    writer.write(reply(action).encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
