"""The card in a real Chromium: looking for a customer, finding out who calls, and what is open stays so."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.desk.site import Site, browser, dial_to_queue, message, site

__all__ = ["browser", "site"]

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]


async def test_an_agent_looks_for_the_customer_and_confirms_who_it_is(site: Site) -> None:
    await message(site)
    anna = await site.person("anna")
    await site.agents.presence.ready(anna)
    async with site.page(anna) as page:
        call_id = await dial_to_queue(site, "+493023125099")
        card = page.locator("#cards article")
        await expect(card).to_have_attribute("data-label", "unknown")
        await page.keyboard.press("a")
        await page.get_by_role("searchbox").fill("mu")
        await page.get_by_role("searchbox").fill("Musterm")
        await page.keyboard.press("Enter")
        await card.get_by_role("button", name="It is this one").click()
        await expect(card).to_have_attribute("data-label", "possible")
        await expect(card).to_contain_text("Jana Mustermann")
        await card.get_by_text("Confirm identity").click()
        await card.get_by_label("Address").check()
        await card.get_by_role("button", name="All correct").click()
        await expect(card).to_have_attribute("data-label", "verified")
        await expect(card.locator(".level")).to_contain_text("L3")
        # The address of a call leads to it, in a new window, too.
        await page.goto(f"http://127.0.0.1:{site.port}/desk/calls/{call_id}")
        await expect(card).to_have_attribute("data-label", "verified")
        await expect(card).to_be_focused()
        await card.get_by_role("button", name="Take the confirmation back").click()
        await expect(card).to_have_attribute("data-label", "possible")
        await page.keyboard.press("e")
        await expect(card).to_have_count(0)
        assert "Jana" not in await page.content()
        answer = await page.goto(f"http://127.0.0.1:{site.port}/desk/calls/{call_id}")
        assert answer is not None and answer.status == 404
    site.faults[:] = [fault for fault in site.faults if not re.search("404", fault)]


async def test_a_one_time_code_is_read_out_to_the_agent(site: Site) -> None:
    await message(site, "+491713920011")
    anna = await site.person("anna", "de")
    await site.agents.presence.ready(anna)
    async with site.page(anna) as page:
        call_id = await dial_to_queue(site, "+491713920011")
        card = page.locator("#cards article")
        await expect(card).to_be_visible()
        await page.keyboard.press("a")
        await card.get_by_text("Identität bestätigen").click()
        await card.get_by_role("button", name="Einmalcode senden").click()
        field = card.get_by_label("Vorgelesener Code")
        await expect(field).to_be_visible()
        (text,) = await site.house.calls.texts(call_id)
        (code,) = re.findall(r"\d{6}", text)
        await field.fill("000000" if code != "000000" else "111111")
        await page.keyboard.press("Enter")
        await expect(card.get_by_role("alert")).to_contain_text("Dieser Code gilt nicht")
        await field.fill(code)
        await page.keyboard.press("Enter")
        await expect(card).to_have_attribute("data-label", "verified")
        await expect(card.locator(".proved")).to_contain_text("Bestätigt mit Einmalcode")
