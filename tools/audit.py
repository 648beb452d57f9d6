"""Asks for known faults of what we depend on: pip-audit for Python, `npm audit` for what the pages are built with.

Both need a service on the network. Where it cannot be asked, that is said ("not audited: …") and is no failure, unless
with ``--strict``; a fault that is known is one, always.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PINS = ("run", "speech", "traces")
"""Files of `requirements/` with what is installed where we run."""
SECONDS = 60
"""For all of them together: they are asked at the same time."""
LINES_SHOWN = 40

CLEAN, FAULTS, NOT_ASKED = "no known faults", "known faults", "not audited"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where nothing is known or nothing could be asked; 1 for known faults, and with ``--strict`` for the latter."""
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="what could not be audited is a failure, too")
    strict = parser.parse_args(arguments).strict
    with ThreadPoolExecutor() as at_once:
        asked = [*(at_once.submit(_python, name) for name in PINS), at_once.submit(_npm)]
        results = [each.result() for each in asked]
    return int(FAULTS in results or (strict and NOT_ASKED in results))


def _python(name: str) -> str:
    pins = PROJECT / "requirements" / f"{name}.txt"
    program = PROJECT / ".venv" / "audit" / "bin" / "pip-audit"
    command = [
        str(program),
        "--requirement",
        str(pins),
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
    ]
    return _told(f"requirements/{name}.txt", command, "known vulnerabilit")


def _npm() -> str:
    return _told("package-lock.json", ["npm", "audit", "--package-lock-only"], "severity")


def _told(what: str, command: Sequence[str], faults: str) -> str:
    """Run one of them. ``faults`` is what it says of a fault, as against not having been able to ask."""
    path = f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    try:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _said(what, NOT_ASKED, type(error).__name__)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and "complete log" not in line]
    if done.returncode == 0:
        return _said(what, CLEAN)
    if any(faults in line.lower() and not line.lower().startswith("no ") for line in lines):
        return _said(what, FAULTS, *lines[:LINES_SHOWN])
    return _said(what, NOT_ASKED, *lines[-1:])


def _said(what: str, result: str, *why: str) -> str:
    lines = [f"{what}: {result}" + (f": {why[0][:200]}" if result == NOT_ASKED and why else "")]
    lines += [f"  {line}" for line in (why if result == FAULTS else ())]
    print("\n".join(lines))  # in one piece, since others are told of meanwhile
    return result


if __name__ == "__main__":
    sys.exit(main())
