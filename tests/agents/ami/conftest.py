from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from router.agents.ami import Ami, AmiSettings
from tests.agents.ami.heard import Connect, Heard
from tests.agents.ami.peer import Peer


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer() as peer:
        yield peer


@pytest.fixture
async def start(peer: Peer, heard: Heard) -> AsyncIterator[Connect]:
    """Start an `Ami` against the peer, with short times; the test may set others."""
    started: list[Ami] = []

    async def start(*, hears: bool = True, on_name: Callable[[str], None] | None = None, **times: float) -> Ami:
        quick = {"retry_first": 0.01, "retry_longest": 0.05, **times}
        settings = AmiSettings(username="threadline", secret="geheim", port=peer.port, **quick)  # type: ignore[arg-type]
        ami = Ami(settings, heard, hears=hears, on_name=on_name, jitter=lambda: 0.5)
        started.append(ami)
        await ami.start()
        return ami

    yield start
    for ami in started:
        await ami.stop()
