"""`threadline serve` as a process on a database of its own, without Asterisk."""

from __future__ import annotations

import http.cookiejar
import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.shipped import next_at_once
from tests.system.harness.waiting import free_port, until

PROJECT = Path(__file__).resolve().parents[3]
SERVICE_NUMBER = "+493023125000"
_RUN = "import sys; from router.cli import main; sys.exit(main())"


@dataclass
class Service:
    """`threadline serve` as a process, and what one asks of it."""

    directory: Path
    database: str
    key: str
    port: int = field(default_factory=free_port)
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)
    process: subprocess.Popen[bytes] | None = None
    secret: str = field(default_factory=lambda: secrets.token_hex(32))
    flows: Path = field(default_factory=next_at_once)
    more: dict[str, str] = field(default_factory=dict)
    """Settings that differ."""
    host: str = "127.0.0.1"
    within: tuple[str, ...] = ()
    """What goes before the command that starts it."""

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text("utf-8", "replace")

    def start(self) -> None:
        settings = {
            "DATABASE": self.database,
            "SECRET": self.secret,
            "HOST": self.host,
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "FASTAGI_PORT": str(free_port()),
            "DATA_DIR": str(self.directory),
            "FLOWS": str(self.flows),
            "SERVICE_NUMBER": SERVICE_NUMBER,
            "LOG_LEVEL": "debug",
            **self.more,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")}
        environment = kept | {f"THREADLINE_{name}": value for name, value in settings.items()}
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, sys.executable, "-c", _RUN, "serve"],
                cwd=self.directory,
                env=environment | {"PYTHONPATH": str(PROJECT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.state() == 200, 120, "ready", every=0.05)

    def state(self) -> int:
        """What `/readyz` answers; 0 when nobody does."""
        assert self.process is not None
        assert self.process.poll() is None, self.log[-4000:]
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """As a program with a key."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """As a script of our pages, in a browser that is signed in."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        headers = {"Origin": self.url, "Content-Type": "application/json"}
        with opener.open(
            urllib.request.Request(self.url + path, json.dumps(body).encode(), headers), timeout=60
        ) as answer:
            return json.load(answer)

    def page(self, path: str, form: str | None = None) -> str:
        """As a browser that is signed in."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        headers = {"Origin": self.url, "Accept": "text/html"}
        request = urllib.request.Request(self.url + path, None if form is None else form.encode(), headers)
        with opener.open(request, timeout=60) as answer:
            text: str = answer.read().decode()
        return text

    def call(self, call_id: str) -> Any:
        return self.ask("GET", f"/testphone/calls/{call_id}")
