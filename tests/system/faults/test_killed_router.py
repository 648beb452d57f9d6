"""The router is killed at random moments while many callers are in it: all of them are with people soon after."""

from __future__ import annotations

import os
import random
import secrets
import time
from pathlib import Path

import pytest

from tests.system.faults.conftest import Report
from tests.system.faults.crowd import Crowd, taken
from tests.system.faults.table import Row, often
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.office import MENU, Office

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "espeak-ng")]

WITHIN = 3.0
"""Seconds after the router was killed in which a caller is with people."""
STAYS = 35
"""Seconds: who comes when the router is back for good is asked twice, 12 s each, before they are with people."""


def test_killed_under_a_crowd(office: Office, watcher: Ami, asterisk: Asterisk, tmp_path: Path, report: Report) -> None:
    """Callers listen to a menu when it happens, come while nobody is there, and come when the router is back."""
    seed = int(os.environ.get("KILLS_SEED", secrets.randbelow(10**6)))
    print(f"KILLS_SEED={seed}")
    chance, kills = random.Random(seed), often(2, 30)
    count, mark, killed = kills * 40, watcher.mark, list[float]()
    crowd = Crowd(asterisk, tmp_path, MENU, count, a_second=8, stays=STAYS)
    try:
        for _ in range(kills):
            time.sleep(0.5 + 3 * chance.random())  # a moment at random is what is tried
            office.router.kill()
            killed.append(time.monotonic())
            time.sleep(chance.random())  # callers come while nobody is there
            begun = time.monotonic()
            office.open()
        back = time.monotonic() - begun
        failed = crowd.over(60 + count / 4)
    finally:
        crowd.close()
    events = watcher.events[mark:]
    found = taken(events, of=count)
    assert (found.came, failed) == (count, 0)
    assert found.routed == count
    late = [after for when in killed if (after := found.last_after(when)) is not None]
    assert late, "nobody was in the router when it was killed"
    assert max(late) <= WITHIN
    office.at_rest(20)
    assert office.router.rows("PRAGMA integrity_check") == [("ok",)]
    assert office.router.rows("PRAGMA foreign_key_check") == []
    report(
        Row(
            f"router killed {kills} times under {count} callers",
            f"the default queue's ring tone, the last of those it had {max(late):.1f} s after it was killed",
            "*connection lost*, then the cards as they are",
            "nothing acknowledged; what the callers keyed in",
            f"{back:.1f} s after its start",
        )
    )
