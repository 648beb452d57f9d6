"""Throws bytes at all that takes them from outside: `make fuzz ARGS="--minutes 60"`.

Atheris (libFuzzer) looks which way each input takes through our code, and keeps those that find a new one. What breaks
is put into `tests/fuzz/corpus/TARGET`, where `tests/fuzz/test_corpus.py` finds it; mend it, and commit both.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
NAMES = (
    "agi", "ami", "audiosocket", "flow", "id_token", "phone", "rows_csv", "rows_ndjson",
    "spoken", "stored", "tokens", "twilio",
)  # fmt: skip
"""Those of `tests.fuzz.targets`, which is not imported before it is watched."""
LONGEST = 4096
"""Bytes of an input."""


def main() -> int:
    """Fuzz the targets named, one after the other; 1 where something broke."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="in all, shared by the targets")
    parser.add_argument("--target", action="append", choices=NAMES, help="only these")
    parser.add_argument("--run", choices=NAMES, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--into", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        return _run(asked.run, asked.seconds, asked.into)
    names = asked.target or NAMES
    seconds = max(5, int(asked.minutes * 60 / len(names)))
    broken = [name for name in names if not _fuzz(name, seconds)]
    print(f"broken: {', '.join(broken)}" if broken else f"nothing broke in {len(names)} targets, {seconds} s each")
    return 1 if broken else 0


def _fuzz(name: str, seconds: int) -> bool:
    """One target, in a process of its own: libFuzzer ends the one that it runs in."""
    with tempfile.TemporaryDirectory() as found:
        command = [sys.executable, "-m", "tests.fuzz", "--run", name, "--seconds", str(seconds), "--into", found]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    told = [line for line in done.stderr.splitlines() if line.startswith(("Done", "stat::", "#"))]
    print(f"{name}: {told[-1] if told else 'no figures'}", flush=True)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-4000:], sep="\n")
    return done.returncode == 0


def _run(name: str, seconds: int, into: str) -> int:
    try:
        import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        print("not fuzzed: there is no atheris for this Python; tests/fuzz/test_corpus.py goes on without it")
        return 1
    with atheris.instrument_imports(include=["router"]):
        from tests.fuzz.targets import TARGETS
    kept = CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=2048"]
    # What is new goes into the first folder, what breaks beside the kept ones.
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={kept}/", into, str(kept)], TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
