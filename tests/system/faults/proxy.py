"""A way to a server that can be spoilt: it becomes slow, says nothing any more, or is cut off."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

from tests.system.harness.waiting import free_port

_CHUNK = 65536
_ESTABLISHED = 1  # Linux, include/net/tcp_states.h


class Proxy:
    """Passes connections on from `port` to ``to``. Use as a context manager."""

    def __init__(self, to: tuple[str, int], host: str = "127.0.0.1") -> None:
        self._to = to
        self._host = host
        self._delay = 0.0
        self._flows = threading.Event()
        self._flows.set()
        self._ended = False
        self._pairs: list[_Pair] = []
        self._listening: socket.socket | None = socket.create_server((host, free_port(host=host)), backlog=512)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._ended = True
        self.gone()
        self._flows.set()

    def slow(self, seconds: float) -> None:
        """Whatever is asked takes so long on its way."""
        self._delay = seconds

    def silent(self) -> None:
        """Connections stay, and nothing comes through."""
        self._flows.clear()

    def forgotten(self) -> None:
        """The connections there are say nothing any more, for good; new ones work."""
        for pair in self._pairs:
            pair.forgotten.set()

    def gone(self) -> None:
        """All connections are cut, and new ones refused."""
        if self._listening is not None:
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        for pair in self._pairs:
            pair.close()
        self._pairs.clear()

    def mended(self) -> None:
        """All is well again."""
        self._delay = 0.0
        self._flows.set()
        if self._listening is None:
            self._listening = socket.create_server((self._host, self.port), backlog=512)
            threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    @property
    def open(self) -> int:
        """Connections that are there."""
        self._pairs = [pair for pair in self._pairs if not pair.closed]
        return len(self._pairs)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._to, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            pair = _Pair(near, far)
            self._pairs.append(pair)
            for ends, asks in (((near, far), True), ((far, near), False)):
                threading.Thread(target=self._pass_on, args=(pair, *ends, asks), daemon=True).start()

    def _pass_on(self, pair: _Pair, source: socket.socket, target: socket.socket, asks: bool) -> None:
        try:
            while data := source.recv(_CHUNK):
                if asks and self._delay:
                    threading.Event().wait(self._delay)
                if not self._flows.is_set():
                    self._flows.wait()
                    if _let_go(source):  # what it asked for is wanted by nobody any more
                        return
                if self._ended:
                    return
                if pair.forgotten.is_set():
                    continue
                target.sendall(data)
        except OSError:
            pass
        finally:
            if not pair.forgotten.is_set():
                pair.close()


def _let_go(connection: socket.socket) -> bool:
    """Whether the other side has ended it, whatever is still to be read."""
    state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state != _ESTABLISHED


class _Pair:
    """Both ends of one connection."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self._ends = (near, far)
        self.forgotten = threading.Event()
        self.closed = False

    def close(self) -> None:
        self.closed = True
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
