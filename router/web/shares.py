"""Who may hold how many connections: no address so many that others find none, and strangers never all of them."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from router.web.guesses import network

MOST: Final = 4000
"""Connections at one time; one more is closed at once."""
KEPT: Final = 1000
"""Of these, those that only the installation itself may have: this machine, trusted proxies, Asterisk."""
OF_AN_ADDRESS: Final = 1000
TOLD_EVERY: Final = 60.0
"""Seconds between two lines of the log, however many are refused."""
_RESOLVE_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


class Shares:
    """Counts the connections of one process. ``ours`` are the networks of the installation, besides this machine;
    ``of_an_address`` is what anybody else may hold (IPv6: with one /64), 0: as many as there are."""

    def __init__(
        self, ours: Iterable[str] = (), of_an_address: int = OF_AN_ADDRESS, most: int = MOST, kept: int = KEPT
    ) -> None:
        self._ours = tuple(ipaddress.ip_network(each) for each in ours)
        self._of_an_address = of_an_address
        self._most = most
        self._kept = kept
        self._held: Counter[str] = Counter()
        self._strangers = 0
        self._tell_at = 0.0
        self.open = 0
        self.refused = {"address": 0, "strangers": 0, "all": 0}
        """Connections closed at once since there were too many, by of whom."""

    def take(self, address: str | None, now: float) -> str | None:
        """Count one more connection from ``address`` at ``now``, in seconds: as whose it is to be given back. None: it
        may not stay."""
        whose = "" if self._is_ours(address) else network(address)
        too_many_of = self._too_many_of(whose)
        if too_many_of is not None:
            self._refuse(too_many_of, now)
            return None
        self.open += 1
        if whose:
            self._strangers += 1
            self._held[whose] += 1
        return whose

    def give_back(self, whose: str) -> None:
        """A connection that was taken is gone."""
        self.open -= 1
        if whose:
            self._strangers -= 1
            self._held[whose] -= 1
            if not self._held[whose]:
                del self._held[whose]

    def _too_many_of(self, whose: str) -> str | None:
        if whose and self._of_an_address and self._held[whose] >= self._of_an_address:
            return "address"
        if self.open >= self._most:
            return "all"
        return "strangers" if whose and self._strangers >= self._most - self._kept else None

    def _refuse(self, too_many_of: str, now: float) -> None:
        self.refused[too_many_of] += 1
        if now >= self._tell_at:
            self._tell_at = now + TOLD_EVERY
            # No address: who asks for pages is nobody whom the log knows by one.
            _log.warning(
                "connections refused", too_many_of=too_many_of, refused=sum(self.refused.values()), open=self.open
            )

    def _is_ours(self, address: str | None) -> bool:
        try:
            parsed = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return parsed.is_loopback or any(parsed in each for each in self._ours)


async def addresses_of(hosts: Sequence[str]) -> list[str]:
    """The addresses of hosts, as names tell them now; none of those that nobody knows or that take long."""
    loop, found = asyncio.get_running_loop(), []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_RESOLVE_SECONDS):
            for host in hosts:
                with contextlib.suppress(OSError, UnicodeError):
                    told = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                    found += [str(ipaddress.ip_address(str(each[4][0]).partition("%")[0])) for each in told]
    return list(dict.fromkeys(found))
