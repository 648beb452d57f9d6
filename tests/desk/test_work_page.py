"""The list of work in a real browser: a voicemail comes up by itself, is taken, and is heard."""

from __future__ import annotations

import wave
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from router.core.events import Caller, CallStarted, RecordingEnded
from router.store import work_items
from tests.desk.site import NUMBER, Site, browser, message, service

__all__ = ["browser"]

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.sqlite_only,
    pytest.mark.needs("chromium", "espeak-ng"),
]

FLOW = """
version: 1
name: hotline
languages: [de]
start: who
steps:
  who: {type: match, sure: leave, likely: leave, unclear: leave, none: leave}
  leave: {type: voicemail, text: {de: Nach dem Ton.}, next: bye}
  bye: {type: hangup}
"""


def a_recording(file: Path) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x00\x10\x00\xf0" * 4000)


async def a_voicemail(site: Site, folder: Path) -> str:
    calls = site.house.calls
    turn = await calls.begin("asterisk", "1.1", CallStarted("asterisk", Caller(NUMBER), "+493023125000"))
    a_recording(folder / f"{turn.call_id}-1.wav")
    await calls.handle(turn.call_id, RecordingEnded(f"{turn.call_id}-1.wav", 1.0))
    site.agents.work_news.tell()
    return turn.call_id


async def test_a_voicemail_comes_up_is_taken_and_is_heard(tmp_path: Path, browser: object) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "hotline.yaml").write_text(FLOW)
    async with service(tmp_path, browser, flows, voicemails=tmp_path) as site:  # type: ignore[arg-type]
        await message(site)
        anna = await site.person("anna", "de")
        async with site.page(anna) as page:
            await page.get_by_role("link", name="Aufgaben").click()
            await expect(page.locator("#todo .idle")).to_contain_text("Nichts zu tun")
            await expect(page.locator("#connection[data-state=live]")).to_be_attached()
            await a_voicemail(site, tmp_path)
            row = page.locator("#todo tbody tr").first
            await expect(row).to_contain_text("Nachricht auf dem Anrufbeantworter")
            now = site.house.clock()
            async with site.house.database.begin() as connection:
                for name, kind, days in (("f" * 32, "follow_up", -1), ("a" * 32, "abandoned", 0)):
                    values = {"id": name, "source": name, "kind": kind, "queue": "default", "created_at": now}
                    note = "Vertragsunterlagen für die Donaudampfschifffahrtsgesellschaft nachreichen"
                    due = now + timedelta(days=days)
                    await work_items.add(connection, {**values, "note": note, "due_at": due})
            await page.reload()
            await page.screenshot(path=str(tmp_path / "list.png"), full_page=True)
            await page.locator("tr", has_text="Anrufbeantworter").get_by_role("button", name="Nehmen").click()
            await expect(page.locator("h1")).to_have_text("Nachricht auf dem Anrufbeantworter")
            await expect(page.locator("article")).to_contain_text("+49 30 23125011")
            await page.locator("audio").evaluate("audio => audio.play()")
            await expect(page.locator("audio")).to_have_js_property("ended", True)
            assert await page.locator("audio").evaluate("audio => audio.duration") == pytest.approx(1, abs=0.1)
            await page.screenshot(path=str(tmp_path / "one.png"), full_page=True)
            await page.get_by_role("button", name="Erledigt").click()
            await expect(page.locator("article dl")).to_contain_text("erledigt")
