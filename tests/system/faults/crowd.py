"""Many callers, one after the other, each for a moment; and where Asterisk took them."""

from __future__ import annotations

import re
import socket
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.system.harness.ami import Event
from tests.system.harness.asterisk import TRUNK_ADDRESS, Asterisk
from tests.system.harness.waiting import free_port

_SCENARIO = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="crowd">
  <send retrans="500"><![CDATA[
INVITE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+49305550[call_number]@[local_ip]>;tag=crowd[call_number]
To: <sip:{dialled}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:trunk@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=crowd 1 1 IN IP4 [local_ip]
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
From: <sip:+49305550[call_number]@[local_ip]>;tag=crowd[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <pause milliseconds="{stays}"/>
  <send retrans="500"><![CDATA[
BYE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+49305550[call_number]@[local_ip]>;tag=crowd[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
"""


class Crowd:
    """Callers who dial ``dialled``, so many ``a_second``, each for ``stays`` seconds."""

    def __init__(
        self, asterisk: Asterisk, directory: Path, dialled: str, count: int, a_second: float, stays: float
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "crowd.xml").write_text(_SCENARIO.format(dialled=dialled, stays=int(stays * 1000)))
        port = free_port(socket.SOCK_DGRAM, TRUNK_ADDRESS)
        self._screen = directory / "screen.log"
        with self._screen.open("wb") as screen:
            self._sipp = subprocess.Popen(
                ["sipp", f"127.0.0.1:{asterisk.ports.sip}", "-i", TRUNK_ADDRESS, "-p", str(port), "-nostdin",
                 "-sf", "crowd.xml", "-m", str(count), "-l", "180", "-r", f"{a_second:.1f}", "-trace_err"],
                cwd=directory, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen,
            )  # fmt: skip

    def over(self, within: float) -> int:
        """Waits for the last of them; how many calls failed for the callers."""
        self._sipp.wait(within)
        said = self._screen.read_text("utf-8", "replace")
        failed = re.findall(r"Failed call\s+\|\s*\d+\s*\|\s*(\d+)", said)
        if not failed:
            raise RuntimeError(f"sipp ended with {self._sipp.returncode}:\n{said[-2000:]}")
        return int(failed[-1])

    def close(self) -> None:
        """Ends it, wherever it stands."""
        if self._sipp.poll() is None:
            self._sipp.kill()
            self._sipp.wait(10)


@dataclass(frozen=True, slots=True)
class Taken:
    """Calls that came, and the seconds after which those that were taken to a queue were there, by queue."""

    came: int
    after: dict[str, list[float]]
    spans: list[tuple[float, float]]
    """When each of these came, and was there (`time.monotonic` seconds)."""

    def last_after(self, moment: float) -> float | None:
        """Seconds after ``moment`` in which the last of those who had come by then was in the default queue; None where
        nobody was on the way."""
        return max((there - moment for came, there in self.spans if came <= moment < there), default=None)

    @property
    def routed(self) -> int:
        return sum(map(len, self.after.values()))

    @property
    def seconds(self) -> list[float]:
        return sorted(each for values in self.after.values() for each in values)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def worst(self) -> float:
        return self.seconds[-1]


def taken(events: Sequence[Event], *, of: int) -> Taken:
    """What became of the calls that came in ``events``, the first ``of`` of them."""
    came = [(each.get("Uniqueid"), each.at) for each in events if _begins(each)][:of]
    joined: dict[str, Event] = {}
    for each in events:
        if each.name == "QueueCallerJoin":
            joined.setdefault(each.get("Uniqueid"), each)
    after: dict[str, list[float]] = {}
    spans: list[tuple[float, float]] = []
    for uniqueid, at in came:
        if there := joined.get(uniqueid):
            after.setdefault(there.get("Queue"), []).append(there.at - at)
            spans.append((at, there.at))
    return Taken(len(came), after, spans)


def _begins(event: Event) -> bool:
    return event.name == "Newchannel" and event.get("Uniqueid") == event.get("Linkedid")
