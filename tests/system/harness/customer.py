"""A customer who is called: a telephone at the far end of the trunk, which rings, or cannot be reached."""

from __future__ import annotations

from pathlib import Path

from tests.system.harness.asterisk import TRUNK_ADDRESS, Asterisk
from tests.system.harness.media import PAYLOAD_EVENT, Media
from tests.system.harness.phone import RING, Ringing
from tests.system.harness.sipp import Sipp

BUSY, NO_ANSWER = "486 Busy Here", "480 Temporarily Unavailable"
"""What the network says of a customer who is not reached."""

_DECLINES = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="customer is not reached">
  <recv request="INVITE"/>
  <send><![CDATA[
SIP/2.0 {answer}
[last_Via:]
[last_From:]
[last_To:];tag=customer[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <recv request="ACK"/>
</scenario>
"""


class Customer(Ringing):
    """Takes one call that goes out over the trunk, whatever number is dialled; or ``calls`` calls where the network
    ``declines`` them."""

    def __init__(self, asterisk: Asterisk, directory: Path, *, declines: str | None = None, calls: int = 1) -> None:
        self.number = "customer"
        self.media = Media(TRUNK_ADDRESS)
        directory.mkdir(parents=True, exist_ok=True)
        values = {
            "number": self.number,
            "media_host": TRUNK_ADDRESS,
            "media_port": self.media.port,
            "event": PAYLOAD_EVENT,
        }
        scenario = directory / "customer.xml"
        scenario.write_text(_DECLINES.format(answer=declines) if declines else RING.format(**values))
        remote, arguments = f"127.0.0.1:{asterisk.ports.sip}", ["-sf", str(scenario), "-m", str(calls)]
        self.sipp = Sipp(directory, TRUNK_ADDRESS, asterisk.ports.customers, remote, arguments)

    @property
    def dialled(self) -> list[str]:
        """The numbers that were dialled."""
        return [invite.first_line.split()[1].removeprefix("sip:").partition("@")[0] for invite in self.invites]
