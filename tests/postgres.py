"""A PostgreSQL of the tests' own: a cluster in a directory nobody else may enter, gone when the tests are over.

Tests within one process use its socket and one database, which is emptied in a millisecond; making a new one takes
eighty. A process of its own gets an address with a password, as on any other machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.engine import make_url

from router.store import migrate
from router.store.database import Database
from router.store.tables import metadata
from tests.system.harness.waiting import free_port
from tools import suites

SUPERUSER = "postgres"
STARTS_WITHIN = 30.0
STOPS_WITHIN = 15.0
_PORTS_TRIED = 5
_OPTIONS = {
    # Nothing here has to outlive the power.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "deadlock_timeout": "100ms",
    # As on a machine that was set up in German: what is asked must not depend on either.
    "timezone": "Europe/Berlin",
    "datestyle": "German, DMY",
}


class Cluster:
    """Use as a context manager. The methods wait, so they are for fixtures and tests without a loop of their own.

    It lies ``inside`` a directory, else where temporary files are; its log of what is to be written in ``log``, else
    beside the rest. Whoever PostgreSQL runs as must get to both.
    """

    def __init__(self, *, inside: Path | None = None, log: Path | None = None) -> None:
        folder = suites.postgresql_folder()
        if folder is None:
            raise RuntimeError("PostgreSQL is not installed")
        self._programs = folder
        # The path is short: that of a socket may have 107 characters at most.
        self._directory = Path(tempfile.mkdtemp(prefix="threadline-pg-", dir=inside))
        self._log = log
        self._port = 0
        self._password = secrets.token_hex(16)
        self._server: subprocess.Popen[bytes] | None = None
        # A loop beside that of the tests, and never the current one.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._emptied: str | None = None
        # PostgreSQL refuses to run as root.
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self._directory, SUPERUSER, SUPERUSER)
            self._user = {"user": SUPERUSER, "group": SUPERUSER, "extra_groups": []}

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def log(self) -> str:
        """What the server said."""
        path = self._directory / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def emptied(self) -> str:
        """The address of the one database at the newest schema, with all rows gone and all numbers back at 1."""
        if self._emptied is not None:
            try:
                self._run(_empty(self._connection(_name(self._emptied))))
            except asyncpg.UndefinedTableError:  # a test took a table away
                self._emptied = None
        if self._emptied is None:
            self._emptied = self.fresh()
            self._run(_upgrade(self._emptied))
        return self._emptied

    def fresh(self) -> str:
        """The address of a new database without any table."""
        name = f"threadline_{secrets.token_hex(4)}"
        self._run(_execute(self._connection(SUPERUSER), f"CREATE DATABASE {name}"))
        return f"postgresql://{SUPERUSER}@/{name}?host={self._directory}&port={self._port}"

    def over_the_network(self, address: str) -> str:
        """The same database at a host and with a password."""
        return f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{self._port}/{_name(address)}"

    def rows(self, address: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a database says."""
        found: list[tuple[Any, ...]] = self._run(_fetch(self._connection(_name(address)), query, *values))
        return found

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Down at once, as in a crash of the server; up again at the same port at the end."""
        self._stop(signal.SIGQUIT)
        try:
            yield
        finally:
            self._serve()

    @property
    def running(self) -> bool:
        """Whether the server has not ended by itself."""
        return self._server is not None and self._server.poll() is None

    def again(self) -> None:
        """Start a server that has ended by itself, at the same port."""
        self._serve()

    def close(self) -> None:
        """Ends the server and removes all its files."""
        self._stop(signal.SIGINT)
        self._runner.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _initialise(self) -> None:
        password = self._directory / "password"
        password.touch(0o600)
        password.write_text(self._password)
        if self._user:
            shutil.chown(password, SUPERUSER, SUPERUSER)
        # Only we get into the directory with the socket; over the network anybody on this machine may knock.
        # In small pieces, so that a small disk is soon full of it.
        apart = [] if self._log is None else [f"--waldir={self._log}", "--wal-segsize=1"]
        asked = [
            *apart,
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            f"--pwfile={password}",
            f"--username={SUPERUSER}",
        ]
        done = subprocess.run(
            [self._programs / "initdb", "--no-sync", "--encoding=UTF8", "--locale=C", *asked, self._directory / "data"],
            cwd=self._directory,
            capture_output=True,
            text=True,
            timeout=60,
            **self._user,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _start(self) -> None:
        for _ in range(_PORTS_TRIED):
            self._port = free_port()
            with contextlib.suppress(ChildProcessError):  # somebody else was quicker to take the port
                return self._serve()
        raise RuntimeError(f"PostgreSQL does not start:\n{self.log[-4000:]}")

    def _serve(self) -> None:
        options = _OPTIONS | {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": str(self._directory),
        }
        command = [str(self._programs / "postgres"), "-D", str(self._directory / "data")]
        command += [f"--{name}={value}" for name, value in options.items()]
        if setpriv := shutil.which("setpriv"):  # a test run that is killed takes its server along
            command = [setpriv, "--pdeathsig", "INT", *command]
        with (self._directory / "log").open("ab") as log:
            self._server = subprocess.Popen(
                command, cwd=self._directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._user
            )
        self._run(self._ready(self._server))

    async def _ready(self, server: subprocess.Popen[bytes]) -> None:
        async with asyncio.timeout(STARTS_WITHIN):
            while True:
                if server.poll() is not None:
                    raise ChildProcessError(server.returncode)
                with contextlib.suppress(OSError, asyncpg.PostgresError):
                    return await _execute(self._connection(SUPERUSER), "SELECT 1")
                await asyncio.sleep(0.02)

    def _stop(self, how: signal.Signals) -> None:
        if self._server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._server.send_signal(how)
        try:
            self._server.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait(STOPS_WITHIN)
        self._server = None

    def _connection(self, name: str) -> dict[str, Any]:
        return {"host": str(self._directory), "port": self._port, "user": SUPERUSER, "database": name, "timeout": 10}

    def _run(self, work: Any) -> Any:
        return self._runner.run(work)


def _name(address: str) -> str:
    name = make_url(address).database
    assert name is not None
    return name


async def _upgrade(address: str) -> None:
    database = Database(address, busy_seconds=60.0)
    await migrate.upgrade(database)
    await database.close()


async def _execute(where: dict[str, Any], statement: str) -> None:
    connection = await asyncpg.connect(**where)
    try:
        await connection.execute(statement, timeout=10)
    finally:
        await connection.close()


async def _fetch(where: dict[str, Any], query: str, *values: object) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(**where)
    try:
        return [tuple(row) for row in await connection.fetch(query, *values, timeout=10)]
    finally:
        await connection.close()


async def _empty(where: dict[str, Any]) -> None:
    # A test that failed in mid-transaction must not hold up the next one.
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    numbers = "FROM pg_sequences WHERE last_value IS NOT NULL"
    tables = ";".join(f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables))
    connection = await asyncpg.connect(**where)
    try:
        await connection.execute(f"SELECT pg_terminate_backend(pid) {others}", timeout=10)
        await connection.execute(tables, timeout=10)
        await connection.execute(f"SELECT setval(sequencename::regclass, 1, false) {numbers}", timeout=10)
    finally:
        await connection.close()
