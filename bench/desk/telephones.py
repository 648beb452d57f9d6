"""The agents' phones and the callers: one sipp plays all phones, another all callers."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.desk.company import QUEUE, Agent, Customer
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.callers import calling
from tests.system.harness.waiting import free_port

_PHONES_AT: Final = "127.0.0.3"
_PHONE = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="phone">
  <recv request="INVITE"/>
  <send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_From:]
[last_To:];tag=phone[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:phone@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
  <recv request="CANCEL" timeout="{rings}" ontimeout="1" next="2"/>
  <label id="1"/>
  <send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=phone[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:phone@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=bench 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=ptime:20

]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send next="9"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <label id="2"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=phone[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <label id="9"/>
  <nop/>
</scenario>
"""


def prepare(asterisk: Asterisk, agents: Sequence[Agent]) -> int:
    """Give Asterisk the phones and the queue; the port at which the phones are."""
    port = free_port(socket.SOCK_DGRAM, _PHONES_AT)
    etc = asterisk.directory / "etc"
    phones = []
    for agent in agents:
        name = agent.phone.removeprefix("PJSIP/")
        phones.append(f"[{name}](phone)\naors = {name}\n[{name}]\ntype = aor\n")
        phones.append(f"contact = sip:{name}@{_PHONES_AT}:{port}\n")
    (etc / "pjsip_custom.conf").write_text("".join(phones))
    (etc / "queues_custom.conf").write_text(f"[{QUEUE}](hotline)\nstrategy = leastrecent\n")
    (etc / "manager_custom.conf").write_text("[general](+)\ntimestampevents = yes\n")
    return port


class Telephones:
    """Phones that ring for ``rings`` seconds and then answer. Use as a context manager."""

    def __init__(self, asterisk: Asterisk, directory: Path, port: int, rings: float) -> None:
        self._asterisk = asterisk
        self._directory = directory
        self._port = port
        scenario = _PHONE.format(rings=int(rings * 1000))
        (directory / "phone.xml").write_text(scenario)

    def __enter__(self) -> Telephones:
        options = ["-i", _PHONES_AT, "-p", str(self._port), "-nostdin", "-aa", "-sf", "phone.xml"]
        with (self._directory / "phones.log").open("wb") as screen:
            self._phones = subprocess.Popen(
                ["sipp", *options, "-trace_err"],
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=screen,
            )
        return self

    def __exit__(self, *_: object) -> None:
        ended_before = self._phones.poll()
        self._phones.kill()
        self._phones.wait(10)
        if ended_before is not None:  # phones that are not there ring, too, as far as Asterisk tells
            raise RuntimeError(
                f"the phones ended with {ended_before}: {(self._directory / 'phones.log').read_text()[-500:]}"
            )

    def call(
        self, dialled: str, callers: Sequence[Customer], at_once: int, a_second: float, stays: float
    ) -> subprocess.Popen[bytes]:
        """Have everybody call once, at most ``at_once`` at one time and so many ``a_second``, and stay for ``stays``
        seconds."""
        options = ["-m", str(len(callers)), "-l", str(at_once), "-r", f"{a_second:.1f}", "-trace_err"]
        numbers = [customer.number for customer in callers]
        return calling(self._asterisk, self._directory, dialled, options, numbers=numbers, stays=stays)
