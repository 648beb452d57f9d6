"""Listening to AMI in a test: every event with the moment it came, and a few actions. Not the router's own client."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType

from tests.system.harness.waiting import patience


@dataclass(frozen=True, slots=True)
class Event:
    """One AMI event or response; ``at`` is `time.monotonic` seconds. A header that came twice keeps all its values."""

    at: float
    headers: dict[str, str]

    @property
    def name(self) -> str:
        return self.headers.get("Event", "")

    def get(self, header: str) -> str:
        return self.headers.get(header, "")


class Ami:
    """A logged-in connection that records. Use as a context manager."""

    def __init__(self, port: int, secret: str, user: str = "threadline", host: str = "127.0.0.1") -> None:
        self._changed = threading.Condition()
        self._seen: list[Event] = []
        self._ids = itertools.count(1)
        self._socket = socket.create_connection((host, port), timeout=30)
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, name="ami", daemon=True)
        self._reader.start()
        answer = self.action("Login", Username=user, Secret=secret)[0]
        if answer.get("Response") != "Success":
            self.close()
            raise RuntimeError(f"AMI login refused: {answer.get('Message')}")

    def __enter__(self) -> Ami:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(5)
        self._socket.close()

    def _read(self) -> None:
        buffer = b""
        while True:
            try:
                chunk = self._socket.recv(65536)
            except OSError:
                return
            if not chunk:
                return
            at = time.monotonic()
            buffer += chunk
            *blocks, buffer = buffer.split(b"\r\n\r\n")
            events = [Event(at, _headers(block.decode("utf-8", "replace"))) for block in blocks]
            with self._changed:
                self._seen += events
                self._changed.notify_all()

    @property
    def events(self) -> list[Event]:
        """All seen so far."""
        with self._changed:
            return list(self._seen)

    @property
    def mark(self) -> int:
        """A place in the record, to wait for what comes after it."""
        with self._changed:
            return len(self._seen)

    def find(self, name: str, since: int = 0, **headers: str) -> list[Event]:
        """Events of this name whose headers have these values."""
        return [event for event in self.events[since:] if _fits(event, name, headers)]

    def wait(self, name: str, within: float = 10, since: int = 0, **headers: str) -> Event:
        """The first such event; raises TimeoutError that lists what came instead."""
        deadline = time.monotonic() + within * patience()
        with self._changed:
            while True:
                for event in self._seen[since:]:
                    if _fits(event, name, headers):
                        return event
                rest = deadline - time.monotonic()
                if rest <= 0:
                    came = ", ".join(event.name for event in self._seen[since:] if event.name)
                    raise TimeoutError(f"no {name} {headers or ''} within {within} s; came: {came or 'nothing'}")
                self._changed.wait(rest)

    def action(self, name: str, within: float = 10, /, **headers: str) -> list[Event]:
        """Sends an action; returns its response and, for a list, the events that belong to it."""
        number = f"test-{next(self._ids)}"
        lines = [f"Action: {name}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in headers.items())]
        self._socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        deadline = time.monotonic() + within * patience()
        with self._changed:
            while True:
                mine = [event for event in self._seen if event.get("ActionID") == number]
                is_list = mine and mine[0].get("EventList").lower() == "start"
                if mine and (not is_list or mine[-1].get("EventList").lower() == "complete"):
                    return mine
                rest = deadline - time.monotonic()
                if rest <= 0:
                    raise TimeoutError(f"AMI did not answer {name} within {within} s")
                self._changed.wait(rest)

    def add_agent(self, queue: str, phone: str) -> None:
        """Puts a phone (``101``) into a queue the way the router does; raises RuntimeError when refused."""
        device = f"PJSIP/{phone}"
        done = self.action("QueueAdd", Queue=queue, Interface=device, StateInterface=device, MemberName=device)[0]
        if done.get("Response") != "Success":
            raise RuntimeError(f"QueueAdd: {done.get('Message')}")

    def remove_agent(self, queue: str, phone: str) -> None:
        self.action("QueueRemove", Queue=queue, Interface=f"PJSIP/{phone}")


def _fits(event: Event, name: str, headers: dict[str, str]) -> bool:
    return event.name == name and all(event.get(key) == value for key, value in headers.items())


def _headers(block: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in block.split("\r\n"):
        key, colon, value = line.partition(": ")
        if colon:
            headers[key] = f"{headers[key]}\n{value}" if key in headers else value
    return headers
