"""A Threadline as a process of its own, with a database of its own and customers whose numbers are on file."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.desk.company import QUEUE, Agent, customers, founded, registration
from bench.speed.processes import PROJECT, on_core
from tests.system.harness.waiting import free_port, until

TOKEN = "0123456789abcdef0123456789abcdef"
CUSTOMERS = 1000
_ALWAYS = """version: 1
hours:
  office:
    timezone: Europe/Berlin
    weekly: {mon-sun: ["00:00-24:00"]}
"""
_RUN = "import sys; from router.cli import main; sys.exit(main())"


class House:
    """`threadline serve` on one core: the sample flows, open day and night, or ``flow`` in place of the hotline. What
    is set differs by ``settings``."""

    def __init__(
        self,
        folder: Path,
        core: int | None,
        url: str | None = None,
        agents: int = 0,
        flow: str | None = None,
        **settings: str,
    ) -> None:
        self._folder = folder
        self._core = core
        self._agents = agents
        self.agents: tuple[Agent, ...] = ()
        self.port, self.agi = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        flows = folder / "ivr_flows"
        if not flows.exists():
            shutil.copytree(PROJECT / "ivr_flows", flows, ignore=shutil.ignore_patterns("scenarios"))
            (flows / "shared" / "hours.yaml").write_text(_ALWAYS)
            if flow is not None:
                (flows / "hotline.yaml").write_text(flow)
        self.settings = {
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "FASTAGI_PORT": str(self.agi),
            "DATABASE": url or f"sqlite:///{folder / 'threadline.db'}",
            "DATA_DIR": str(folder / "data"),
            "FLOWS": str(flows),
            "SECRET": "s" * 64,  # the same for each on one database
            "RECOGNISER": "none",
            "SERVICE_NUMBER": "+493023125000",
            "QUEUES": json.dumps(["default", "sales", QUEUE]),
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_QUEUES": json.dumps(dict.fromkeys(("default", "sales", QUEUE), "+493023125199")),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> House:
        """Make the database and the customers, and serve; returns when calls can be taken."""
        self.agents, key = asyncio.run(founded(self.settings["DATABASE"], self._agents))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")}
        environment = kept | {f"THREADLINE_{name}": value for name, value in self.settings.items()}
        with (self._folder / "threadline.log").open("ab") as log:
            self._process = subprocess.Popen(
                on_core(self._core, [sys.executable, "-c", _RUN, "serve"]),
                cwd=self._folder,
                env=environment | {"PYTHONPATH": str(PROJECT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._ready, 120, "threadline ready", every=0.1)
        self._register(key)
        return self

    def stop(self) -> None:
        """End it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def _ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"threadline ended:\n{(self._folder / 'threadline.log').read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _register(self, key: str) -> None:
        now = datetime.now(UTC)
        rows = "".join(json.dumps(registration(each, now)) + "\n" for each in customers(CUSTOMERS))
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        asked = urllib.request.Request(f"{self.url}/v1/messages/import", rows.encode(), headers, method="POST")
        with urllib.request.urlopen(asked, timeout=120) as answer:
            told = [json.loads(line) for line in answer.read().splitlines()]
        if wrong := [each for each in told if "error" in each]:
            raise RuntimeError(f"{len(wrong)} of {len(told)} customers were not registered: {wrong[0]}")


@contextmanager
def served(
    core: int | None, url: str | None = None, agents: int = 0, flow: str | None = None, **settings: str
) -> Iterator[House]:
    """A house that serves, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="threadline-bench-") as name:
        house = House(Path(name), core, url, agents, flow, **settings)
        try:
            yield house.start()
        finally:
            house.stop()
