"""The way from a card to the CRM, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.desk.site import browser, dial_to_queue, message, service

__all__ = ["browser"]

pytestmark = [pytest.mark.system, pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]


async def test_the_card_leads_there_by_itself_and_by_its_key_always_in_the_same_tab(
    tmp_path: Path, browser: Browser
) -> None:
    address = "http://127.0.0.1:PORT/healthz?call={{call.id}}&m={{message.external_id}}"
    async with service(tmp_path, browser, crm_card_url=address, crm_card_opens="true") as site:
        anna = await site.person("anna")
        await site.agents.presence.ready(anna)
        await message(site)
        async with site.page(anna) as page:
            call = await dial_to_queue(site)
            link = page.get_by_role("link", name="Open in the CRM")
            await expect(link).to_be_visible()
            async with page.expect_popup() as opened:
                await page.keyboard.press("a")  # the talk begins
            tab = await opened.value
            await tab.wait_for_load_state()
            assert tab.url.endswith(f"/healthz?call={call}&m=crm-1")
            assert await tab.evaluate("window.opener") is None
            assert await tab.evaluate("document.referrer") == ""
            async with tab.expect_event("framenavigated", timeout=10_000):
                await page.keyboard.press("k")
            assert len(page.context.pages) == 2
            await site.house.test_phone.hang_up(call)
