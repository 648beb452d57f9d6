"""Waiting for something to become true, always with an end, and finding ports nobody uses."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


MOST_PATIENCE = 5.0


def patience() -> float:
    """How many times as long one waits where others keep the machine busy: by how many want each core, else 1."""
    return min(MOST_PATIENCE, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def until(probe: Callable[[], T | None], within: float, what: str, every: float = 0.01) -> T:
    """Asks ``probe`` until it gives something true, and returns that.

    Raises TimeoutError naming ``what`` after ``within`` seconds, later on a busy machine (`patience`).
    """
    begun, within = time.monotonic(), within * patience()
    while True:
        if found := probe():
            return found
        if time.monotonic() - begun >= within:
            raise TimeoutError(f"{what}: not within {within:.0f} s")
        time.sleep(every)


_QUIET = range(20_000, 30_000)
"""Ports that Linux gives to no connection from this machine: whoever is killed has its own when it is started again."""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago."""
    for _ in range(200):
        port = secrets.choice(_QUIET)
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as probe:
            probe.bind((host, port))
            return port
    raise RuntimeError("no free port")


@contextlib.contextmanager
def gone_port() -> Iterator[int]:
    """A port of a machine that is gone: connections to it are neither taken nor refused."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port: int = listening.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(("127.0.0.1", port))
        yield port


_claims: list[socket.socket] = []


def _claim(name: str) -> bool:
    """Takes a name for as long as this process lives; False where another one has it."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0threadline-tests-{name}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def claimed_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that was free a moment ago, and that no other test run beside this one is given."""
    for _ in range(50):
        if _claim(f"{kind.name}-{(port := free_port(kind))}"):
            return port
    raise RuntimeError("no free port")


def free_port_range(count: int) -> int:
    """First of ``count`` UDP ports in a row that were free a moment ago; even, as RTP wants it. No other test run
    beside this one is given any of them."""
    for _ in range(50):
        first = free_port(socket.SOCK_DGRAM) % 30000 // count * count + 30000
        if not _claim(f"from-{first}-{count}"):
            continue
        try:
            for port in range(first, first + count):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError(f"no {count} free UDP ports in a row")
