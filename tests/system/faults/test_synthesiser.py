"""The synthesiser hangs, and no prompt was made ahead: callers do not wait for words that do not come."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from router.store.database import Database
from tests.system.faults.clients import Clients
from tests.system.faults.conftest import Report
from tests.system.faults.lone import agi_call, founded, ready, settings
from tests.system.faults.nursery import Nursery
from tests.system.faults.table import Row, often

pytestmark = [pytest.mark.system, pytest.mark.sqlite_only]

SILENCE = 8.0
HANGS = """#!/bin/sh
case "$1" in
  --version) echo "eSpeak NG text-to-speech: 1.51" ;;
  *) exec sleep 600 ;;
esac
"""


async def test_a_synthesiser_that_hangs(database: Database, database_url: str, tmp_path: Path, report: Report) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "espeak-ng").write_text(HANGS)
    (programs / "espeak-ng").chmod(0o755)
    key, token = await founded(database)
    chosen = settings(tmp_path, database_url, FLOW="menu")
    clients, port = Clients(chosen["PUBLIC_URL"], key, token, random.Random(6)), int(chosen["FASTAGI_PORT"])
    with Nursery(tmp_path, chosen, programs=programs) as nursery:
        nursery.start()
        await ready(nursery, clients)
        took = []
        for number in range(often(3, 20)):
            begun = time.monotonic()
            commands = await agi_call(port, f"8.{number}")
            took.append(time.monotonic() - begun)
            assert not any("STREAM FILE" in command for command in commands), "there is nothing to be played"
    await clients.close()
    assert max(took) <= SILENCE
    report(
        Row(
            "synthesiser hangs, no prompt made ahead",
            f"{max(took):.1f} s of silence at most, then the default queue",
            "*router unavailable*",
            "nothing",
            "with the next call; prompts made ahead, and recorded ones, are played all the time",
        )
    )
