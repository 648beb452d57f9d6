"""Many callers who all do the same, one sipp for all of them. A caller who does as a test says is a `Caller`."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.system.harness.asterisk import TRUNK_ADDRESS, Asterisk
from tests.system.harness.waiting import free_port

ANYBODY = "+49305550[call_number]"
"""A number of each caller's own, as sipp writes it."""
SCREEN = "callers.log"
_SCENARIO = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="callers">
  <send retrans="500" start_rtd="call"><![CDATA[
INVITE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{number}@[local_ip]>;tag=caller[call_number]
To: <sip:{dialled}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:trunk@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=callers 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=ptime:20

]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200"/>
  <send><![CDATA[
ACK sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{number}@[local_ip]>;tag=caller[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
{end}</scenario>
"""
_HANGS_UP = """  <pause milliseconds="{stays}"/>
  <send retrans="500"><![CDATA[
BYE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{number}@[local_ip]>;tag=caller[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200" rtd="call"/>
"""
_IS_HUNG_UP_ON = """  <recv request="BYE" rtd="call" timeout="15000"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""


def calling(
    asterisk: Asterisk,
    directory: Path,
    dialled: str,
    options: Sequence[str],
    *,
    numbers: Sequence[str] = (),
    stays: float | None,
) -> subprocess.Popen[bytes]:
    """The sipp of callers from the trunk: its ``options`` say how many and how quickly. Each calls from the next of
    ``numbers`` (else from one of their own) and hangs up after ``stays`` seconds; None: the far side has to, within
    15 s. What sipp shows is in `SCREEN`, its timer ``call`` takes a call from the INVITE to its end."""
    directory.mkdir(parents=True, exist_ok=True)
    number = "[field0]" if numbers else ANYBODY
    end = _IS_HUNG_UP_ON if stays is None else _HANGS_UP.format(dialled=dialled, number=number, stays=int(stays * 1000))
    (directory / "callers.xml").write_text(_SCENARIO.format(dialled=dialled, number=number, end=end))
    given: list[str] = []
    if numbers:
        (directory / "callers.csv").write_text("SEQUENTIAL\n" + "".join(f"{each};\n" for each in numbers))
        given = ["-inf", "callers.csv"]
    port = free_port(socket.SOCK_DGRAM, TRUNK_ADDRESS)
    at = [f"127.0.0.1:{asterisk.ports.sip}", "-i", TRUNK_ADDRESS, "-p", str(port), "-nostdin", "-sf", "callers.xml"]
    with (directory / SCREEN).open("wb") as screen:
        return subprocess.Popen(
            ["sipp", *at, *given, *options], cwd=directory, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen
        )
