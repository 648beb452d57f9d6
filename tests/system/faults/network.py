"""A network of its own for one process, with a link for the database that can be cut, and one for those who use it."""

from __future__ import annotations

import os
import secrets
import subprocess
from typing import Self

import pytest


class Network:
    """Use as a context manager, as root. Packets on a link that is cut are lost without a word."""

    def __init__(self) -> None:
        self.name = f"threadline-{secrets.token_hex(3)}"
        block = secrets.randbelow(200) + 20
        self._links = {"d": f"10.213.{block}", "u": f"10.214.{block}"}
        self._made: list[str] = []

    def __enter__(self) -> Self:
        if os.geteuid() != 0 or self._try("netns", "add", self.name):
            pytest.skip("a network namespace needs root: sudo make test")
        try:
            self._inside("link", "set", "lo", "up")
            for link, block in self._links.items():
                outer, inner = self._ends(link)
                self._run("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", self.name)
                self._made.append(outer)
                self._run("addr", "add", f"{block}.1/24", "dev", outer)
                self._run("link", "set", outer, "up")
                self._inside("addr", "add", f"{block}.2/24", "dev", inner)
                self._inside("link", "set", inner, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for outer in self._made:
            self._try("link", "del", outer)
        self._try("netns", "del", self.name)

    @property
    def within(self) -> list[str]:
        """What goes before a command that runs in here."""
        return ["ip", "netns", "exec", self.name]

    @property
    def database_host(self) -> str:
        """Where the database is to listen for the process in here."""
        return f"{self._links['d']}.1"

    @property
    def outside(self) -> str:
        """Where that listens which the process in here reaches all the time."""
        return f"{self._links['u']}.1"

    @property
    def address(self) -> str:
        """Where the process in here is reached."""
        return f"{self._links['u']}.2"

    def cut(self) -> None:
        """The way to the database is gone."""
        self._inside("link", "set", self._ends("d")[1], "down")

    def mend(self) -> None:
        """It is there again."""
        self._inside("link", "set", self._ends("d")[1], "up")

    def _ends(self, link: str) -> tuple[str, str]:
        return f"tl{link}o{self.name[-6:]}", f"tl{link}i{self.name[-6:]}"

    def _inside(self, *arguments: str) -> None:
        self._run("-n", self.name, *arguments)

    def _run(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)

    def _try(self, *arguments: str) -> int:
        return subprocess.run(["ip", *arguments], capture_output=True, timeout=10, check=False).returncode
