"""Wrapping up in a real Chromium: what was said and typed stays, and a card that goes by itself does no harm."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from router.store import notes
from tests.desk import scenes
from tests.desk.site import PROJECT, Clock, Site, browser, live, service

__all__ = ["browser"]

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.sqlite_only,
    pytest.mark.needs("chromium"),
]
QUEUES = ("default", "sales", "service")


class Later(Clock):
    """Real time, and as much later as is wanted."""

    later = timedelta()

    def __call__(self) -> datetime:
        return super().__call__() + self.later


CLOCK = Later()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Site]:
    folder: Path = tmp_path_factory.mktemp("wrapping-up")
    flows = folder / "flows"
    shutil.copytree(PROJECT / "ivr_flows", flows)
    (flows / "shared" / "queues.yaml").write_text(scenes.QUEUES)
    async with service(folder, browser, flows, CLOCK) as made:
        await scenes.samples(made)
        yield made


async def talk(place: Site, page: Page, number: str = scenes.THOMAS) -> str:
    """A call that the agent of this page talks to; its id."""
    called = await scenes.call(place, number)
    await expect(page.locator("article[data-state=ringing]")).to_be_visible()
    await page.get_by_role("button", name="Answer").click()
    await expect(page.locator("article[data-state=talking]")).to_be_visible()
    return called


async def card_of(page: Page) -> str:
    return await page.locator("article").get_attribute("data-card") or ""


async def note_of(place: Site, card: str) -> str:
    """What of the note is stored."""
    async with place.house.database.read() as connection:
        return (await notes.of_cards(connection, [card])).get(card, "")


async def test_a_result_that_was_saved_stays_shown_with_its_fields(place: Site) -> None:
    ben = await place.person("ben", queues=QUEUES)
    await place.agents.presence.ready(ben)
    async with place.page(ben) as page:
        await place.house.test_phone.hang_up(await talk(place, page))
        await expect(page.locator("article[data-state=wrap_up]")).to_be_visible()
        await page.get_by_label("Sold").check()
        contract = page.get_by_label("Contract number")
        await contract.fill("V-123")
        await page.keyboard.press("Enter")
        await expect(page.locator(".disposition .badge")).to_have_text("saved")
        await expect(page.get_by_label("Sold")).to_be_checked()
        await expect(contract).to_have_value("V-123")
        await expect(contract).to_be_focused()
        await page.get_by_role("button", name="Save, next call").click()
        await expect(page.locator("article")).to_have_count(0)
        await expect(page.locator("#news")).to_have_text("The wrap-up is over.")
    await place.agents.presence.off(ben)


async def test_a_follow_up_that_was_made_is_said(place: Site) -> None:
    fay = await place.person("fay", queues=QUEUES)
    await place.agents.presence.ready(fay)
    async with place.page(fay) as page:
        called = await talk(place, page)
        await page.get_by_text("Follow-up", exact=True).click()
        follow_up = page.locator("[data-tool=follow-up]")
        await follow_up.get_by_role("button", name="In 1 hour").click()
        await follow_up.get_by_label("What is to be done").fill("Send the contract")
        await follow_up.get_by_role("button", name="Schedule").click()
        await expect(follow_up.get_by_role("status")).to_contain_text("Scheduled")
        await expect(follow_up.get_by_label("What is to be done")).to_have_value("")
        await place.house.test_phone.hang_up(called)
    await place.agents.presence.off(fay)


async def test_a_note_is_saved_however_fast_somebody_types(place: Site) -> None:
    cem = await place.person("cem", queues=QUEUES)
    await place.agents.presence.ready(cem)
    async with place.page(cem) as page:
        called = await talk(place, page)
        card = await card_of(page)
        await page.get_by_label("Note").focus()
        for _ in range(200):  # ten seconds without a pause
            await page.keyboard.type("a", delay=50)
            if await note_of(place, card):
                break
        assert await note_of(place, card)
        await place.house.test_phone.hang_up(called)
    await place.agents.presence.off(cem)


async def test_another_window_shows_the_note_when_one_comes_to_it(place: Site) -> None:
    gil = await place.person("gil", queues=QUEUES)
    await place.agents.presence.ready(gil)
    async with place.page(gil) as page:
        called = await talk(place, page)
        other = await page.context.new_page()
        await other.goto(page.url)
        await live(other)
        await page.get_by_label("Note").fill("Wants to pay monthly")
        await expect(page.locator("[data-autosave] .saved")).to_have_text("Saved")
        await other.evaluate("dispatchEvent(new Event('focus'))")  # headless windows all believe to have it
        await expect(other.get_by_label("Note")).to_have_value("Wants to pay monthly")
        await place.house.test_phone.hang_up(called)
    await place.agents.presence.off(gil)


async def test_what_was_noted_without_network_is_saved_by_itself_when_it_is_back(place: Site) -> None:
    dora = await place.person("dora", queues=QUEUES)
    await place.agents.presence.ready(dora)
    async with place.page(dora) as page:
        called = await talk(place, page)
        card = await card_of(page)
        await page.context.set_offline(True)
        await place.down()
        await expect(page.locator("#connection[data-state=reconnecting]")).to_be_visible()
        await page.get_by_label("Note").fill("Calls again tomorrow")
        await page.context.set_offline(False)
        await place.up()
        await page.reload()
        await live(page)
        await expect(page.get_by_label("Note")).to_have_value("Calls again tomorrow")
        await expect(page.locator("[data-autosave] .saved")).to_have_text("Saved")
        assert await note_of(place, card) == "Calls again tomorrow"
        await place.house.test_phone.hang_up(called)
    await place.agents.presence.off(dora)


async def test_what_is_typed_when_the_card_goes_answers_nothing(place: Site) -> None:
    eva = await place.person("eva", queues=QUEUES)
    await place.agents.presence.ready(eva)
    async with place.page(eva) as page:
        await place.house.test_phone.hang_up(await talk(place, page))
        await page.get_by_label("Thinks it over").check()
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator(".disposition .badge")).to_have_text("saved")
        waiting = await scenes.call(place, scenes.ANNA)
        await page.get_by_label("Note").focus()
        await page.evaluate("Date.now = ((at) => () => at)(Date.now())")  # however slow the machine, no pause
        await page.keyboard.type("Calls ag")
        CLOCK.later += timedelta(minutes=5)
        assert eva in await place.agents.wrap_ups.look()
        ringing = page.locator("article[data-state=ringing]")
        await expect(ringing).to_be_visible()
        assert await page.evaluate("document.activeElement.id") == "cards", "whoever was on the card stays near it"
        await page.keyboard.type("ain, a power offer", delay=20)
        await expect(ringing).to_be_visible()
        await expect(page.locator(".presence[data-presence=ready]")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("a")
        await expect(page.locator("article[data-state=talking]")).to_be_visible()
        await place.house.test_phone.hang_up(waiting)
    await place.agents.presence.off(eva)
