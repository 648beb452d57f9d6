"""The service as a process: it says when it is ready, and stops in good order when it is told to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from router import settings
from router.store import tables, text_messages
from router.store.database import Database

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
