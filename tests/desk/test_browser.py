"""The pages in a real Chromium, on the whole service: what is pushed, what is left behind, and what the keys do."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import timedelta

import pytest
from playwright.async_api import expect

from router.flow.files import check
from tests.desk.site import BODY, Site, browser, dial_to_queue, live, message, site

__all__ = ["browser", "site"]

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]


async def test_a_card_comes_while_it_rings_and_leaves_nothing_behind(site: Site) -> None:
    await message(site)
    anna = await site.person("anna")
    async with site.page(anna) as page:
        await page.keyboard.press("r")
        await expect(page.locator(".presence[data-presence=ready]")).to_be_visible()
        call_id = await dial_to_queue(site)
        card = page.locator("#cards article")
        await expect(card).to_have_attribute("data-state", "ringing")
        await expect(card).to_contain_text("Jana Mustermann")
        await expect(card).to_contain_text(BODY)
        await expect(card.locator(".countdown")).to_have_text("1 day 2 h left", timeout=3000)
        assert (await page.title()).startswith("☎")
        await page.keyboard.press("a")
        await expect(card).to_have_attribute("data-state", "talking")
        await site.house.test_phone.hang_up(call_id)
        await expect(card).to_have_count(0)
        await expect(page.locator("#news")).to_have_text("The caller hung up.")
        content = await page.content()
        assert "Jana" not in content and BODY not in content and "Ökostrom" not in content
        assert not (await page.title()).startswith("☎")


async def test_one_key_says_whether_the_match_was_right(site: Site) -> None:
    await message(site)
    anna = await site.person("anna")
    await site.agents.presence.ready(anna)
    async with site.page(anna) as page:
        await dial_to_queue(site)
        await expect(page.locator("article[data-state=ringing]")).to_be_visible()
        assert await page.locator("[data-act=outcome]").count() == 0, "not before anybody talks"
        await page.keyboard.press("a")
        pressed = page.locator("[data-act=outcome][aria-pressed=true]")
        await expect(page.get_by_role("button", name="Not this one")).to_be_visible()
        await page.keyboard.press("y")
        await expect(pressed).to_have_text(re.compile("Right"))
        await page.get_by_role("button", name="Not this one").click()
        await expect(pressed).to_have_text(re.compile("Not this one"))
        focused = await page.evaluate("document.activeElement.dataset.verdict")
        assert focused == "other", "whoever was on a button stays there, and not on the one that ends the call"
        await page.keyboard.press("e")
        await expect(page.locator("article")).to_have_count(0)
        await expect(page.locator("#cards")).to_contain_text("Your last call")
        await expect(page.locator("#cards")).not_to_contain_text("Jana")
        await page.keyboard.press("u")
        await expect(page.get_by_role("button", name="Undo")).to_have_count(0)
        await expect(pressed).to_have_count(0)


async def test_two_desks_ring_and_one_answers(site: Site) -> None:
    await message(site)
    anna, ben = await site.person("anna"), await site.person("ben")
    async with site.page(anna) as first, site.page(ben) as second:
        for page in (first, second):
            await page.get_by_role("button", name="Ready").click()
        await dial_to_queue(site)
        for page in (first, second):
            await expect(page.locator("article[data-state=ringing]")).to_be_visible()
        await first.get_by_role("button", name="Answer").click()
        await expect(first.locator("article[data-state=talking]")).to_be_visible()
        await expect(second.locator("article")).to_have_count(0)
        await expect(second.locator("#news")).to_have_text("Somebody else took the call.")
        await first.keyboard.press("e")
        await expect(first.locator("article")).to_have_count(0)


async def test_the_key_answers_the_call_that_has_rung_longest(site: Site) -> None:
    anna = await site.person("anna")
    await site.agents.presence.ready(anna)
    async with site.page(anna) as page:
        cards, calls, shown = page.locator("#cards article"), [], []
        for number in range(3):
            calls.append(await dial_to_queue(site, f"+49302312502{number}"))
            await expect(cards).to_have_count(number + 1)
            shown.append(await cards.last.get_attribute("data-card") or "")
        await expect(page.get_by_role("button", name="Answer")).to_have_count(3)
        keyed = page.locator("#cards article:has(button[data-key=a])")
        await expect(keyed).to_have_count(1)
        await expect(keyed).to_have_attribute("data-card", shown[0])
        # Whoever is on a button stays with that call when the cards change.
        focused = page.locator("#cards article:focus-within")
        await cards.nth(1).get_by_role("button", name="Answer").focus()
        await site.house.test_phone.hang_up(calls[2])
        await expect(cards).to_have_count(2)
        await expect(focused).to_have_attribute("data-card", shown[1])
        await page.keyboard.press("a")
        await expect(page.locator(f'article[data-card="{shown[0]}"]')).to_have_attribute("data-state", "talking")


async def test_a_lost_connection_misses_nothing_and_is_shown(site: Site) -> None:
    await message(site)
    anna = await site.person("anna")
    await site.agents.presence.ready(anna)
    async with site.page(anna) as page:
        first = await dial_to_queue(site)
        await expect(page.locator("article[data-state=ringing]")).to_be_visible()
        await site.down()
        await expect(page.locator("#connection[data-state=reconnecting]")).to_be_visible()
        await expect(page.locator("#stale")).to_contain_text("this may already be another call")
        await site.house.test_phone.hang_up(first)
        second = await dial_to_queue(site, "+493023125099")
        await site.up()
        await live(page)
        await expect(page.locator("article[data-label=unknown]")).to_be_visible()
        await expect(page.locator("#stale")).to_be_hidden()
        assert "Jana" not in await page.content()
        await page.reload()
        await expect(page.locator("article[data-label=unknown]")).to_be_visible()
        await site.house.test_phone.hang_up(second)
        await expect(page.locator("article")).to_have_count(0)


async def test_a_card_that_cannot_be_loaded_shows_no_old_one(site: Site) -> None:
    await message(site)
    anna = await site.person("anna")
    await site.agents.presence.ready(anna)
    async with site.page(anna) as page:
        first = await dial_to_queue(site)
        await expect(page.locator("article")).to_contain_text("Jana")
        await page.route("**/desk/cards", lambda route: route.fulfill(status=500, body="{}"))
        await site.house.test_phone.hang_up(first)
        await dial_to_queue(site, "+493023125099")
        await expect(page.locator("#cards")).to_contain_text("cannot be loaded right now")
        assert "Jana" not in await page.content()
        await page.unroute("**/desk/cards")
        await expect(page.locator("article[data-label=unknown]")).to_be_visible()


async def test_the_session_ends_in_all_windows(site: Site) -> None:
    anna = await site.person("anna")
    async with site.page(anna) as page:
        other = await page.context.new_page()
        await other.goto(f"http://127.0.0.1:{site.port}/account")
        await other.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in?next=**")


async def test_off_duty_only_the_way_to_calls_is_filled(site: Site) -> None:
    anna = await site.person("anna", "de")
    async with site.page(anna) as page:
        accent = await page.evaluate("""() => {
            const probe = document.body.appendChild(document.createElement("i"));
            probe.style.backgroundColor = "var(--accent)";
            return getComputedStyle(probe).backgroundColor;
        }""")
        ready, off = page.get_by_role("button", name="Bereit"), page.get_by_role("button", name="Feierabend")
        await expect(off).to_have_attribute("aria-pressed", "true")
        await expect(ready).to_have_css("background-color", accent)
        await expect(off).not_to_have_css("background-color", accent)
        await ready.click()
        await expect(ready).to_have_attribute("aria-pressed", "true")
        await expect(ready).not_to_have_css("background-color", accent)
        await expect(off).not_to_have_css("background-color", accent)


async def test_keys_work_but_never_while_typing_or_when_turned_off(site: Site) -> None:
    anna = await site.person("anna", "de")
    async with site.page(anna) as page:
        state = page.locator("#bar .presence")
        await page.keyboard.press("r")
        await expect(state).to_contain_text("Bereit")
        await page.locator("#reason").focus()
        await page.keyboard.press("o")
        await page.locator("h1").first.evaluate("element => document.activeElement.blur()")
        await page.keyboard.press("Control+o")
        await expect(state).to_contain_text("Bereit")
        await page.locator("#reason").select_option("lunch")
        await page.locator("#reason").blur()
        await page.keyboard.press("p")
        await expect(state).to_contain_text("Pause: Mittag")
        await page.locator("#shortcuts").uncheck()
        await page.locator("#shortcuts").blur()
        await page.keyboard.press("o")
        await page.get_by_role("button", name="Bereit").click()
        await expect(state).to_contain_text("Bereit")
        await page.reload()
        await expect(page.locator("#shortcuts")).not_to_be_checked()


async def test_a_call_from_the_test_phones_page_reaches_the_desk(site: Site) -> None:
    await message(site)
    anna = await site.person("anna")
    await site.agents.presence.ready(anna)
    lead = await site.person("lea", role="supervisor")
    async with site.page(anna) as desk, site.page(lead, "/testphone") as phone:
        await phone.get_by_label("Caller's number").fill("030/23125011")
        await phone.locator("#at").fill("")
        await phone.get_by_role("button", name="Dial").click()
        await expect(phone.locator("#heard li.house").first).to_be_visible()
        for _ in range(10):
            if await phone.locator("#state[data-state=queue]").count():
                break
            await phone.locator("#keypad button:not([disabled])").first.click()
            await phone.wait_for_function("!document.querySelector('#hang-up').disabled")
        await expect(phone.locator("#state")).to_have_text("Waiting in the queue")
        await expect(phone.locator("#trace li").first).to_be_visible()
        await expect(desk.locator("article")).to_contain_text("Jana Mustermann")
        await phone.get_by_role("button", name="Hang up").click()
        await expect(phone.locator("#state")).to_have_text("Call ended")
        await expect(desk.locator("article")).to_have_count(0)


CONNECTING = """
version: 1
name: hotline
languages: [en]
start: find
steps:
  find: {type: match, sure: connect, likely: connect, unclear: connect, none: connect}
  connect: {type: transfer, queue: default}
"""


async def test_a_code_that_the_agent_sends_is_shown_on_the_test_phones_page_at_once(site: Site) -> None:
    await message(site, "+491713920012", "crm-3")
    anna, lead = await site.person("anna"), await site.person("lea", role="supervisor")
    await site.agents.presence.ready(anna)
    flows = site.house.flows
    before, release = flows.current, flows.release_id
    flows.use({"hotline": check(CONNECTING, "connecting.yaml")}, release)
    try:
        async with site.page(anna) as desk, site.page(lead, "/testphone") as phone:
            await phone.get_by_label("Caller's number").fill("0171 39200 12")
            await phone.locator("#at").fill("")
            await phone.get_by_role("button", name="Dial").click()
            await desk.get_by_role("button", name="Answer").click()
            await expect(phone.locator("#state[data-state=talking]")).to_be_visible()
            await desk.get_by_text("Confirm identity").click()
            await desk.get_by_role("button", name="Send a one-time code").click()
            await expect(phone.locator("#heard li.text")).to_contain_text("sent to nobody:")
            await phone.get_by_role("button", name="Hang up").click()
    finally:
        flows.use(before, release)


PROVING = """
version: 1
name: hotline
languages: [en]
start: find
steps:
  find: {type: match, sure: prove, likely: prove, unclear: bye, none: bye}
  prove: {type: verify, text: {en: The code?}, message: {en: "Your code is {{ code }}."}, verified: proved}
  proved: {type: hangup, text: {en: "Hello {{ customer.name ?? 'you' }}."}}
  bye: {type: hangup}
"""


async def test_a_code_that_nobody_gets_is_shown_on_the_test_phone_and_proves_the_caller(site: Site) -> None:
    await message(site, "+491713920011", "crm-2")
    flows = site.house.flows
    before, release = flows.current, flows.release_id
    flows.use({"hotline": check(PROVING, "proving.yaml")}, release)
    try:
        async with site.page(await site.person("lea", role="supervisor"), "/testphone") as phone:
            await phone.get_by_label("Caller's number").fill("0171 39200 11")
            await phone.locator("#at").fill("")
            await phone.get_by_role("button", name="Dial").click()
            shown = phone.locator("#heard li.text")
            await expect(shown).to_contain_text("sent to nobody: Your code is ")
            code = re.findall(r"[0-9]{6}", await shown.inner_text())[0]
            for digit in code:
                await phone.locator(f"#keypad [data-digit='{digit}']").click()
            await expect(phone.locator("#heard")).to_contain_text("Hello Jana Mustermann.")
            await expect(shown).to_have_count(1)
    finally:
        flows.use(before, release)


OFFICE = """
version: 1
name: hotline
languages: [en]
hours:
  office: {{timezone: UTC, weekly: {{{day}: ["08:00-20:00"]}}}}
start: is_somebody_there
steps:
  is_somebody_there: {{type: hours, during: office, open: open, closed: closed}}
  open: {{type: hangup, text: {{en: We are here.}}}}
  closed: {{type: hangup, text: {{en: Nobody is here.}}}}
"""


async def test_the_test_phone_says_that_it_is_closed_and_pretends_the_next_opening_hours(site: Site) -> None:
    flows = site.house.flows
    before, release = flows.current, flows.release_id
    day = site.house.clock() + timedelta(days=2)
    flows.use({"hotline": check(OFFICE.format(day=f"{day:%a}".lower()), "office.yaml")}, release)
    try:
        async with site.page(await site.person("lea", role="supervisor"), "/testphone") as phone:
            told, heard = phone.locator("#opening"), phone.locator("#heard li.house")
            await expect(told).to_contain_text(f"as if it were {day:%A} 09:00")
            await phone.get_by_label("Caller's number").fill("0171 39200 11")
            await phone.get_by_role("button", name="Dial").click()
            await expect(heard).to_have_text("We are here.")
            await phone.get_by_role("button", name="Use the real time").click()
            await expect(told).to_contain_text("the way of calls outside opening hours")
            await phone.get_by_role("button", name="Dial").click()
            await expect(heard).to_have_text("Nobody is here.")
            await phone.locator("#at").fill(f"{day:%Y-%m-%d}T10:00")
            await expect(told).to_be_hidden()
            await phone.get_by_role("button", name="Dial").click()
            await expect(heard).to_have_text("We are here.")
    finally:
        flows.use(before, release)


async def test_from_ringing_to_the_card_takes_a_moment(site: Site) -> None:
    await message(site)
    anna = await site.person("anna")
    async with site.page(anna) as page:
        waited = []
        for number in range(5):
            seen = page.locator("article[data-state=ringing]").wait_for(timeout=10_000)
            started = time.perf_counter()
            await asyncio.gather(seen, site.agents.ringing.called(f"call-{number}", None, anna, "default"))
            waited.append(time.perf_counter() - started)
            await site.agents.ringing.over(f"call-{number}")
            await page.locator("article").wait_for(state="detached")
    print("from ringing to the card, ms:", json.dumps([round(each * 1000) for each in sorted(waited)]))
    assert sorted(waited)[2] < 1.0
