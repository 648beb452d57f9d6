"""(c) Whole calls through a real Asterisk, more and more a second, until Asterisk or the machine is the limit."""

from __future__ import annotations

import csv
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.desk.company import QUEUE, customers
from bench.speed.house import CUSTOMERS, House, served
from bench.speed.processes import cpu
from bench.speed.tables import table
from tests.system.harness.asterisk import SETUP, TRUNK_ADDRESS, Asterisk
from tests.system.harness.waiting import free_port

STEPS = (50, 100, 150, 200, 250, 300, 350, 400)
DIALLED, BARE = "+493023125000", "4999"
"""Where the router is asked, and where Asterisk answers and hangs up by itself."""
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
exten => {BARE},1,Answer()
 same => n,Hangup()
"""
_SCENARIO = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
  <send retrans="500" start_rtd="call"><![CDATA[
INVITE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[local_ip]>;tag=caller[call_number]
To: <sip:{dialled}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:trunk@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=bench 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200"/>
  <send><![CDATA[
ACK sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[local_ip]>;tag=caller[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv request="BYE" rtd="call" timeout="15000"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


@dataclass(frozen=True, slots=True)
class Step:
    """What came of so many calls ``asked`` for a second. CPU in ms a call; ``p50`` from INVITE to BYE in ms."""

    asked: int
    made: float
    failed: int
    router: float
    asterisk: float
    share: float
    """Of all CPU that was used while calls came, how much the router used."""
    p50: float


def run(seconds: float) -> str:
    """The table."""
    if os.geteuid() != 0:
        return "Left out: Asterisk runs in a chroot, which needs root."
    made = subprocess.run([str(SETUP)], capture_output=True, text=True, timeout=900)
    if made.returncode:
        return f"Left out: no Asterisk: {made.stderr.strip()}"
    lines = []
    with _asterisk(Path(made.stdout.strip())) as asterisk, _house(asterisk) as house:
        for asked in STEPS:
            bare = _step(asterisk, house, BARE, asked, 2 * seconds)
            ours = _step(asterisk, house, DIALLED, asked, 2 * seconds)
            lines.append(_line(bare, ours))
            if ours.failed > ours.asked or ours.made < 0.8 * asked:
                break
    head = (
        "calls/s asked for", "bare: made", "failed", "p50 ms", "Asterisk ms",
        "Threadline: made", "failed", "p50 ms", "Asterisk ms", "router ms", "router's share", "added p50 ms",
    )  # fmt: skip
    told = (
        "Each step first with Asterisk's own Answer and Hangup (bare), then asking Threadline (a known number, stored, "
        "matched, decided). ms of CPU a call; Asterisk, router and callers share all cores."
    )
    return f"{told}\n\n{table(head, lines)}"


@contextmanager
def _asterisk(chroot: Path) -> Iterator[Asterisk]:
    asterisk = Asterisk(chroot)
    asterisk.install(RTP_START="20000", RTP_END="39999")
    (asterisk.directory / "etc" / "extensions_custom.conf").write_text(_BARE)
    asterisk.start()
    try:
        yield asterisk
    finally:
        asterisk.stop()


def _house(asterisk: Asterisk) -> AbstractContextManager[House]:
    return served(
        None,
        flow=_FLOW,
        FASTAGI_PORT=str(asterisk.ports.router_agi),
        AMI_PORT=str(asterisk.ports.ami),
        AMI_SECRET=asterisk.settings["AMI_SECRET"],
        LOG_LEVEL="info",
    )


def _step(asterisk: Asterisk, house: House, dialled: str, asked: int, seconds: float) -> Step:
    with tempfile.TemporaryDirectory(prefix="threadline-bench-") as name:
        folder = Path(name)
        before, begun = (cpu(house.pid), cpu(asterisk.pid), _used()), time.perf_counter()
        _call(folder, asterisk, dialled, asked, seconds)
        took = time.perf_counter() - begun
        router, own, used = cpu(house.pid) - before[0], cpu(asterisk.pid) - before[1], _used() - before[2]
        with next(folder.glob("caller_*_.csv")).open() as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        done, failed = int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])
        with next(folder.glob("caller_*_rtt.csv")).open() as file:
            times = [float(row[1]) for row in csv.reader(file, delimiter=";") if row[1:] and row[1][:1].isdigit()]
    each = 1000 / max(1, done + failed)
    share = router / used if used else 0.0
    return Step(asked, done / took, failed, router * each, own * each, share, statistics.median(times or [0.0]))


def _call(folder: Path, asterisk: Asterisk, dialled: str, asked: int, seconds: float) -> None:
    numbers = "\n".join(f"{each.number};" for each in customers(CUSTOMERS))
    (folder / "callers.csv").write_text(f"SEQUENTIAL\n{numbers}\n")
    (folder / "caller.xml").write_text(_SCENARIO.format(dialled=dialled))
    port = free_port(socket.SOCK_DGRAM, TRUNK_ADDRESS)
    options = ["-i", TRUNK_ADDRESS, "-p", str(port), "-nostdin", "-sf", "caller.xml", "-inf", "callers.csv"]
    amount = ["-m", str(int(asked * seconds)), "-l", "3000", "-r", str(asked), "-timeout", f"{int(seconds) + 40}s"]
    traces = ["-trace_stat", "-fd", "1", "-trace_rtt", "-rtt_freq", "50"]
    with (folder / "callers.log").open("wb") as out:
        subprocess.run(
            ["sipp", f"127.0.0.1:{asterisk.ports.sip}", *options, *amount, *traces],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            timeout=seconds + 60,
        )


def _used() -> float:
    """Seconds of CPU that all processes of the machine have used (proc(5): user, nice, system)."""
    fields = Path("/proc/stat").read_text().split(maxsplit=8)
    return sum(int(fields[place]) for place in (1, 2, 3)) / os.sysconf("SC_CLK_TCK")


def _line(bare: Step, ours: Step) -> tuple[str, ...]:
    return (
        str(ours.asked),
        f"{bare.made:.0f}", str(bare.failed), f"{bare.p50:.1f}", f"{bare.asterisk:.2f}",
        f"{ours.made:.0f}", str(ours.failed), f"{ours.p50:.1f}", f"{ours.asterisk:.2f}", f"{ours.router:.2f}",
        f"{ours.share:.0%}", f"{ours.p50 - bare.p50:.1f}",
    )  # fmt: skip
