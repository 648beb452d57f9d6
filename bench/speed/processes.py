"""Processes of the bench's own, each kept on one core, and what they take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.system.harness.waiting import until

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Cores:
    """Where what is measured runs, and where all that asks it does; the same core where there is but one."""

    served: int
    asking: int


def cores() -> Cores:
    """The first core for what is measured, the last for the load."""
    ours = sorted(os.sched_getaffinity(0))
    return Cores(ours[0], ours[-1])


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has taken, to the hundredth (proc(5): fields 14 and 15 of its ``stat``)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """MB of memory that a process holds at the moment."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ProcessLookupError(pid)


def on_core(core: int | None, command: Sequence[str]) -> list[str]:
    """The command, kept on one core; None: on any."""
    return [*command] if core is None else ["taskset", "-c", str(core), *command]


def python(module: str, *arguments: str) -> list[str]:
    """A module of this project as a command."""
    return [sys.executable, "-m", module, *arguments]


def compiled(name: str, folder: Path) -> Path | None:
    """``name``.c of this folder, compiled into ``folder``; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    made = folder / name
    subprocess.run([compiler, "-O2", "-o", str(made), str(Path(__file__).with_name(f"{name}.c"))], check=True)
    return made


@contextmanager
def running(command: Sequence[str], core: int, port: int) -> Iterator[int]:
    """A server that listens on ``port``, ended at the end; its process id."""
    process = subprocess.Popen(on_core(core, command), cwd=PROJECT, stdin=subprocess.DEVNULL)
    try:
        until(lambda: listening(port) or _gone(process), 30, f"a server on port {port}")
        yield process.pid  # taskset becomes the command
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def listening(port: int) -> bool:
    """Whether somebody listens on a port of this machine; asked of the system, so that no server sees a connection."""
    wanted = f":{port:04X}"
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[1].endswith(wanted):
                return True
    return False


def _gone(process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"a server ended with {process.returncode} before it listened")
    return False


def load() -> str:
    """How busy the machine was in the last minute, for the head of a report: others' work makes figures worse."""
    return f"{os.getloadavg()[0]:.1f}"


def machine() -> str:
    """The machine, in a line."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    kind, count = names[0] if names else "unknown processor", len(os.sched_getaffinity(0))
    python = sys.version.split()[0]
    return f"{kind}, {count} cores, Linux {os.uname().release}, Python {python}, {time.strftime('%Y-%m-%d')}"
