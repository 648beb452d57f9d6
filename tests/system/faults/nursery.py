"""A service that is killed and there again in a moment: a process that has read all code forks one that serves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.system.faults.clock import Clock
from tests.system.harness.waiting import until

PROJECT = Path(__file__).resolve().parents[3]

_CODE = """
import os, select, signal, sys, time
import router.app, router.cli, router.cli.serve, router.server, router.web_app

file = sys.argv[1]
if "FAKETIME_TIMESTAMP_FILE" in os.environ:  # libfaketime 0.9.10 takes the moment until which Python sleeps for another
    time.sleep = lambda seconds: select.select([], [], [], seconds)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("read", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null, log = os.open(os.devnull, os.O_RDONLY), os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(null, 0), os.dup2(log, 1), os.dup2(log, 2)
        sys.argv = ["threadline", "serve"]
        sys.exit(router.cli.main())
    print(child, flush=True)
"""


class Nursery:
    """Use as a context manager. What it has started is killed at the end."""

    def __init__(
        self,
        directory: Path,
        settings: Mapping[str, str],
        *,
        clock: Clock | None = None,
        within: Sequence[str] = (),
        programs: Path | None = None,
    ) -> None:
        """The service goes by ``clock``. ``within`` goes before the command that starts it. Programs in ``programs``
        stand for those of the machine."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")}
        ours = {f"THREADLINE_{name}": value for name, value in settings.items()}
        if programs is not None:
            kept["PATH"] = f"{programs}:{kept['PATH']}"
        self.log = directory / "service.log"
        self._child: int | None = None
        if clock is not None:
            kept |= clock.environment
        self._parent = subprocess.Popen(
            [*within, sys.executable, "-c", _CODE, str(self.log)],
            cwd=directory,
            env=kept | ours | {"PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Nursery:
        assert self._said() == "read"
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        assert self._parent.stdin is not None and self._parent.stdout is not None
        self._parent.kill()
        self._parent.wait(60)
        self._parent.stdin.close()
        self._parent.stdout.close()

    def start(self) -> None:
        """Starts the service; does not wait until it serves."""
        assert self._child is None and self._parent.stdin is not None
        self._parent.stdin.write("start\n")
        self._parent.stdin.flush()
        self._child = int(self._said())

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child

    @property
    def running(self) -> bool:
        """Whether it has not ended by itself."""
        return self._child is not None and Path(f"/proc/{self._child}").exists()

    def kill(self) -> None:
        """``kill -9``; returns when it is gone."""
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{child}").exists(), 30, "the service is gone", every=0.002)

    def _said(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline().strip()
