"""How we and Asterisk reach each other, and the agents' phones and queues."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from router.settings.types import Group, OptionalSecret, Port, WebAddress, host_and_port

QueueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
"""What Asterisk's files and dialplan can take; a dot stands before the names of skills there."""


def _hosts(given: str | tuple[str, ...]) -> str | tuple[str, ...]:
    hosts = (given,) if isinstance(given, str) else given
    if not hosts or len(set(hosts)) < len(hosts):
        raise ValueError("is one host, or a list of several that differ")
    for host in hosts:
        host_and_port(host, 0)
    return given


AsteriskHosts = Annotated[str | tuple[str, ...], AfterValidator(_hosts)]


class AsteriskSettings(Group):
    """How we and Asterisk reach each other, and the agents' phones and queues."""

    fastagi_host: str = Field("127.0.0.1", description="Address that FastAGI listens on.")
    fastagi_port: Port = Field(4573, description="Port that FastAGI listens on.")
    fastagi_calls: Annotated[int, Field(ge=1, le=100_000)] = Field(
        5000, description="Calls over FastAGI at one time; one more goes to Asterisk's default queue."
    )
    ami_host: AsteriskHosts = Field(
        "127.0.0.1",
        description="Host of Asterisk's manager interface; of several Asterisks all of them, with a port where it is "
        'another than `ami_port`: ["10.0.0.11", "10.0.0.12:5039"] (docs/several-machines.md).',
    )
    ami_port: Port = Field(5038, description="Port of Asterisk's manager interface.")
    ami_username: str = Field("threadline", description="User of the manager interface.")
    ami_secret: OptionalSecret = Field(
        None, description="Password of that user; without it no agent's phone is followed."
    )
    phones: tuple[str, ...] = Field(
        (),
        description='Phones that agents may choose: ["PJSIP/101", "+491711234567", "sip:anna@pbx.example.net"]; the '
        "latter two are dialled through Twilio (docs/twilio-agents.md).",
        examples=[["PJSIP/101", "PJSIP/102"]],
    )
    queues: tuple[QueueName, ...] = Field(
        ("default", "sales", "service"), description="Queues that agents may belong to."
    )
    asterisk_queues_file: Path | None = Field(
        None,
        description="File for Asterisk's queues, written with each release of the flows; none: "
        "`threadline queues write` does it.",
    )
    asterisk_sounds: Path | None = Field(
        None,
        description="Asterisk's folder of sounds, such as /usr/share/asterisk/sounds: what queues announce goes there.",
    )
    prompt_url: WebAddress | None = Field(
        None, description="Address under which Asterisk fetches prompts; `http://HOST:PORT` where not set."
    )
    voicemails: Path = Field(
        Path("/var/spool/asterisk/threadline"),
        description="Folder in which we find the messages that callers leave at Asterisk, to play them on the desk.",
    )
    recordings: Path = Field(Path("recordings"), description="Folder of recorded prompts: LANGUAGE/NAME.wav.")

    @property
    def ami_addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of the manager interface of each Asterisk."""
        hosts = (self.ami_host,) if isinstance(self.ami_host, str) else self.ami_host
        return tuple(host_and_port(host, self.ami_port) for host in hosts)
