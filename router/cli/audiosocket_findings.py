"""Whether callers who come through Asterisk can be listened to, for ``threadline doctor``."""

from __future__ import annotations

import asyncio
from typing import Final

from router.cli.findings import Finding, Health
from router.settings import Settings
from router.speech.recognition.choice import chosen

PART: Final = "AudioSocket"
_PATIENCE: Final = 6.0
_LOOPBACK: Final = ("127.", "localhost:", "[::1]")


async def audiosocket_found(settings: Settings) -> Finding:
    """Whether the port is open, and whether Asterisk can find it. What Asterisk has loaded it tells nobody who may not
    own it; the log of the service says when a call finds the modules missing."""
    if chosen(settings) is None:
        return Finding(PART, Health.OFF, "nobody listens, so it is not needed", "see 'speech' above")
    told = settings.audiosocket_told
    hosts = [host for host, _ in settings.ami_addresses]
    away = next((host for host in hosts if not f"{host}:".startswith(_LOOPBACK)), None)
    if settings.ami_secret and told.startswith(_LOOPBACK) and away is not None:
        remedy = (
            "set THREADLINE_AUDIOSOCKET_ADDRESS to where that machine reaches this one, and ..._HOST to listen there"
        )
        return Finding(PART, Health.ILL, f"Asterisk at {away} is told {told}, which is itself", remedy)
    address = f"{settings.audiosocket_host}:{settings.audiosocket_port}"
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(settings.audiosocket_host, settings.audiosocket_port)
    except (OSError, TimeoutError):
        return Finding(PART, Health.OFF, f"nothing listens at {address}", "start 'threadline serve'")
    writer.close()
    return Finding(
        PART, Health.WELL, f"listens at {address}; Asterisk, with res_audiosocket and app_audiosocket, is told {told}"
    )
