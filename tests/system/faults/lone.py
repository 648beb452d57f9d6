"""A service alone, without Asterisk and browser: one agent who is ready, and those who use it (`clients`)."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from router.agents.people import NewPerson, add
from router.api.keys import create_key
from router.store import web as sessions
from router.store.database import Database
from router.web.sign_in import digest
from tests.channels.agi.asterisk import environment
from tests.system.faults.clients import Clients
from tests.system.faults.nursery import Nursery
from tests.system.harness.waiting import claimed_port

SERVICE_NUMBER = "+493023125000"
_FLOWS = Path(__file__).resolve().parents[1] / "flows"
_SHARED = Path(__file__).resolve().parents[3] / "ivr_flows" / "shared"


def settings(directory: Path, database: str, **more: str) -> dict[str, str]:
    """Those of a service whose every call goes to a queue without a word."""
    flows = directory / "flows"
    if not flows.exists():
        flows.mkdir()
        for name in ("straight.yaml", "menu.yaml"):
            shutil.copy(_FLOWS / name, flows)
        shutil.copytree(_SHARED, flows / "shared")
    port = claimed_port()
    return {
        "DATABASE": database,
        "SECRET": secrets.token_hex(32),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "FASTAGI_PORT": str(claimed_port()),
        "DATA_DIR": str(directory / "data"),
        "FLOWS": str(flows),
        "FLOW": "straight",
        "RECOGNISER": "none",
        "SERVICE_NUMBER": SERVICE_NUMBER,
        "LOG_LEVEL": "warning",
        **more,
    }


async def founded(database: Database) -> tuple[str, str]:
    """An agent who is ready, without a phone: a key, and the agent's session."""
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    async with database.begin() as connection:
        anna = await add(connection, NewPerson(login="anna", name="Anna", queues=("default",)), ("default",), now)
        await sessions.add_session(connection, digest(token), anna, now, now + timedelta(hours=12))
        key = await create_key(connection, "test", ["messages:write", "messages:read", "calls:read", "testphone"], now)
        await connection.execute(text("UPDATE people SET presence = 'ready'"))
    return key, token


async def ready(nursery: Nursery, clients: Clients, within: float = 180) -> None:
    """Returns when it serves. Where it has ended since the database did not answer soon enough on a busy machine, it is
    started again, as systemd would, twice at most. Raises AssertionError with its log where it has ended otherwise."""
    starts = 2
    async with asyncio.timeout(within):
        while not await clients.up():
            if not nursery.running:
                log = nursery.log.read_text()[-4000:]
                assert starts and "the database cannot be reached" in log, log
                starts -= 1
                nursery.kill()
                nursery.start()
            await asyncio.sleep(0.01)


async def agi_call(port: int, uniqueid: str, *, host: str = "127.0.0.1", **changes: str) -> list[str]:
    """A call as Asterisk brings it: the commands it was given until the router let it go."""
    reader, writer = await asyncio.open_connection(host, port)
    commands: list[str] = []
    try:
        writer.write(environment(uniqueid=uniqueid, dnid=SERVICE_NUMBER, extension=SERVICE_NUMBER, **changes))
        while line := await reader.readline():
            commands.append(line.decode().strip())
            writer.write(b"200 result=0\n")
    except ConnectionError:
        pass
    finally:
        writer.close()
    return commands


def routed(commands: list[str]) -> bool:
    """Whether a call that was given these was taken to its queue."""
    return any('THREADLINE_ROUTE=queue"' in command for command in commands)


def memory(pid: int) -> float:
    """What a process holds, in MB (proc(5), VmRSS)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def stuck(port: int, request: str) -> socket.socket:
    """A connection that asks for something and never reads the answer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect(("127.0.0.1", port))
    connection.sendall(request.encode())
    return connection
