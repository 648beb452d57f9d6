"""(c) Whole calls through a real Asterisk, more and more a second, until Asterisk or the machine is the limit."""

from __future__ import annotations

import csv
import os
import re
import resource
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.desk.company import QUEUE, customers
from bench.speed.house import CUSTOMERS, House, served
from bench.speed.processes import cpu
from bench.speed.tables import table
from tests.system.harness.asterisk import INSTALL, SETUP, Asterisk
from tests.system.harness.callers import calling

RATES = (50, 100, 150, 200, 250, 300, 350, 400)
DIALLED, BARE = "+493023125000", "4999"
"""Where the router is asked, and where the dialplan is the same but for the question."""
_ENDS_WITHIN = 40.0
"""Seconds after the last call has begun."""
_FLOW = f"""version: 1
name: hotline
languages: [de]
default_queue: {QUEUE}
start: recognise
steps:
  recognise: {{type: match, sure: done, likely: done, unclear: done, none: done}}
  done: {{type: hangup}}
"""
_BARE = f"""[threadline-inbound](+)
exten => {BARE},1,Goto(bench-bare,{DIALLED},1)
[bench-bare]
"""


@dataclass(frozen=True, slots=True)
class Step:
    """What came of so many calls ``asked`` for a second."""

    asked: int
    made: float
    """Calls that ended, a second, between the first and the last of them."""
    failed: int
    defaulted: int
    """Calls that the router said nothing about in time, so that Asterisk took them to the default queue."""
    why: Counter[str]
    """What sipp complained of."""
    given_up: Counter[str]
    """Why the router gave calls up by itself (docs/metrics.md)."""
    p50: float
    """From INVITE to BYE, in ms."""
    router: float
    asterisk: float
    """CPU in ms a call."""
    busy: float
    """How much of all cores was used while calls came."""
    core: float
    """How much of its one core the router used."""
    others: float
    """How much of all cores was used by what is neither Asterisk nor the router nor sipp."""


def run(seconds: float, rates: Sequence[int] = RATES) -> str:
    """The table, and what each step failed for."""
    if os.geteuid() != 0:
        return "Left out: Asterisk runs in a chroot, which needs root."
    made = subprocess.run([str(SETUP)], capture_output=True, text=True, timeout=900)
    if made.returncode:
        return f"Left out: no Asterisk: {made.stderr.strip()}"
    lines, notes = [], []
    with _asterisk(Path(made.stdout.strip())) as asterisk, _house(asterisk) as house:
        for rate in rates:
            bare = _step(asterisk, house, BARE, rate, 2 * seconds)
            ours = _step(asterisk, house, DIALLED, rate, 2 * seconds)
            lines.append(_line(bare, ours))
            notes += [_note(rate, "without", bare), _note(rate, "with the router", ours)]
            if ours.failed > rate or ours.made < 0.8 * rate:
                break
    head = (
        "calls/s asked for", "without: made", "failed", "p50 ms", "Asterisk ms",
        "with the router: made", "failed", "p50 ms", "Asterisk ms", "router ms", "added p50 ms", "cores busy",
    )  # fmt: skip
    told = (
        "Each step first with the dialplan as it is but for the question to the router, then with it (a known number, "
        "stored, matched, decided). ms of CPU a call; Asterisk, router and callers share all cores."
    )
    return "\n".join([told, "", table(head, lines), "", *notes])


@contextmanager
def _asterisk(chroot: Path) -> Iterator[Asterisk]:
    asterisk = Asterisk(chroot)
    asterisk.install(RTP_START="20000", RTP_END="39999")
    (asterisk.directory / "etc" / "extensions_custom.conf").write_text(_BARE + _without_question())
    asterisk.start()
    try:
        yield asterisk
    finally:
        asterisk.stop()


def _without_question() -> str:
    """The way of a call in our dialplan, with an answer in the place of the question."""
    written = (INSTALL.parent / "extensions.conf").read_text("utf-8")
    way = written.partition("[threadline-inbound]\n")[2].partition("\n[")[0]
    found, changed = re.subn(r"n,AGI\(.*\)$", "n,Set(THREADLINE_ROUTE=hangup)", way, flags=re.MULTILINE)
    if changed != 1:
        raise RuntimeError("asterisk_conf/extensions.conf asks the router elsewhere than the bench expects")
    return found


def _house(asterisk: Asterisk) -> AbstractContextManager[House]:
    return served(
        None,
        flow=_FLOW,
        FASTAGI_PORT=str(asterisk.ports.router_agi),
        AMI_PORT=str(asterisk.ports.ami),
        AMI_SECRET=asterisk.settings["AMI_SECRET"],
        LOG_LEVEL="info",
    )


def _step(asterisk: Asterisk, house: House, dialled: str, rate: int, seconds: float) -> Step:
    with tempfile.TemporaryDirectory(prefix="threadline-bench-") as name:
        folder = Path(name)
        lost, given_up = _defaulted(asterisk), _given_up(house)
        before = (cpu(house.pid), cpu(asterisk.pid), _used(), _sipps())
        begun = time.perf_counter()
        _call(folder, asterisk, dialled, rate, seconds)
        took = time.perf_counter() - begun
        after = (cpu(house.pid), cpu(asterisk.pid), _used(), _sipps())
        router, own, used, sipps = (now - then for now, then in zip(after, before, strict=True))
        done, failed, why = _outcome(folder)
        ends, times = _times(folder)
        lost, given_up = _defaulted(asterisk) - lost, _given_up(house) - given_up
        asterisk.reset()  # whoever waits in the default queue would take part in the next step
    each, cores = 1000 / max(1, done + failed), took * (os.cpu_count() or 1)
    made = (len(ends) - 1) / (ends[-1] - ends[0]) if len(ends) > 1 else 0.0
    others = max(0.0, used - router - own - sipps) / cores
    return Step(
        rate, made, failed, lost, why, given_up, statistics.median(times or [0.0]),
        router * each, own * each, used / cores, router / took, others,
    )  # fmt: skip


def _call(folder: Path, asterisk: Asterisk, dialled: str, rate: int, seconds: float) -> None:
    options = ["-m", str(int(rate * seconds)), "-l", "3000", "-r", str(rate)]
    options += ["-timeout", f"{seconds + _ENDS_WITHIN:.0f}s", "-trace_err", "-error_file", "errors.log"]
    options += ["-trace_stat", "-fd", "1", "-trace_rtt", "-rtt_freq", "50"]
    numbers = [each.number for each in customers(CUSTOMERS)]
    sipp = calling(asterisk, folder, dialled, options, numbers=numbers, stays=None)
    try:
        sipp.wait(seconds + _ENDS_WITHIN + 20)
    finally:
        if sipp.poll() is None:
            sipp.kill()
            sipp.wait(10)


def _outcome(folder: Path) -> tuple[int, int, Counter[str]]:
    """How many calls went well and how many did not, and for what."""
    with next(folder.glob("callers_*_.csv")).open() as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    why = Counter({name[:-3]: int(count) for name, count in last.items() if _is_reason(name) and count.strip("0")})
    errors = folder / "errors.log"
    said = errors.read_text("utf-8", "replace") if errors.exists() else ""
    why.update(re.findall(r"received '(SIP/2\.0 [0-9]{3}[^\r\n]*)", said))
    return int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]), why


def _is_reason(name: str | None) -> bool:
    wanted = ("Failed", "Retransmissions", "OutOfCall", "DeadCall")
    return name is not None and name.startswith(wanted) and name.endswith("(C)") and name != "FailedCall(C)"


def _times(folder: Path) -> tuple[list[float], list[float]]:
    """When calls ended, in seconds, and how many ms each took."""
    rows = []
    for path in folder.glob("callers_*_rtt.csv"):
        with path.open() as file:
            rows += [row for row in csv.reader(file, delimiter=";") if row[1:] and row[1][:1].isdigit()]
    return sorted(float(row[0]) / 1000 for row in rows), [float(row[1]) for row in rows]


def _defaulted(asterisk: Asterisk) -> int:
    """Callers who wait in the default queue, or hung up there, since Asterisk started."""
    shown = asterisk.cli("queue show default")
    return sum(int(count) for pattern in (r"has (\d+) calls", r"\bA:(\d+)") for count in re.findall(pattern, shown))


def _given_up(house: House) -> Counter[str]:
    with urllib.request.urlopen(f"{house.url}/metrics", timeout=30) as answer:
        told = answer.read().decode()
    counts = re.findall(r"^threadline_calls_given_up_total{.*reason=\"(\w+)\".*} (\S+)$", told, flags=re.MULTILINE)
    return Counter({reason: round(float(count)) for reason, count in counts})


def _used() -> float:
    """Seconds of CPU that all processes of the machine have used (proc(5): user, nice, system)."""
    fields = Path("/proc/stat").read_text().split(maxsplit=8)
    return sum(int(fields[place]) for place in (1, 2, 3)) / os.sysconf("SC_CLK_TCK")


def _sipps() -> float:
    """Seconds of CPU of all programs that were started here and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _line(bare: Step, ours: Step) -> tuple[str, ...]:
    return (
        str(ours.asked),
        f"{bare.made:.0f}", str(bare.failed), f"{bare.p50:.1f}", f"{bare.asterisk:.2f}",
        f"{ours.made:.0f}", str(ours.failed), f"{ours.p50:.1f}", f"{ours.asterisk:.2f}", f"{ours.router:.2f}",
        f"{ours.p50 - bare.p50:.1f}", f"{ours.busy:.0%}",
    )  # fmt: skip


def _note(rate: int, which: str, step: Step) -> str:
    """What the limit was."""
    used = f"cores {step.busy:.0%} busy, others' work {step.others:.0%}, the router {step.core:.0%} of its core"
    lost = f"; {step.defaulted} to the default queue, the router was not in time" if step.defaulted else ""
    said = f"{_counted('the router gave up', step.given_up)}{_counted('sipp', step.why)}"
    return f"- {rate} a second {which}: {used}; {step.failed} failed{lost}{said}"


def _counted(whose: str, counts: Counter[str]) -> str:
    told = ", ".join(f"{name} {count}" for name, count in counts.most_common() if count)
    return f"; {whose}: {told}" if told else ""
