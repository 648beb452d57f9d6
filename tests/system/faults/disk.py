"""A disk so small that it is soon full."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A disk of its own, where everybody may write. Its path is short: PostgreSQL has a socket on it."""
    if os.geteuid() != 0:
        pytest.skip("a small disk of its own needs root: sudo make test")
    place = Path(tempfile.mkdtemp(prefix="threadline-disk-"))
    try:
        mounted = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(place)]
        if subprocess.run(mounted, capture_output=True, check=False).returncode:
            pytest.skip("no tmpfs can be mounted here: run it where CAP_SYS_ADMIN is given, as in a virtual machine")
        try:
            yield place
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True, capture_output=True)
    finally:
        place.rmdir()


def fill(place: Path) -> Path:
    """A file that takes all the room there is."""
    file = place / "filler"
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            return file
