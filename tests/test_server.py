"""The service as a process: it says when it is ready, and stops in good order when it is told to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from urllib.parse import parse_qs

import httpx
import pytest
from sqlalchemy import select

from router import settings
from router.store import tables, text_messages
from router.store.database import Database
from tests.channels.agi.asterisk import Peer, environment

PROJECT = Path(__file__).parents[1]
PROGRAM = [sys.executable, "-c", "from router.cli import main; main()"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def demo(folder: Path, port: int | None = None, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`threadline demo`, in a folder of its own and on free ports."""
    if not (folder / "ivr_flows").exists():
        (folder / "ivr_flows").symlink_to(PROJECT / "ivr_flows")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")}
    variables |= {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1", "THREADLINE_FASTAGI_PORT": str(free_port())}
    process = subprocess.Popen(
        [*PROGRAM, "demo", "--port", str(port or free_port())],
        cwd=folder,
        env=variables | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout and process.stderr
        process.stdout.close()
        process.stderr.close()


def test_where_there_are_no_flows_the_way_out_is_said(tmp_path: Path) -> None:
    with demo(tmp_path, THREADLINE_FLOWS=str(tmp_path / "nowhere")) as process:
        assert process.wait(60) == 2
        assert process.stderr is not None
        told = process.stderr.read()
    assert "nowhere': run this in the folder that holds them, or say with THREADLINE_FLOWS where they are" in told


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    for line in process.stdout:
        if "Ctrl-C ends it." in line:
            return
    assert process.stderr
    raise AssertionError(f"it ended instead of getting ready:\n{process.stderr.read()}")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_good_order(tmp_path: Path, how: signal.Signals) -> None:
    with demo(tmp_path, THREADLINE_LOG_LEVEL="info") as process:
        wait_until_ready(process)
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "stopped" in errors.splitlines()[-1]
        assert "Traceback" not in errors


MENU = """
version: 1
name: hotline
languages: [de]
start: ask
steps:
  ask:
    type: menu
    text: {de: Drücken Sie die Eins.}
    options: {"1": {next: connect}}
    timeout: 6
    otherwise: connect
  connect: {type: transfer, queue: sales}
"""


@contextmanager
def menu(folder: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A service with one menu, and its HTTP and FastAGI ports."""
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "flows" / "hotline.yaml").write_text(MENU, "utf-8")
    http, fastagi = free_port(), free_port()
    settings = {"THREADLINE_FLOWS": str(folder / "flows"), "THREADLINE_FASTAGI_PORT": str(fastagi)}
    with demo(folder, http, THREADLINE_QUEUES='["default", "sales", "service"]', **settings, **environment) as process:
        wait_until_ready(process)
        yield process, http, fastagi


async def to_the_menu(port: int, **changes: str | None) -> Peer:
    """A caller who hears the menu to its end and has not answered."""
    peer = await Peer.connect(("127.0.0.1", port), environment(**changes))
    while (words := await peer.command())[:3] != ["WAIT", "FOR", "DIGIT"]:
        assert words, "the router has closed the connection"
        peer.reply("200 result=0 endpos=8000" if words[0] == "STREAM" else "200 result=1")
    return peer


def left_to_queue(last: list[str]) -> bool:
    """Whether the last command leaves the call to its queue."""
    return last[:2] == ["EXEC", "MSet"] and last[2].endswith(",THREADLINE_ROUTE=queue")


async def to_the_end(peer: Peer) -> list[str]:
    """The last command of a call in which the caller presses 1."""
    peer.reply(f"200 result={ord('1')}")
    last: list[str] = []
    while words := await peer.command():
        last = words
        peer.reply("200 result=0 endpos=8000" if words[0] == "STREAM" else "200 result=1")
    await peer.close()
    return last


async def refused(port: int) -> None:
    """Returns once nobody listens on the port any more."""
    while True:
        try:
            await (await Peer.connect(("127.0.0.1", port))).close()
        except ConnectionError:
            return
        await asyncio.sleep(0.05)


async def test_who_is_in_a_menu_when_it_is_told_to_stop_finishes_it(tmp_path: Path) -> None:
    with menu(tmp_path, THREADLINE_LOG_LEVEL="info") as (process, http, fastagi):
        caller = await to_the_menu(fastagi)
        process.send_signal(signal.SIGTERM)
        await refused(fastagi)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http}") as asking:
            answer = await asking.get("/readyz")
            assert answer.status_code == 503
            assert answer.json()["checks"]["service"] == "stopping"
            assert (await asking.get("/healthz")).status_code == 200
        assert process.poll() is None
        assert left_to_queue(await to_the_end(caller))
        _, errors = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0
    assert "calls still in progress" in errors
    assert "are left to" not in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("told", ["twice", "once"])
async def test_a_call_that_is_not_over_in_time_is_left_as_it_is(tmp_path: Path, told: str) -> None:
    stop_seconds = "3600" if told == "twice" else "0"
    with menu(tmp_path, THREADLINE_LOG_LEVEL="info", THREADLINE_STOP_SECONDS=stop_seconds) as (process, _, fastagi):
        caller = await to_the_menu(fastagi)
        process.send_signal(signal.SIGTERM)
        await refused(fastagi)
        if told == "twice":
            process.send_signal(signal.SIGTERM)
        assert await caller.closed() == b"", "no route, so that another router is asked"
        _, errors = await asyncio.to_thread(process.communicate, timeout=60)
        await caller.close()
    assert process.returncode == 0
    assert "are left to other routers" in errors
    with closing(sqlite3.connect(tmp_path / "data" / "demo" / "threadline.db")) as database:
        assert database.execute("select state from calls").fetchall() == [("flow",)]


async def test_another_process_goes_on_where_a_killed_one_was(tmp_path: Path) -> None:
    with menu(tmp_path) as (process, _, fastagi):
        caller = await to_the_menu(fastagi)
        process.kill()
        assert await caller.closed() == b""
        await caller.close()
    with menu(tmp_path) as (process, _, fastagi):
        assert left_to_queue(await to_the_end(await to_the_menu(fastagi)))
    with closing(sqlite3.connect(tmp_path / "data" / "demo" / "threadline.db")) as database:
        rows = database.execute("select channel_ref, state, sequence from calls").fetchall()
    assert rows == [("1700000000.1", "queue", 2)], "one call, whichever process it was at"


def test_a_port_that_is_taken_is_told_with_the_setting(tmp_path: Path) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, demo(tmp_path, THREADLINE_FASTAGI_PORT=str(taken.getsockname()[1])) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "THREADLINE_FASTAGI_PORT" in errors
    assert "Traceback" not in errors


def test_other_commands_find_the_demo_by_its_settings_whatever_port_it_has(tmp_path: Path) -> None:
    file = tmp_path / "data" / "demo" / "threadline.toml"
    secrets = []
    for port in (free_port(), free_port()):
        with demo(tmp_path, port) as process:
            wait_until_ready(process)
            told = settings.load({"THREADLINE_CONFIG": str(file)})
        assert (told.host, told.port, told.public_url) == ("127.0.0.1", port, f"http://127.0.0.1:{port}")
        assert file.stat().st_mode & 0o077 == 0
        secrets.append(told.secret)
        file.write_text(file.read_text() + '[service_numbers]\n"+493023125001" = "hotline"\n' * (len(secrets) == 1))
    assert secrets[0] == secrets[1] is not None
    assert told.service_numbers == {"+493023125001": "hotline"}, "what was written by hand stays"


def test_a_demo_that_cannot_listen_leaves_the_address_of_the_one_that_runs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, demo(tmp_path, taken.getsockname()[1]) as process:
        process.communicate(timeout=60)
    assert process.returncode == 2
    assert "port" not in (tmp_path / "data" / "demo" / "threadline.toml").read_text()


class _Twilio(BaseHTTPRequestHandler):
    """Takes text messages as Twilio does."""

    taken: Queue[dict[str, list[str]]] = Queue()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.taken.put(parse_qs(body))
        answer = json.dumps({"sid": "SM" + "7" * 32, "status": "queued"}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


async def _leave_a_text(file: Path) -> None:
    now = datetime.now(UTC)
    values = {"id": "t1", "call_id": "c1", "to_number": "+491713920011", "body": "Ihr Code: 123456", "purpose": "code"}
    values |= {"state": text_messages.QUEUED, "tries": 0, "next_try_at": now, "created_at": now}  # type: ignore[dict-item]
    database = Database(f"sqlite:///{file}")
    async with database.begin() as connection:
        await text_messages.add(connection, values)
    await database.close()


async def _state_of_it(file: Path) -> tuple[str, str | None]:
    database = Database(f"sqlite:///{file}")
    async with database.read() as connection:
        row = (await connection.execute(select(tables.text_messages))).one()
    await database.close()
    return row.state, row.to_number


def test_a_text_message_that_a_killed_process_left_is_sent_by_the_next_one(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        wait_until_ready(process)
        process.kill()
    file = tmp_path / "data" / "demo" / "threadline.db"
    asyncio.run(_leave_a_text(file))
    with HTTPServer(("127.0.0.1", 0), _Twilio) as twilio:
        threading.Thread(target=twilio.serve_forever, daemon=True).start()
        with demo(
            tmp_path,
            THREADLINE_TWILIO_ACCOUNT_SID="AC" + "5" * 32,
            THREADLINE_TWILIO_AUTH_TOKEN="t" * 32,
            THREADLINE_TWILIO_TEXT_SENDER="+491573599000",
            THREADLINE_TWILIO_API_URL=f"http://127.0.0.1:{twilio.server_address[1]}",
            THREADLINE_LOG_LEVEL="info",
        ) as process:
            wait_until_ready(process)
            sent = _Twilio.taken.get(timeout=60)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
        twilio.shutdown()
    assert sent == {"From": ["+491573599000"], "To": ["+491713920011"], "Body": ["Ihr Code: 123456"]}
    assert asyncio.run(_state_of_it(file)) == (text_messages.SENT, None)
    assert "3920011" not in errors and "123456" not in errors
