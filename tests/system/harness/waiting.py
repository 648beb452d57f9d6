"""Waiting for something to become true, always with an end, and finding ports nobody uses."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(probe: Callable[[], T | None], within: float, what: str, every: float = 0.01) -> T:
    """Asks ``probe`` until it gives something true, and returns that.

    Raises TimeoutError naming ``what`` after ``within`` seconds.
    """
    deadline = time.monotonic() + within
    while True:
        if found := probe():
            return found
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {within} s")
        time.sleep(every)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def free_port_range(count: int) -> int:
    """First of ``count`` UDP ports in a row that were free a moment ago; even, as RTP wants it."""
    for _ in range(50):
        first = (free_port(socket.SOCK_DGRAM) & ~1) % 30000 + 30000
        try:
            for port in range(first, first + count):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError(f"no {count} free UDP ports in a row")
