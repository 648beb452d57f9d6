"""The service as a process: it says when it is ready, and stops in good order when it is told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PROGRAM = [sys.executable, "-c", "from router.cli import main; main()"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def demo(folder: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`threadline demo`, in a folder of its own and on free ports."""
    (folder / "ivr_flows").symlink_to(PROJECT / "ivr_flows")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")}
    variables |= {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1", "THREADLINE_FASTAGI_PORT": str(free_port())}
    process = subprocess.Popen(
        [*PROGRAM, "demo", "--port", str(free_port())],
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
