"""How much of us anybody may have."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from router.settings.types import Group


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"'{text[:45]}' is not an address or network such as 10.0.0.7 or 10.0.0.0/24") from None


ARate = Annotated[int, Field(ge=0, le=10_000_000)]


class LimitSettings(Group):
    """How much of us anybody may have; each process counts for itself."""

    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        (),
        description='Addresses or networks of our own proxies: ["10.0.0.7"]. What they say of who asks '
        "(`X-Forwarded-For`) is believed, what anybody else says is not.",
        examples=[["10.0.0.7"]],
    )
    requests_a_minute: ARate = Field(
        30_000, description="Requests from one address (IPv6: one /64), a tenth of them at once; 0: no limit."
    )
    connections_of_an_address: Annotated[int, Field(ge=0, le=100_000)] = Field(
        1000,
        description="Of the 4,000 connections over HTTP those that one address (IPv6: one /64) may hold; this machine, "
        "trusted proxies and Asterisk are not bound by it. 0: no limit.",
    )
    key_requests_a_minute: ARate = Field(
        12_000, description="Requests with one API key, a tenth of them at once; 0: no limit."
    )
    fastagi_calls_of_a_line: ARate = Field(
        4000, description="Of the calls over FastAGI at one time those that may be of one line; 0: no limit."
    )
    calls_a_minute: ARate = Field(
        24_000,
        description="New calls on one line, and to one number dialled, a tenth of them at once; any more go to the "
        "default queue without being recognised. 0: no limit.",
    )
