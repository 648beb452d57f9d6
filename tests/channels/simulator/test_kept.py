"""From a spoken answer to its recording, and to its end: a flow that asks first, the test phone, the page, tidying."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from router import forgetting, server
from router.app_agents import agents_of
from router.core.hearing import Listening, Reading
from router.speech.recognition.ear import Ear
from router.speech.wav import telephone_wav
from router.store import speech_recordings
from tests.api.service import SERVICE_NUMBER, Service, running

pytestmark = pytest.mark.sqlite_only

FLOW = """
version: 1
name: hotline
languages: [de]
start: consent
steps:
  consent:
    type: menu
    text: {de: Dürfen wir aufnehmen was Sie sagen? Für ja drücken Sie die 1 und für nein die 2.}
    options: {"1": {next: ask}, "2": {next: ask_unrecorded}}
    otherwise: ask_unrecorded
  ask:
    type: collect
    text: {de: Ihre Nummer bitte.}
    into: contract
    min_digits: 4
    max_digits: 8
    keep_recording: {announced_by: consent}
    next: human
  ask_unrecorded:
    type: collect
    text: {de: Ihre Nummer bitte.}
    into: contract
    min_digits: 4
    max_digits: 8
    next: human
"""
SOUND = telephone_wav(b"\x01\x00" * 16_000)


class Scripted:
    """A recogniser that has always heard the same."""

    name = "scripted"

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        return (Reading("vier acht zwei eins", 0.8),)

    async def aclose(self) -> None: ...


@pytest.fixture
async def house(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    monkeypatch.setattr("router.app.ear_of", lambda _: Ear(Scripted(), at_once=1, waiting=1, seconds=10))
    (tmp_path / "hotline.yaml").write_text(FLOW)
    async with running(tmp_path, database_url, flows=tmp_path / "hotline.yaml") as service:
        yield service


async def spoken(service: Service, consents: str) -> str:
    """A withheld caller who answers whether to be recorded, and then says a number; the call's id."""
    async with service.allowed("testphone") as phone:
        call = (await phone.post("/testphone/calls", json={"withheld": True, "to": SERVICE_NUMBER})).json()
        event = {"sequence": call["sequence"], "kind": "digits_entered", "digits": consents}
        call = (await phone.post(f"/testphone/calls/{call['call']}/events", json=event)).json()
        address = f"/testphone/calls/{call['call']}/speech?sequence={call['sequence']}"
        said = await phone.post(address, content=SOUND)
        assert said.json()["understood"]["text"] == "vier acht zwei eins", said.text
        await phone.post(f"/testphone/calls/{call['call']}/hangup", json={})
    return str(call["call"])


def kept(folder: Path) -> list[Path]:
    return list((folder / "kept-speech").glob("*"))


async def test_a_caller_who_agreed_is_heard_by_an_admin_for_a_month(house: Service, tmp_path: Path) -> None:
    call = await spoken(house, "1")
    (file,) = kept(tmp_path)
    assert file.read_bytes() == SOUND
    async with house.signed_in("admin") as admin:
        page = (await admin.get(f"/admin/calls/{call}")).text
        (address,) = {part.split('"')[0] for part in page.split('href="')[1:] if "/speech/" in part.split('"')[0]}
        with capture_logs() as logged:
            assert (await admin.get(address)).content == SOUND
        assert [line["call"] for line in logged if "fetched" in line["event"]] == [call]
    agents, end = agents_of(house.house), house.clock() + timedelta(days=30)
    await server.tidy(house.house, agents, end)
    await forgetting.forget_files(house.house, end)
    assert kept(tmp_path) == [file]
    await server.tidy(house.house, agents, end + timedelta(seconds=1))
    await forgetting.forget_files(house.house, end + timedelta(seconds=1))
    assert kept(tmp_path) == []
    async with house.house.database.read() as connection:
        assert not await speech_recordings.of_call(connection, call)


async def test_of_a_caller_who_did_not_agree_nothing_is_kept(house: Service, tmp_path: Path) -> None:
    call = await spoken(house, "2")
    assert kept(tmp_path) == []
    async with house.signed_in("admin") as admin:
        assert "/speech/" not in (await admin.get(f"/admin/calls/{call}")).text
