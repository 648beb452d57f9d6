"""Tells systemd that we are ready and alive, where it wants to know: a datagram to a socket, see sd_notify(3)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

_address: str | None = None


def begin(environment: Mapping[str, str]) -> None:
    """Find out whether somebody wants to know. Children are not to tell in our name."""
    global _address
    _address = environment.get("NOTIFY_SOCKET") or None
    os.environ.pop("NOTIFY_SOCKET", None)


def ready() -> None:
    """We listen."""
    _tell("READY=1")


def alive() -> None:
    """The event loop has beaten."""
    _tell("WATCHDOG=1")


def stopping() -> None:
    """We let calls finish."""
    _tell("STOPPING=1")


def _tell(state: str) -> None:
    if _address is None:
        return
    where = "\0" + _address[1:] if _address.startswith("@") else _address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
            to.setblocking(False)
            to.sendto(state.encode(), where)
    except OSError:  # whoever asked is gone or does not read: the service goes on
        return
