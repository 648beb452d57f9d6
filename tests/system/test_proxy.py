"""Two processes behind the proxy of docker/several.yaml, with its own configuration: nothing is tied to one of them."""

from __future__ import annotations

import asyncio
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from router.store.database import Database
from tests.postgres import Cluster
from tests.system.harness.service import PROJECT, Service
from tests.system.harness.stream import EventStream
from tests.system.harness.waiting import free_port, until
from tests.system.test_postgresql import MESSAGE, _people, dial

pytestmark = [pytest.mark.system, pytest.mark.needs("postgresql", "haproxy")]

CONFIGURATION = (PROJECT / "docker" / "proxy" / "haproxy.cfg").read_text("utf-8")
ADDRESSES = ("172.30.86.10:8080", "172.30.86.20:8080")


@pytest.fixture
def both(postgresql: Cluster, tmp_path: Path) -> Iterator[tuple[Service, Service, Service]]:
    """Two processes on one database, and how they look through the proxy, with one message sent and one agent ready."""
    address = postgresql.over_the_network(postgresql.emptied())
    key, token = asyncio.run(_people(Database(address)))
    port = free_port()
    first = Service(tmp_path / "first", address, key, more={"PUBLIC_URL": f"http://127.0.0.1:{port}"})
    second = replace(first, directory=tmp_path / "second", port=free_port(), process=None)
    outside = replace(first, port=port, process=None)
    text = CONFIGURATION.replace("bind :8080", f"bind 127.0.0.1:{port}")
    for service, place in zip((first, second), ADDRESSES, strict=True):
        assert place in text
        text = text.replace(place, f"127.0.0.1:{service.port}")
    (tmp_path / "haproxy.cfg").write_text(text)
    proxy = None
    try:
        for service in (first, second):
            service.directory.mkdir()
            service.start()
        proxy = subprocess.Popen(["haproxy", "-db", "-f", str(tmp_path / "haproxy.cfg")], stdout=subprocess.DEVNULL)
        until(lambda: _state(outside) == 200, 20, "the proxy passes on", every=0.1)
        outside.ask("POST", "/v1/messages", MESSAGE)
        outside.page("/sign-in/link", f"token={token}")
        outside.page("/desk/presence", "presence=ready")
        yield first, second, outside
    finally:
        if proxy is not None:
            proxy.kill()
            proxy.wait(10)
        for service in (first, second):
            if service.process is not None:
                service.kill()


def _state(service: Service, path: str = "/readyz") -> int:
    try:
        with urllib.request.urlopen(f"{service.url}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def answer(outside: Service, stream: EventStream) -> None:
    """Pick up what rings; asked for at whichever process the proxy chooses, as everything here."""
    card_id = outside.page("/desk/cards").partition('data-card="')[2].partition('"')[0]
    outside.page(f"/desk/cards/{card_id}/answer", "")
    stream.says('"state": "talking"')


def test_a_page_and_a_call_go_on_when_either_process_is_killed(both: tuple[Service, Service, Service]) -> None:
    first, second, outside = both
    with EventStream(outside.url, outside.cookie) as stream:
        stream.says("event: hello", within=3)
        call = dial(outside)
        stream.says('"state": "ringing"')
        answer(outside, stream)
    for dead in (first, second):
        dead.kill()
        assert outside.call(call)["state"] == "talking", "asked at once, before the proxy has noticed"
        with EventStream(outside.url, outside.cookie) as stream:
            stream.says("event: hello", within=3)
            outside.ask("POST", f"/testphone/calls/{call}/hangup")
            stream.says('"state": "gone"')
            call = dial(outside)
            stream.says('"state": "ringing"', within=10)  # whoever rings for all has taken over by then
            answer(outside, stream)
        dead.start()
        until(lambda: _ready(outside, both), 20, "both are there again", every=0.2)
    outside.ask("POST", f"/testphone/calls/{call}/hangup")
    assert outside.call(call)["state"] == "ended"


def _ready(outside: Service, both: tuple[Service, Service, Service]) -> bool:
    return all(service.state() == 200 for service in both[:2]) and _state(outside) == 200


def test_who_is_ready_is_asked_and_who_lives_where_nobody_is(
    both: tuple[Service, Service, Service], postgresql: Cluster
) -> None:
    _, _, outside = both
    assert _state(outside, "/metrics") == 404
    with postgresql.away():
        until(lambda: _state(outside) == 503, 20, "no process is ready", every=0.2)
        until(lambda: _state(outside, "/healthz") == 200, 10, "those that live answer all the same", every=0.2)
    until(lambda: _state(outside) == 200, 20, "ready again", every=0.2)
