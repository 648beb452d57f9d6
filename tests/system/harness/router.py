"""The router as a process of its own: started on free ports with a database of its own, killed or frozen by its pid."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.shipped import next_at_once
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.waiting import free_port, until

PROJECT = Path(__file__).resolve().parents[3]
_RUN = "import sys; from router.cli import main; sys.exit(main())"


class Router:
    """`start` it, ask it over HTTP with `request`, and treat it badly with `kill` and `freeze`."""

    def __init__(self, asterisk: Asterisk, directory: Path, **settings: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "FASTAGI_PORT": str(asterisk.ports.router_agi),
            "DATABASE": f"sqlite:///{directory / 'threadline.db'}",
            "DATA_DIR": str(directory / "data"),
            "FLOWS": str(next_at_once()),
            "SECRET": secrets.token_hex(32),
            "AMI_PORT": str(asterisk.ports.ami),
            "AMI_SECRET": asterisk.settings["AMI_SECRET"],
            "RECOGNISER": "none",
            "AUDIOSOCKET_PORT": str(free_port()),
            "PHONES": json.dumps([f"PJSIP/{number}" for number in range(101, 105)]),
            "LOG_LEVEL": "debug",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the process and the command line beside it are started with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")}
        return (
            kept | {f"THREADLINE_{name}": value for name, value in self.settings.items()} | {"PYTHONPATH": str(PROJECT)}
        )

    @property
    def log(self) -> str:
        """All it printed."""
        path = self.directory / "router.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, within: float = 120) -> Router:
        """Starts it, or starts it again on the same database; returns when it says it is ready."""
        with (self.directory / "router.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _RUN, "serve"],
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._ready, within, "router ready", every=0.05)
        return self

    def _ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"the router ended with {self._process.returncode}:\n{self.log[-4000:]}")
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def command(self, *arguments: str, said: str = "") -> str:
        """What ``threadline ARGUMENTS`` prints, with the same settings; ``said`` answers its questions."""
        done = self.ask(*arguments, said=said)
        if done.returncode:
            raise RuntimeError(f"threadline {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def ask(self, *arguments: str, said: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """As `command`, but whatever it answers. ``settings`` differ for this once."""
        changed = {f"THREADLINE_{name}": value for name, value in settings.items()}
        return subprocess.run(
            [sys.executable, "-c", _RUN, *arguments],
            cwd=self.directory,
            env=self.environment | changed,
            input=said,
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,  # without a terminal, so that a password is read from what is said
        )

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says, read beside the router."""
        path = self.settings["DATABASE"].removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as connection:
            return connection.execute(query, values).fetchall()

    def metric(self, name: str) -> float:
        """One of the figures on `/metrics`."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One HTTP request; JSON in, JSON out. Raises RuntimeError with the answer when it is not 2xx."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json", **headers}, method=method
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:2000]!r}") from None
        return json.loads(text) if text else None

    def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def terminate(self) -> None:
        """Tells it to end, as an operator does; calls that are in it go on."""
        os.kill(self.pid, signal.SIGTERM)

    def refuses(self) -> None:
        """Returns when it says that new calls are to go elsewhere, or is gone."""

        def not_ready() -> bool:
            try:
                return not self._ready()
            except RuntimeError:
                return True

        until(not_ready, 60, "it is not ready any more", every=0.02)

    def freeze(self) -> None:
        """Stops it in mid-thought; `thaw` lets it go on."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on; harmless where it was not frozen."""
        if self.running:
            os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Ends it in an orderly way, or at all."""
        if self._process is None or self._process.poll() is not None:
            return
        self.thaw()
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
