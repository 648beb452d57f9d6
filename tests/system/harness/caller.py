"""A caller: one call from the trunk. The test decides number, privacy, keys and end; what is heard is noted."""

from __future__ import annotations

import contextlib
import re
import socket
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from tests.system.harness.asterisk import TRUNK_ADDRESS, Asterisk
from tests.system.harness.media import PAYLOAD_EVENT, Media, Sound
from tests.system.harness.sipp import SipMessage, Sipp
from tests.system.harness.waiting import free_port, until

QUIET = 0.4
"""Seconds without a sound after which a prompt is over."""

_SCENARIO = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
  <send retrans="500"><![CDATA[
INVITE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {sender};tag=[call_number]{tag}
To: <sip:{dialled}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:trunk@[local_ip]:[local_port]>
Max-Forwards: 70
{extra}Content-Type: application/sdp
Content-Length: [len]

v=0
o=caller 1 1 IN IP4 {media_host}
s=-
c=IN IP4 {media_host}
t=0 0
m=audio {media_port} RTP/AVP 8 {event}
a=rtpmap:8 PCMA/8000
a=rtpmap:{event} telephone-event/8000
a=fmtp:{event} 0-15
a=ptime:20

]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" timeout="20000">
    <action><ereg regexp=".*" search_in="hdr" header="To:" assign_to="1"/></action>
  </recv>
  <send><![CDATA[
ACK sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {sender};tag=[call_number]{tag}
To:[$1]
Call-ID: [call_id]
CSeq: 1 ACK
Contact: <sip:trunk@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv request="BYE" optional="true" next="1"/>
  <recv request="MESSAGE" timeout="600000"/>
  <send retrans="500"><![CDATA[
BYE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {sender};tag=[call_number]{tag}
To:[$1]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200" next="2"/>
  <label id="1"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <label id="2"/>
  <nop/>
</scenario>
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the network says about who calls.

    ``number`` stands in From, ``asserted`` in P-Asserted-Identity, ``privacy`` in Privacy (``id`` withholds it).
    """

    number: str
    asserted: str | None = None
    privacy: str | None = None
    name: str | None = None
    verstat: str | None = None
    """What the network found out about the asserted number (STIR/SHAKEN)."""
    level: str | None = None
    """The level of that in a header of its own."""
    signed: str | None = None
    """The signature of the number, for those who check it themselves (header Identity, RFC 8224)."""

    @classmethod
    def withheld(cls, real_number: str) -> Identity:
        """A caller who suppressed the number, as a trunk delivers it: the real one is there all the same."""
        return cls("anonymous", asserted=real_number, privacy="id", name="Anonymous")

    @property
    def sender(self) -> str:
        host = "anonymous.invalid" if self.number == "anonymous" else TRUNK_ADDRESS
        shown = f'"{self.name}" ' if self.name else ""
        return f"{shown}<sip:{self.number}@{host}>"

    @property
    def headers(self) -> str:
        found = f";verstat={self.verstat}" if self.verstat else ""
        named = f'"{self.name}" ' if self.name else ""
        headers = {
            "P-Asserted-Identity": f"{named}<sip:{self.asserted}{found}@{TRUNK_ADDRESS}>" if self.asserted else None,
            "P-Attestation-Indicator": self.level,
            "Identity": self.signed,
            "Date": format_datetime(datetime.now(UTC), usegmt=True) if self.signed else None,
            "Privacy": self.privacy,
        }
        return "".join(f"{name}: {value}\n" for name, value in headers.items() if value)


class Caller:
    """A call that is being made. `answered` waits for the answer; then `media` hears and keys, `hang_up` ends it."""

    def __init__(self, asterisk: Asterisk, directory: Path, identity: Identity, dialled: str) -> None:
        for value in (identity.sender, identity.headers, dialled):
            if re.search(r"[\[\]]|\]\]>", value):
                raise ValueError(f"sipp would take brackets for its own: {value!r}")
        self.media = Media(TRUNK_ADDRESS)
        self.call_id = f"tl-{uuid.uuid4().hex}"
        directory.mkdir(parents=True, exist_ok=True)
        scenario = directory / "caller.xml"
        scenario.write_text(
            _SCENARIO.format(
                dialled=dialled,
                sender=identity.sender,
                extra=identity.headers,
                tag=self.call_id[-8:],
                media_host=self.media.host,
                media_port=self.media.port,
                event=PAYLOAD_EVENT,
            )
        )
        port = free_port(socket.SOCK_DGRAM, TRUNK_ADDRESS)
        remote = f"127.0.0.1:{asterisk.ports.sip}"
        self.sipp = Sipp(directory, TRUNK_ADDRESS, port, remote, ["-sf", str(scenario), "-cid_str", self.call_id])

    def answered(self, within: float = 10) -> float:
        """Waits until the call is up and sound flows; returns the moment of the 200."""

        def answer() -> SipMessage | None:
            if (code := self.sipp.process.poll()) is not None and not self.sipp.find("SIP/2.0 200"):
                raise RuntimeError(f"the call failed (sipp {code}):\n{self.sipp.report()}")
            return next(iter(self.sipp.find("SIP/2.0 200", sent=False)), None)

        message = until(answer, within, "call answered")
        assert message.media is not None
        self.media.send_to(*message.media)
        return message.at

    def hears(self, since: float = 0.0, within: float = 10) -> float:
        """Waits until a prompt (or somebody who speaks) is heard after ``since``; returns the moment."""
        try:
            return until(lambda: self.media.first(Sound.OTHER, since), within, "the caller hears something")
        except TimeoutError as error:
            raise TimeoutError(f"{error}; heard {self.media.summary(since)}") from None

    def hears_the_end(self, since: float = 0.0, within: float = 20) -> float:
        """Waits until something has been heard after ``since`` and is over; returns the moment of its last sound."""
        self.hears(since, within)

        def over() -> float | None:
            last = self.media.last(Sound.OTHER, since)
            return last if last and time.monotonic() - last > QUIET else None

        return until(over, within, "what the caller hears ends")

    def press(self, digits: str) -> None:
        """Keys in digits, 0.2 s each. Returns at once."""
        self.media.press(digits)

    def begins_to_say(self, sound: bytes) -> float:
        """Speaks: A-law (`harness.speech`). Returns at once, with the moment."""
        self.media.play(sound)
        return time.monotonic()

    def says(self, sound: bytes) -> float:
        """Speaks to the end; returns the moment of it."""
        self.media.play(sound)
        until(lambda: not self.media.to_say, len(sound) / 8000 + 10, "the caller has spoken")
        return time.monotonic()

    def hang_up(self, within: float = 5) -> None:
        """Ends the call from the caller's side and waits for the network to say so."""
        if self.sipp.process.poll() is None:
            self.sipp.nudge(self.call_id)
        self.ended(within)

    def ended(self, within: float) -> None:
        """Waits until the call is over, whoever ended it."""
        until(lambda: self.sipp.process.poll() is not None, within, f"call over\n{self.sipp.report()}")

    @property
    def up(self) -> bool:
        return self.sipp.process.poll() is None

    @property
    def ended_by_far_side(self) -> bool:
        """Whether it was not the caller who hung up."""
        return bool(self.sipp.find("BYE", sent=False))

    def close(self) -> None:
        """Hangs up when the call is still up, and frees everything."""
        if self.up:
            with contextlib.suppress(TimeoutError):
                self.hang_up(2)
        self.sipp.stop()
        self.media.close()
