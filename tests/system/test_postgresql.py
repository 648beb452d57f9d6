"""The whole service on PostgreSQL over the network, with a password; either of them goes away and comes back.

Calls come from the test phone; one agent's desk listens to the event stream.
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from router.agents.people import NewPerson, add
from router.api.keys import create_key
from router.store.database import Database
from router.web.passwords import Passwords
from router.web.sign_in import SignIn
from tests.postgres import Cluster
from tests.system.harness.stream import EventStream
from tests.system.harness.waiting import free_port, until

pytestmark = [pytest.mark.system, pytest.mark.needs("postgresql")]

PROJECT = Path(__file__).resolve().parents[2]
_RUN = "import sys; from router.cli import main; sys.exit(main())"
SERVICE_NUMBER, ERIKA = "+493023125000", "+4917139200062"
MONDAY = "2026-11-23T10:00:00+01:00"
OFFER = {"title": "Ökostrom Fünf", "queue": "sales", "facts": {"Preis": "29,90 €"}}
MESSAGE = {
    "external_id": "m-erika",
    "channel": "sms",
    "to": {"phone": ERIKA},
    "customer": {"external_id": "K-1", "name": "Erika Müller", "language": "de"},
    "offer": OFFER,
    "sent_at": "2026-11-22T18:00:00+01:00",
}


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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

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
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "FASTAGI_PORT": str(free_port()),
            "DATA_DIR": str(self.directory),
            "FLOWS": str(PROJECT / "ivr_flows"),
            "SERVICE_NUMBER": SERVICE_NUMBER,
            "LOG_LEVEL": "debug",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")}
        environment = kept | {f"THREADLINE_{name}": value for name, value in settings.items()}
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _RUN, "serve"],
                cwd=self.directory,
                env=environment | {"PYTHONPATH": str(PROJECT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.state() == 200, 30, "ready", every=0.05)

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
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def page(self, path: str, form: str | None = None) -> str:
        """As a browser that is signed in."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        headers = {"Origin": self.url, "Accept": "text/html"}
        request = urllib.request.Request(self.url + path, None if form is None else form.encode(), headers)
        with opener.open(request, timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def dial(self) -> str:
        """Erika calls, and gets into the queue of her offer by her number alone; the call's id."""
        call = self.ask("POST", "/testphone/calls", {"from": ERIKA, "to": SERVICE_NUMBER, "at": MONDAY})
        assert (call["state"], call["commands"][-1]["queue"]) == ("queue", "sales")
        return str(call["call"])

    def call(self, call_id: str) -> Any:
        return self.ask("GET", f"/testphone/calls/{call_id}")


async def _people(database: Database) -> tuple[str, str]:
    """A key, and a sign-in link's token for an agent."""
    now = datetime.now(UTC)
    async with database.begin() as connection:
        anna = await add(connection, NewPerson(login="anna", name="Anna", queues=("sales",)), ("sales",), now)
        key = await create_key(connection, "test", ["messages:write", "testphone"], now)
    sign_in = SignIn(database, Passwords(), lambda: datetime.now(UTC), key=b"k" * 32)
    link = await sign_in.make_link(anna, "/desk")
    await database.close()
    return key, link.partition("#")[2]


@pytest.fixture
def service(postgresql: Cluster, tmp_path: Path) -> Iterator[Service]:
    """A service with one message sent and one agent ready."""
    address = postgresql.over_the_network(postgresql.emptied())
    key, token = asyncio.run(_people(Database(address)))
    made = Service(tmp_path, address, key)
    try:
        made.start()
        made.ask("POST", "/v1/messages", MESSAGE)
        made.page("/sign-in/link", f"token={token}")
        made.page("/desk/presence", "presence=ready")
        yield made
    finally:
        if made.process is not None:
            made.kill()


def test_a_call_comes_to_the_desk_before_and_after_the_service_was_killed(service: Service) -> None:
    with EventStream(service.url, service.cookie) as stream:
        stream.says("event: hello")
        first = service.dial()
        stream.says('"state": "ringing"')
        card = service.page("/desk/cards")
        assert "Ökostrom Fünf" in card
        assert "Erika Müller" in card
    service.kill()

    service.start()
    assert service.call(first)["state"] == "ended", "test calls live in the process that places them"
    assert "Ökostrom Fünf" not in service.page("/desk/cards")
    with EventStream(service.url, service.cookie) as stream:
        stream.says("event: hello")
        second = service.dial()
        stream.says('"state": "ringing"')
        card_id = service.page("/desk/cards").partition('data-card="')[2].partition('"')[0]
        service.page(f"/desk/cards/{card_id}/answer", "")
        stream.says('"state": "talking"')
        assert service.call(second)["state"] == "talking"
        service.ask("POST", f"/testphone/calls/{second}/hangup")
        stream.says('"state": "gone"')
    assert "Ökostrom Fünf" not in service.page("/desk/cards")
    assert "Traceback" not in service.log
    assert ERIKA[3:] not in service.log


def test_the_service_goes_on_when_the_database_is_back(service: Service, postgresql: Cluster) -> None:
    """Whoever restarts PostgreSQL does not have to restart anything else, and no page has to be loaded again."""
    with EventStream(service.url, service.cookie) as stream:
        first = service.dial()
        stream.says('"state": "ringing"')
        with postgresql.away():
            until(lambda: service.state() == 503, 10, "the service says so")
            with pytest.raises(urllib.error.HTTPError, match="503"):
                service.dial()
        until(lambda: service.state() == 200, 10, "ready again")
        service.ask("POST", f"/testphone/calls/{first}/hangup")
        stream.says('"state": "gone"')
        second = service.dial()
        until(lambda: stream.text.count('"state": "ringing"') == 2, 10, "the second card")
        service.ask("POST", f"/testphone/calls/{second}/hangup")
    rows = postgresql.rows(service.database, "SELECT state, outcome FROM calls")
    assert rows == [("ended", "left_queue")] * 2
