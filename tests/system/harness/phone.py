"""An agent's phone: signs in with its number and password, rings, and answers or hangs up when the test says so."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from tests.system.harness.asterisk import Asterisk
from tests.system.harness.media import PAYLOAD_EVENT, Media
from tests.system.harness.sipp import SipMessage, Sipp
from tests.system.harness.waiting import free_port, until

_ADDRESS = "127.0.0.1"

_REGISTER = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="phone signs in">
  <send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{number}@[remote_ip]>;tag=[call_number]
To: <sip:{number}@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:{number}@[local_ip]:[local_port]>
Max-Forwards: 70
Expires: 3600
Content-Length: 0

]]></send>
  <recv response="401" auth="true"/>
  <send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{number}@[remote_ip]>;tag=[call_number]
To: <sip:{number}@[remote_ip]>
Call-ID: [call_id]
CSeq: 2 REGISTER
Contact: <sip:{number}@[local_ip]:[local_port]>
[authentication username={number} password={password}]
Max-Forwards: 70
Expires: 3600
Content-Length: 0

]]></send>
  <recv response="200"/>
  <recv request="MESSAGE" timeout="3600000"/>
</scenario>
"""

# sipp numbers all calls that come to it alike: only its id tells the BYE of one from that of the next.
RING = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="phone rings">
  <recv request="OPTIONS" optional="true" next="9"/>
  <recv request="INVITE">
    <action>
      <ereg regexp=".*" search_in="hdr" header="Via:" assign_to="1"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="2"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="3"/>
      <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="4"/>
      <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="5"/>
    </action>
  </recv>
  <send><![CDATA[
SIP/2.0 180 Ringing
Via:[$1]
From:[$2]
To:[$3];tag=phone[call_number]
Call-ID: [call_id]
CSeq: [$4] INVITE
Contact: <sip:{number}@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
  <recv request="MESSAGE" optional="true" next="1"/>
  <recv request="CANCEL" timeout="600000"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=phone[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <send retrans="500"><![CDATA[
SIP/2.0 487 Request Terminated
Via:[$1]
From:[$2]
To:[$3];tag=phone[call_number]
Call-ID: [call_id]
CSeq: [$4] INVITE
Content-Length: 0

]]></send>
  <recv request="ACK" next="10"/>
  <label id="1"/>
  <send retrans="500"><![CDATA[
SIP/2.0 200 OK
Via:[$1]
From:[$2]
To:[$3];tag=phone[call_number]
Call-ID: [call_id]
CSeq: [$4] INVITE
Contact: <sip:{number}@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=phone 1 1 IN IP4 {media_host}
s=-
c=IN IP4 {media_host}
t=0 0
m=audio {media_port} RTP/AVP 8 {event}
a=rtpmap:8 PCMA/8000
a=rtpmap:{event} telephone-event/8000
a=fmtp:{event} 0-15
a=ptime:20

]]></send>
  <recv request="ACK"/>
  <recv request="MESSAGE" optional="true" next="2"/>
  <recv request="BYE" timeout="600000"/>
  <send next="10"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <label id="2"/>
  <send retrans="500"><![CDATA[
BYE [$5] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[call_id]
From:[$3];tag=phone[call_number]
To:[$2]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200" next="10"/>
  <label id="9"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=phone[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <label id="10"/>
  <nop/>
</scenario>
"""


class Ringing:
    """A telephone that rings and answers or hangs up when the test says so."""

    number: str
    media: Media
    sipp: Sipp

    @property
    def invites(self) -> list[SipMessage]:
        """Calls that reached it so far."""
        seen: dict[str, SipMessage] = {}
        for message in self.sipp.find("INVITE", sent=False):
            seen.setdefault(message.header("Call-ID"), message)
        return list(seen.values())

    def rings(self, within: float = 10, nth: int = 1) -> SipMessage:
        """Waits for its ``nth`` call; returns the INVITE, with its moment."""
        return until(
            lambda: self.invites[nth - 1] if len(self.invites) >= nth else None, within, f"phone {self.number} rings"
        )

    @property
    def ringing(self) -> bool:
        """Whether its latest call still waits to be answered."""
        if not self.invites:
            return False
        return self._final(self.invites[-1].header("Call-ID")) is None

    def answer(self, within: float = 5) -> float:
        """Picks up; returns the moment of the 200."""
        invite = self.invites[-1]
        call_id = invite.header("Call-ID")
        if invite.media:
            self.media.send_to(*invite.media)
        self.sipp.nudge(call_id)
        return until(lambda: self._final(call_id), within, f"phone {self.number} picks up").at

    def _final(self, call_id: str) -> SipMessage | None:
        """What it answered to the INVITE in the end."""
        mine = [m for m in self.sipp.find("SIP/2.0", sent=True) if m.header("Call-ID") == call_id]
        return next((m for m in mine if m.first_line[8] in "23456" and m.header("CSeq").endswith("INVITE")), None)

    def hang_up(self, within: float = 5) -> None:
        """Ends its call."""
        call_id = self.invites[-1].header("Call-ID")
        self.sipp.nudge(call_id)
        until(lambda: any(m.header("Call-ID") == call_id for m in self.sipp.find("BYE")), within, "phone hangs up")

    def stops_ringing(self, within: float = 10) -> float:
        """Waits for the CANCEL of its latest call; returns its moment."""
        call_id = self.invites[-1].header("Call-ID")

        def cancelled() -> SipMessage | None:
            cancels = self.sipp.find("CANCEL", sent=False)
            return next((m for m in cancels if m.header("Call-ID") == call_id), None)

        return until(cancelled, within, f"phone {self.number} stops ringing").at

    def close(self) -> None:
        self.sipp.stop()
        self.media.close()


class Phone(Ringing):
    """A phone that is signed in from `sign_in` to `close`. One call at a time."""

    def __init__(self, asterisk: Asterisk, directory: Path, number: str) -> None:
        self.number = number
        self._asterisk = asterisk
        self.media = Media(_ADDRESS)
        directory.mkdir(parents=True, exist_ok=True)
        values = {
            "number": number,
            "password": asterisk.settings[f"PHONE_{number}_SECRET"],
            "media_host": _ADDRESS,
            "media_port": self.media.port,
            "event": PAYLOAD_EVENT,
        }
        for name, text in (("register", _REGISTER), ("ring", RING)):
            (directory / f"{name}.xml").write_text(text.format(**values))
        scenarios = ["-sf", str(directory / "register.xml"), "-oocsf", str(directory / "ring.xml")]
        remote = f"127.0.0.1:{asterisk.ports.sip}"
        self.sipp = Sipp(directory, _ADDRESS, free_port(socket.SOCK_DGRAM), remote, scenarios)

    def sign_in(self, within: float = 10) -> Phone:
        """Waits until Asterisk has accepted the phone and can reach it."""

        def reachable() -> bool:
            if self.sipp.process.poll() is not None:
                raise RuntimeError(f"phone {self.number} could not sign in:\n{self.sipp.report()}")
            shown = self._asterisk.cli(f"pjsip show aor {self.number}", check=False)
            return bool(re.search(rf":{self.sipp.port}\b.*\bAvail\b", shown))

        until(reachable, within, f"phone {self.number} reachable", every=0.1)
        return self
