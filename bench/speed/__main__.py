"""`make bench`: parts run alone by name, `make bench ARGS="agi webhooks"`; tables in Markdown."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from bench.speed import agi, calls, growth, retention, room, webhooks
from bench.speed.processes import PROJECT, Cores, cores, load, machine, python

Part = Callable[[Cores, argparse.Namespace], str]

PARTS: Final[dict[str, tuple[str, Part]]] = {
    "agi": ("FastAGI: calls a second, CPU a call", lambda on, asked: agi.run(on, asked.rounds, asked.seconds)),
    "webhooks": (
        "Twilio: webhooks a second, CPU a webhook",
        lambda on, asked: webhooks.run(on, asked.rounds, asked.seconds),
    ),
    "calls": (
        "Whole calls a second through Asterisk",
        lambda on, asked: calls.run(asked.seconds, tuple(map(int, asked.rates.split(",")))),
    ),
    "room": ("Memory: callers waiting, desks connected", lambda on, asked: room.run(on)),
    "pops": ("A card at one process when another hears Asterisk", lambda on, asked: _pops()),
    "growth": (
        "A decision as messages grow",
        lambda on, asked: growth.run(asked.rounds, _sizes(asked)),
    ),
    "retention": (
        "Calls while old rows are deleted",
        lambda on, asked: retention.run(_sizes(asked)[-1], tuple(asked.databases.split(","))),
    ),
}


def _sizes(asked: argparse.Namespace) -> tuple[int, ...]:
    return tuple(map(int, asked.sizes.split(",")))


def _pops() -> str:
    """What `make bench-pops` tells."""
    done = subprocess.run(python("bench.pops"), cwd=PROJECT, capture_output=True, text=True, timeout=600)
    told = done.stdout.strip() if done.returncode == 0 else f"Left out: {done.stderr.strip()[-300:]}"
    return f"```\n{told}\n```"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 0, whatever was measured."""
    asked = _parser().parse_args(arguments)
    on = cores()
    print(f"{machine()}; load before {load()}")
    print(f"What is measured runs on core {on.served}, what asks it on core {on.asking}.\n")
    for name in asked.parts or PARTS:
        title, part = PARTS[name]
        begun = time.perf_counter()
        print(f"### {title}\n", flush=True)
        print(part(on, asked), flush=True)
        print(f"\n{name}: {time.perf_counter() - begun:.0f} s, load {load()}\n", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[], help=f"which: {' '.join(PARTS)}; all")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which medians are taken (else 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of a round (else 3)")
    rates = ",".join(map(str, calls.RATES))
    parser.add_argument("--rates", default=rates, help=f"calls a second, for calls (else {rates})")
    sizes = ",".join(map(str, growth.SIZES))
    parser.add_argument("--sizes", default=sizes, help=f"messages, for growth; the last for retention (else {sizes})")
    parser.add_argument(
        "--databases", default="sqlite", help=f"for retention: {','.join(retention.KINDS)} (else sqlite)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
