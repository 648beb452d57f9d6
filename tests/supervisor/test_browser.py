"""The supervisors' page in a real Chromium, beside an agent's desk: what happens at one shows at the other."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.desk.site import Site, browser, dial_to_queue, message, site

__all__ = ["browser", "site"]

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]


async def test_what_agents_do_shows_and_what_is_changed_counts_at_their_desk(site: Site) -> None:
    await message(site)
    anna, robin = await site.person("anna"), await site.person("robin", role="supervisor")
    async with site.page(anna) as desk, site.page(robin, "/supervisor") as page:
        await expect(page.locator("#connection[data-state=live]")).to_be_visible()
        own = page.locator(f"tr[data-agent='{anna}']")
        await expect(own).to_have_attribute("data-state", "off")
        await desk.keyboard.press("r")
        await expect(own).to_have_attribute("data-state", "ready")

        await dial_to_queue(site)
        await expect(page.locator(".callers li")).to_have_count(1)
        await expect(page.locator("tr[data-queue=default] td").first).to_have_text("1")
        await expect(own).to_have_attribute("data-state", "ringing")
        await desk.locator("article[data-state=ringing]").wait_for()
        await desk.keyboard.press("a")
        await expect(own).to_have_attribute("data-state", "talking")
        await expect(page.locator(".callers li")).to_have_count(0)
        await expect(page.locator("tr[data-queue=default]")).to_contain_text("100 % met")
        content = await page.content()
        assert "Jana" not in content
        assert "23125" not in content

        await own.get_by_role("link", name="Anna Muster").click()
        await page.get_by_label("Sales").check()
        await page.get_by_label("Main line").uncheck()
        await page.get_by_role("textbox", name="Skills").fill("english, gas")
        await page.get_by_role("button", name="Change").click()
        await expect(page.get_by_role("status")).to_contain_text("Changed")
        await expect(desk.locator("#bar")).to_contain_text("Queues: Sales · Skills: english, gas")

        await page.get_by_role("button", name="Pause").click()
        await expect(desk.locator("#bar")).to_contain_text("Your supervisor paused you")
        await page.get_by_role("button", name="Sign out").last.click()
        await expect(desk).to_have_url(re.compile("/sign-in"))
