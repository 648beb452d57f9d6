"""What `threadline doctor` says of the way on which callers are listened to."""

from __future__ import annotations

from typing import Any

import pytest

from router.cli import audiosocket_findings
from router.cli.audiosocket_findings import audiosocket_found
from router.cli.findings import Health
from router.settings import load
from router.speech.audiosocket.server import AudioSocketServer


@pytest.fixture(autouse=True)
def somebody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiosocket_findings, "chosen", lambda settings: "whisper")


async def test_a_port_that_is_open() -> None:
    server = AudioSocketServer(port=0)
    await server.start()
    port = server.address[1]
    found = await audiosocket_found(load({}, audiosocket_port=port))
    await server.stop()
    assert found.health is Health.WELL
    assert f"is told 127.0.0.1:{port}" in found.found
    gone = await audiosocket_found(load({}, audiosocket_port=port))
    assert (gone.health, gone.remedy) == (Health.OFF, "start 'threadline serve'")


async def test_an_asterisk_elsewhere_that_is_sent_to_itself() -> None:
    elsewhere: dict[str, Any] = {"ami_host": "10.0.0.7", "ami_secret": "0123456789abcdef"}
    found = await audiosocket_found(load({}, **elsewhere))
    assert found.health is Health.ILL
    assert "THREADLINE_AUDIOSOCKET_ADDRESS" in found.remedy
    found = await audiosocket_found(load({}, audiosocket_address="10.0.0.5:4574", audiosocket_port=1, **elsewhere))
    assert found.health is Health.OFF


async def test_without_a_recogniser_it_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiosocket_findings, "chosen", lambda settings: None)
    assert (await audiosocket_found(load({}))).health is Health.OFF
