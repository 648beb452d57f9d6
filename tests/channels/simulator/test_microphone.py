"""The test phone's microphone in a real Chromium: what is spoken into it reaches the recogniser and then the call."""

from __future__ import annotations

import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray
from playwright.async_api import Browser, Page, async_playwright, expect

from router.core.hearing import Listening, Reading
from router.speech.recognition.ear import Ear
from router.speech.recognition.recogniser import RATE, RecognitionFailed
from tests.desk.site import FLAGS, Site, service

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]

FLOW = """
version: 1
name: hotline
languages: [de, en]
start: ask
steps:
  ask:
    type: collect
    text: {de: Ihre Vertragsnummer bitte., en: "Your contract number, please."}
    into: contract
    min_digits: 4
    max_digits: 8
    next: connect
    none: keys
    otherwise: keys
  keys:
    type: collect
    text: {de: Ihre Kundennummer bitte., en: "Your customer number, please."}
    into: customer
    next: connect
    otherwise: connect
  connect: {type: transfer, queue: sales, timeout: 60, no_answer: human, unavailable: human}
"""
NUMBER = "4821390"
HERTZ = {digit: 400 + 250 * int(digit) for digit in "0123456789"}
RECORDED_AT = 48_000


def tones(number: str, before: float = 0.6, after: float = 2.0) -> bytes:
    """A number as tones, one for each digit, in the middle of silence, as a WAV of a sound card."""
    at = np.arange(round(0.2 * RECORDED_AT)) / RECORDED_AT
    parts = [np.zeros(round(before * RECORDED_AT))]
    for digit in number:
        parts += [0.3 * np.sin(2 * np.pi * HERTZ[digit] * at), np.zeros(round(0.12 * RECORDED_AT))]
    samples = np.concatenate([*parts, np.zeros(round(after * RECORDED_AT))])
    return wav_of(samples)


def wav_of(samples: NDArray[np.float64]) -> bytes:
    written = BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((1, 2, RECORDED_AT, len(samples), "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return written.getvalue()


def digits_in(audio: bytes) -> str:
    """The tones back, so far as they are whole and at the right pitch."""
    samples = np.frombuffer(audio, "<i2").astype(np.float64)
    blocks = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    loud = np.sqrt((blocks**2).mean(axis=1)) > 1000
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    said = ""
    for start, end in edges.reshape(-1, 2):
        if end - start < 10:
            continue
        tone = samples[start * 80 : end * 80]
        pitch = np.abs(np.fft.rfft(tone)).argmax() * RATE / len(tone)
        said += min(HERTZ, key=lambda digit: abs(HERTZ[digit] - pitch))
    return said


@dataclass
class Tones:
    """A recogniser of tones; it fails where it is told to."""

    name: str = "tones"
    heard: list[float] = field(default_factory=list)
    failure: str = ""

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        self.heard.append(len(audio) / (2 * RATE))
        if self.failure:
            raise RecognitionFailed(self.failure)
        number = digits_in(audio)
        return (Reading(" ".join(number), 0.84), Reading(" ".join(number[:-1]), 0.07)) if number else ()

    async def aclose(self) -> None: ...


@dataclass
class Booth:
    """A service that listens, and browsers with and without a microphone."""

    site: Site
    recogniser: Tones
    sound: Path

    def plays(self, wav: bytes) -> None:
        self.sound.write_bytes(wav)

    @asynccontextmanager
    async def page(self, *, allowed: bool = True, language: str = "en") -> AsyncIterator[Page]:
        """The test phone in a call that asks for a number."""
        person = await self.site.person(f"tester-{language}", language, "admin")
        async with self.site.page(person, "/testphone") as page:
            if allowed:
                await page.context.grant_permissions(["microphone"])
            await page.locator("#withheld").check()
            await page.locator("#call").click()
            await expect(page.locator("#talk")).to_be_enabled()
            yield page

    async def input(self, name: str) -> str | None:
        async with self.site.house.database.read() as connection:
            (row,) = (await connection.exec_driver_sql("select id from calls")).all()
        return (await self.site.house.calls.turn(row.id)).session.inputs.get(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spoken(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    yield tmp_path_factory.mktemp("sound") / "spoken.wav"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listening_browser(spoken: Path) -> AsyncIterator[Browser]:
    """A browser whose microphone plays the file from its beginning each time it is opened."""
    flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={spoken}%noloop"]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), headless=True, args=[*FLAGS, *flags]
        )
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def booth(
    tmp_path: Path, spoken: Path, listening_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Booth]:
    recogniser = Tones()
    ear = Ear(recogniser, at_once=1, waiting=1, seconds=10)
    monkeypatch.setattr("router.app.ear_of", lambda _settings: ear)
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "hotline.yaml").write_text(FLOW)
    async with service(tmp_path, listening_browser, flows) as site:
        made = Booth(site, recogniser, spoken)
        made.plays(tones(NUMBER))
        yield made


async def test_a_number_that_is_spoken_reaches_the_call(booth: Booth) -> None:
    async with booth.page() as page:
        await page.locator("#talk").click()
        await expect(page.locator("#talk")).to_have_text("Done")
        await expect(page.locator("#talk-state")).to_have_text("Speak now. A pause ends the answer.")
        await expect(page.locator("#level")).to_be_visible()
        said = " ".join(NUMBER)
        await expect(page.locator("#heard .caller")).to_have_text(f"Caller says: {said}", timeout=15_000)
        readings = page.locator("#heard .readings li")
        await expect(readings).to_have_text([f"{said} 84%", f"{said[:-2]} 7%"])
        await expect(page.locator("#heard .readings")).to_contain_text("Understood by tones:")
        await page.locator("[data-digit='1']").click()  # yes, that was it
        await expect(page.locator("#state")).to_have_attribute("data-state", "queue")
        await expect(page.locator("#level")).to_be_hidden()
        await expect(page.locator("#talk")).to_have_text("Speak")
        await expect(page.locator("#talk")).to_be_disabled()
        assert await booth.input("contract") == NUMBER
    (seconds,) = booth.recogniser.heard
    assert 3 < seconds < 6, "the pause ended it, not the longest time"


async def test_a_lost_recogniser_leads_to_the_keys(booth: Booth) -> None:
    booth.recogniser.failure = "it is away"
    async with booth.page() as page:
        await page.locator("#talk").click()
        await expect(page.locator("#heard .caller")).to_contain_text("on with keys", timeout=15_000)
        await expect(page.locator("#talk")).to_be_disabled()
        await expect(page.locator("#keypad button").first).to_be_enabled()


async def test_who_presses_a_key_is_not_listened_to_any_more(booth: Booth) -> None:
    async with booth.page() as page:
        await page.locator("#talk").click()
        await expect(page.locator("#level")).to_be_visible()
        await page.locator("[data-digit='#']").click()
        await expect(page.locator("#level")).to_be_hidden()
        await expect(page.locator("#heard .house")).to_have_count(2)
        await expect(page.locator("#talk-state")).to_be_hidden()
    assert booth.recogniser.heard == []


async def test_silence_is_not_sent(booth: Booth) -> None:
    booth.plays(tones("", before=0, after=9))
    async with booth.page() as page:
        await page.locator("#talk").click()
        await expect(page.locator("#talk-state")).to_have_text("Nothing was heard.", timeout=20_000)
        await expect(page.locator("#talk")).to_have_text("Speak")
        await expect(page.locator("#talk")).to_be_enabled()
    assert booth.recogniser.heard == []


async def test_a_browser_that_may_not_listen_is_told_how_to_let_it(booth: Booth) -> None:
    async with booth.page(allowed=False, language="de") as page:
        await page.locator("#talk").click()
        await expect(page.locator("#talk-state")).to_contain_text("Der Browser darf das Mikrofon nicht benutzen.")
        await expect(page.locator("#talk")).to_have_text("Sprechen")
        await expect(page.locator("#talk")).to_be_enabled()


async def test_other_pages_may_not_listen_at_all(booth: Booth) -> None:
    async with booth.page() as page:
        for path, policy in (("/testphone", "(self)"), ("/admin/flows/edit/hotline.yaml", "(self)"), ("/desk", "()")):
            answer = await page.goto(f"http://127.0.0.1:{booth.site.port}{path}")
            assert answer is not None
            assert f"microphone={policy}" in (await answer.header_value("permissions-policy") or "")
        outcome = await page.evaluate(
            "navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'heard', (error) => error.name)"
        )
        assert outcome == "NotAllowedError"
    assert any("microphone is not allowed" in fault for fault in booth.site.faults), booth.site.faults
    booth.site.faults.clear()


async def test_the_flow_editors_phone_listens_too(booth: Booth) -> None:
    async with booth.page() as page:
        await page.goto(f"http://127.0.0.1:{booth.site.port}/admin/flows/edit/hotline.yaml")
        await page.get_by_role("tab", name="Test phone").click()
        await page.locator("#withheld").check()
        await page.locator("#call").click()
        await page.locator("#talk").click()
        await expect(page.locator("#heard .caller")).to_contain_text(" ".join(NUMBER), timeout=20_000)


async def test_tones_are_heard_as_they_are_written() -> None:
    """What the others stand on."""
    sound = np.frombuffer(tones(NUMBER)[44:], "<i2")[:: RECORDED_AT // RATE]
    assert digits_in(sound.tobytes()) == NUMBER
