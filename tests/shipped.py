"""The flows as we ship them, for tests in which agents take one call after the other."""

from __future__ import annotations

import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "ivr_flows"
_WRAPS_UP = re.compile(r"^ +(?:wrap_up|disposition_needed): .*\n", re.MULTILINE)
_kept: list[tempfile.TemporaryDirectory[str]] = []


def without_wrap_up(queues: Path) -> None:
    """Queues after whose talks the next call may come at once."""
    queues.write_text(_WRAPS_UP.sub("", queues.read_text("utf-8")), "utf-8")


@cache
def next_at_once() -> Path:
    """A copy of the shipped flows without wrap-up; it goes when the tests end."""
    _kept.append(tempfile.TemporaryDirectory(prefix="threadline-flows-"))
    folder = Path(_kept[-1].name) / "ivr_flows"
    shutil.copytree(SHIPPED, folder)
    without_wrap_up(folder / "shared" / "queues.yaml")
    return folder
