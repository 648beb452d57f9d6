"""A stand-in for the router where only the dialplan is tested: says fixed lines to Asterisk and keeps what it heard."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.system.harness.waiting import until


@dataclass(slots=True)
class Asked:
    """One AGI connection: the environment Asterisk sent, and its answers."""

    environment: dict[str, str]
    answers: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> list[str]:
        return [value for name, value in self.environment.items() if name.startswith("agi_arg_") and value]


Script = Callable[[Asked], list[str]]
"""The lines for one connection; called when its environment has arrived."""


class AgiScript:
    """Listens until `close`. ``holds`` keeps the connection open without a word after the last line."""

    def __init__(self, port: int, script: Script, *, holds: bool = False) -> None:
        self.asked: list[Asked] = []
        self._script = script
        self._holds = holds
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def wait_for(self, count: int, within: float) -> Asked:
        """The ``count``-th connection."""
        return until(lambda: self.asked[count - 1] if len(self.asked) >= count else None, within, f"AGI call {count}")

    def close(self) -> None:
        """Drops every connection, as a killed router does."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rw", encoding="utf-8", errors="replace", newline="\n") as lines:
                asked = Asked({})
                while line := lines.readline().strip():
                    name, _, value = line.partition(": ")
                    asked.environment[name.rstrip(":")] = value
                self.asked.append(asked)
                for command in self._script(asked):
                    lines.write(command + "\n")
                    lines.flush()
                    asked.answers.append(lines.readline().strip())
                if self._holds:
                    lines.readline()
        except (OSError, ValueError):
            return
        finally:
            if not self._holds:
                connection.close()
