"""One running sipp: its scenario, its message log read as it grows, and a way to tell a call of it to go on.

sipp runs a fixed scenario. Where the test decides when to go on (answer, hang up), the scenario waits for a MESSAGE
with the Call-ID of that call, and `nudge` sends one.
"""

from __future__ import annotations

import re
import socket
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_SEPARATOR = re.compile(r"^-{40,}\s+(\d{4}-\d\d-\d\d)[ \t]+(\d\d:\d\d:\d\d\.\d+).*$", re.MULTILINE)
_DIRECTION = re.compile(r"\s*\w+ message (sent|received)[^\n]*\n\s*")


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A message as sipp logged it; ``at`` is `time.monotonic` seconds."""

    at: float
    sent: bool
    text: str

    @property
    def first_line(self) -> str:
        return self.text.split("\n", 1)[0].strip()

    def header(self, name: str) -> str:
        """The value of a header, empty when it is not there."""
        found = re.search(rf"^{re.escape(name)}:[ \t]*(.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1].strip() if found else ""

    @property
    def media(self) -> tuple[str, int] | None:
        """Where the SDP of this message wants sound."""
        host = re.search(r"^c=IN IP4 (\S+)", self.text, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.text, re.MULTILINE)
        return (host[1], int(port[1])) if host and port else None


class Sipp:
    """A sipp process in a directory of its own."""

    def __init__(self, directory: Path, address: str, port: int, remote: str, arguments: list[str]) -> None:
        self.directory = directory
        self.address, self.port = address, port
        self._nudges = 0
        self._log = directory / "messages.log"
        with (directory / "screen.log").open("wb") as screen:
            self.process = subprocess.Popen(
                ["sipp", remote, "-i", address, "-p", str(port), "-nostdin", "-aa", "-m", "1", "-trace_msg",
                 "-message_file", str(self._log), "-message_overwrite", "true",
                 "-trace_err", "-error_file", str(directory / "errors.log"), *arguments],
                cwd=directory, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen,
            )  # fmt: skip

    @property
    def messages(self) -> list[SipMessage]:
        """All messages so far, in order."""
        text = self._log.read_bytes().decode("utf-8", "replace") if self._log.exists() else ""
        offset = time.time() - time.monotonic()
        parts = _SEPARATOR.split(text)[1:]
        found = []
        for day, clock, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            if direction := _DIRECTION.match(body):
                at = datetime.fromisoformat(f"{day}T{clock}").astimezone().timestamp() - offset
                found.append(SipMessage(at, direction[1] == "sent", body[direction.end() :]))
        return found

    def find(self, start: str, *, sent: bool | None = None) -> list[SipMessage]:
        """Messages whose first line begins with ``start``."""
        return [m for m in self.messages if m.first_line.startswith(start) and sent in (None, m.sent)]

    def nudge(self, call_id: str) -> None:
        """Lets the call with this Call-ID go on in its scenario."""
        self._nudges += 1  # sipp takes an equal message for a retransmission and does not act on it
        text = (
            f"MESSAGE sip:test@{self.address}:{self.port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.address}:9;branch=z9hG4bK-nudge{self._nudges}\r\n"
            f"From: <sip:test@{self.address}>;tag=nudge\r\nTo: <sip:test@{self.address}>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {self._nudges} MESSAGE\r\nContent-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(text.encode(), (self.address, self.port))

    def report(self) -> str:
        """What it saw, for a person reading a failed test."""
        errors = self.directory / "errors.log"
        lines = [f"{'>' if m.sent else '<'} {m.first_line}" for m in self.messages]
        return "\n".join([*lines, errors.read_text("utf-8", "replace") if errors.exists() else ""])

    def stop(self) -> None:
        """Ends the process, by its pid."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)
