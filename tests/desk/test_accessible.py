"""Every main page and state, checked by axe-core against WCAG 2.2 AA: both languages, dark and light, and at 200 %."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.desk import scenes
from tests.desk.site import PROJECT, Site, browser, live, service

__all__ = ["browser"]

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]

AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, ZOOMED = ViewportSize(width=1280, height=800), ViewportSize(width=640, height=400)
FIND = """(rules) => axe.run(document, { runOnly: rules, resultTypes: ["violations"] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 4).map((each) =>
    `${each.html.slice(0, 200)} ${each.failureSummary}`).join(" | ")}`))"""
WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > innerWidth + 1
    && !each.closest(".scroll, .graph, .source, .editor")).slice(0, 5).map((each) => each.outerHTML.slice(0, 150))"""
ADMIN = (
    "/admin/calls",
    "/admin/messages",
    "/admin/people",
    "/admin/people/new",
    "/admin/keys",
    "/admin/audit",
    "/admin/voicemails",
    "/admin/callbacks",
    "/admin/match",
)
QUEUES = ("default", "sales", "service")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Site]:
    folder: Path = tmp_path_factory.mktemp("desk")
    shutil.copytree(PROJECT / "ivr_flows", folder / "flows")
    (folder / "flows" / "shared" / "queues.yaml").write_text(scenes.QUEUES)
    async with service(folder, browser, folder / "flows") as made:
        yield made


async def findings(page: Page, what: str) -> list[str]:
    """What axe finds in light and in dark, and what would have to be scrolled sideways at 200 %."""
    found: list[str] = []
    for colours in ("light", "dark"):
        await page.emulate_media(color_scheme=colours)
        rules = RULES if colours == "light" else ["cat.color"]
        found += [f"{what}, {colours}: {each}" for each in await page.evaluate(FIND, rules)]
    await page.set_viewport_size(ZOOMED)
    found += [f"{what}, 200 %: too wide: {each}" for each in await page.evaluate(WIDER)]
    await page.set_viewport_size(WIDE)
    return found


async def opened(page: Page) -> Page:
    await page.context.add_init_script(path=AXE)
    await page.set_viewport_size(WIDE)
    await page.reload()
    return page


@pytest.mark.parametrize("language", ["de", "en"])
async def test_the_desk(place: Site, language: str) -> None:
    person = await place.person(f"desk-{language}", language, queues=QUEUES)
    samples = await scenes.samples(place)
    code = samples["sample-anna-power"].registered.callback_code or ""
    phone = place.house.test_phone
    async with place.page(person) as page:
        found: list[str] = []
        await opened(page)
        await live(page)
        found += await findings(page, "idle")
        await page.keyboard.press("?")
        found += await findings(page, "keys")
        await page.keyboard.press("Escape")
        await expect(page.locator("#help")).to_be_hidden()
        await live(page)  # checking takes long enough to look like sleep
        await page.keyboard.press("r")
        await expect(page.locator(".presence[data-presence=ready]")).to_be_visible()
        card = page.locator("article")
        for what, number, keys in (
            ("verified", scenes.ANNA, code),
            ("level", scenes.FAMILY, ""),
            ("unknown", scenes.UNKNOWN, ""),
        ):
            called = await scenes.call(place, number, keys, withheld=keys != "")
            await expect(card).to_have_attribute("data-state", "ringing")
            found += await findings(page, f"ringing, {what}")
            await phone.hang_up(called)
            await expect(card).to_have_count(0)
        lost = await scenes.of_no_router(place, person, f"lost-{language}")
        await expect(card).to_have_attribute("data-label", "unavailable")
        found += await findings(page, "unavailable")
        await place.agents.ringing.over(lost)
        await expect(card).to_have_count(0)
        called = await scenes.call(place, scenes.THOMAS)
        await expect(card).to_have_attribute("data-state", "ringing")
        await page.keyboard.press("a")
        await expect(card).to_have_attribute("data-state", "talking")
        found += await findings(page, "talking")
        await phone.hang_up(called)
        await expect(card).to_have_attribute("data-state", "wrap_up")
        found += await findings(page, "wrap-up")
    await place.agents.presence.off(person)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("language", ["de", "en"])
async def test_the_other_pages(place: Site, language: str) -> None:
    await scenes.samples(place)
    person = await place.person(f"lead-{language}", language, "admin", QUEUES)
    async with place.page(person, "/testphone") as page:
        found: list[str] = []
        await opened(page)
        own = f"/supervisor/people/{person}"
        for path in (
            *ADMIN,
            "/admin/flows",
            "/admin/flows/edit/hotline.yaml",
            "/supervisor",
            own,
            "/desk/work",
            "/account",
            "/testphone",
        ):
            answer = await page.goto(f"http://127.0.0.1:{place.port}{path}")
            assert answer is not None and answer.ok, path
            if path not in ("/supervisor", "/desk/work"):  # which have streams
                await page.wait_for_load_state("networkidle")
            if path == "/admin/flows":  # names of files are as long as people like
                await page.evaluate("document.getElementById('path').add(new Option('scenarios/' + 'x'.repeat(60)))")
            found += await findings(page, path)
        await page.get_by_role("button", name="Abmelden" if language == "de" else "Sign out").click()
        await page.wait_for_url("**/sign-in")
        found += await findings(page, "sign-in")
        assert found == [], "\n".join(found)
        assert json.loads(await page.evaluate("JSON.stringify(Object.keys(sessionStorage))")) == []
