"""What `asterisk_conf/install` does outside the folder it is given is said before it does it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
INSTALL = PROJECT / "asterisk_conf" / "install"


def made_outside() -> dict[str, str]:
    """The settings that are directories, and where they are unless they are set."""
    return dict(re.findall(r"^ +(RECORDINGS|MUSIC)\) echo (/\S+) ;;$", INSTALL.read_text("utf-8"), flags=re.MULTILINE))


@pytest.mark.parametrize("name", ["RECORDINGS", "MUSIC"])
def test_directories_outside_the_target_are_told_with_the_way_to_move_them(name: str) -> None:
    told = subprocess.run(
        ["sh", str(INSTALL), "--help"],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True, timeout=30,
    ).stdout  # fmt: skip
    place = made_outside()[name]
    assert place in told
    assert f"ASTERISK_{name}" in told
    assert place in (PROJECT / "README.md").read_text("utf-8")
