"""A PostgreSQL server of the benchmark's own, on a folder that is kept."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import suites

_USER = "postgres"
_OPTIONS = {
    # Whatever happens to the machine, the databases can be made anew.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "1GB",
    "work_mem": "64MB",
    "autovacuum": "off",  # is done once, when all is filled in
    "listen_addresses": "",
}


class NoServer(Exception):
    """PostgreSQL cannot be started; the reason is for people."""


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """The server on ``folder``, made at the first time; gives the folder of its socket. Raises `NoServer`."""
    programs = suites.postgresql_folder()
    if programs is None:
        raise NoServer("PostgreSQL is not installed")
    user = _user(folder)
    with tempfile.TemporaryDirectory(prefix="threadline-bench-") as socket:
        if user:
            shutil.chown(socket, _USER, _USER)
        if not (folder / "PG_VERSION").exists():
            command = [programs / "initdb", "--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust"]
            _run([*command, f"--username={_USER}", "-D", folder], user)
        options = [f"--{name}={value}" for name, value in _OPTIONS.items()]
        with (Path(socket) / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", folder, f"--unix_socket_directories={socket}", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **user,
            )
        try:
            _wait(programs, Path(socket), server)
            yield Path(socket)
        finally:
            server.send_signal(signal.SIGINT)  # ends what is connected and writes all down
            server.wait(120)


def _user(folder: Path) -> Any:
    """As whom to run: PostgreSQL refuses to run as root."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, _USER, _USER)
    folder.chmod(0o700)
    user: Any = {"user": _USER, "group": _USER, "extra_groups": []}
    if subprocess.run(["test", "-w", str(folder)], **user, check=False).returncode:
        raise NoServer(f"the user {_USER} does not get into {folder}; give another with --folder")
    return user


def _run(command: list[Any], user: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **user)
    if done.returncode:
        raise NoServer(done.stdout + done.stderr)


def _wait(programs: Path, socket: Path, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise NoServer((socket / "log").read_text("utf-8", "replace"))
        ready = subprocess.run([programs / "pg_isready", "-q", "-h", socket], check=False)
        if ready.returncode == 0:
            return
        time.sleep(0.1)
    raise NoServer("PostgreSQL does not answer")
