"""What the desk's page does by itself, in a real Chromium: typing that is never lost, two calls, two windows, sleep,
no network, and nothing left of a caller. One service for all of it; forms of a card stand in for those of its parts."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect
from playwright.async_api import Error as PlaywrightError

from router.store import cards as card_rows
from tests.desk.site import BODY, Site, browser, dial_to_queue, live, message, service

__all__ = ["browser"]

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]

NAME = "Jana Mustermann"
TYPED = "Ruft morgen wieder an, wegen Jana"
NOTE = """<form data-desk="/desk/cards/{card}/jottings"><label>Note <textarea name="text" data-keep="jotting">
</textarea></label><label><input type="checkbox" name="late" data-keep="late"> late</label>
<button>Jot down</button></form></article>"""
LISTENS = """
  window.shown = [];
  window.asked = 0;
  window.Notification = class extends EventTarget {
    static permission = "default";
    static async requestPermission() { window.asked++; return (this.permission = "granted"); }
    constructor(title, options) {
      super();
      Object.assign(this, options, { title, open: true });
      window.shown.push(this);
    }
    close() { this.open = false; this.dispatchEvent(new Event("close")); }
  };
  window.rings = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...at) { window.rings++; return start.apply(this, at); };
"""
_calls: list[str] = []
_numbers = (f"+4930231260{each:02}" for each in itertools.count())
_people = (f"person{each}" for each in itertools.count())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Site]:
    folder: Path = tmp_path_factory.mktemp("desk")
    async with service(folder, browser) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def anna(place: Site) -> AsyncIterator[str]:
    """Somebody who is ready, and no more at the end."""
    person = await place.person(next(_people))
    await place.agents.presence.ready(person)
    yield person
    await place.agents.presence.off(person)
    while _calls:
        await place.house.test_phone.hang_up(_calls.pop())


async def call(place: Site) -> str:
    """A call about a message to this number, in the queue; its id."""
    number = next(_numbers)
    await message(place, number, f"crm-{number}")
    _calls.append(await dial_to_queue(place, number))
    return _calls[-1]


async def with_notes(page: Page) -> None:
    """Every card gets a form with a text and a choice."""

    async def answer(route: Route) -> None:
        try:
            response = await route.fetch()
            parts = (await response.text()).split("</article>")
        except PlaywrightError:
            return  # the page asked for something newer
        cards = [part.split('data-card="')[1].split('"')[0] for part in parts[:-1]]
        html = (
            "".join(part + NOTE.replace("{card}", card) for part, card in zip(parts, cards, strict=False)) + parts[-1]
        )
        await route.fulfill(response=response, body=html)

    await page.route("**/desk/cards", answer)
    await page.route("**/desk/cards/*", answer)
    await page.reload()
    await live(page)


async def storages(page: Page) -> str:
    """Everything that the page holds on to, as text."""
    return str(
        await page.evaluate(
            """() => JSON.stringify([document.documentElement.outerHTML, document.title, {...sessionStorage},
                {...localStorage}, history.state, location.href, window.name,
                [...document.querySelectorAll("input, textarea")].map((field) => field.value)])"""
        )
    )


async def test_a_second_call_neither_moves_nor_loses_what_is_typed(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await with_notes(page)
        first = await call(place)
        cards, note = page.locator("article"), page.locator("article [data-keep=jotting]").first
        await note.press_sequentially("Ruft morgen ")
        before = await note.bounding_box()
        second = await call(place)
        await expect(cards).to_have_count(2)
        await expect(page.locator("#announcement")).to_contain_text("Ringing")
        await page.keyboard.type("wieder an, wegen Jana")
        await expect(note).to_have_value(TYPED)
        await expect(note).to_be_focused()
        assert before == await note.bounding_box()
        assert await page.locator("article [data-keep=jotting]").nth(1).input_value() == ""
        await page.get_by_label("late").first.check()
        await page.reload()
        await expect(cards).to_have_count(2)
        await expect(note).to_have_value(TYPED)
        await expect(page.get_by_label("late").first).to_be_checked()
        await expect(page.get_by_label("late").nth(1)).not_to_be_checked()
        assert TYPED in await storages(page)
        await place.house.test_phone.hang_up(first)
        await expect(cards).to_have_count(1)
        await expect(note).to_have_value("")
        assert TYPED not in await storages(page)
        await place.house.test_phone.hang_up(second)
        await expect(cards).to_have_count(0)


async def test_a_card_shown_anew_leaves_cursor_selection_and_what_is_open(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await with_notes(page)
        called = await call(place)
        note = page.locator("article [data-keep=jotting]")
        await note.fill(TYPED)
        await note.evaluate("field => { field.setSelectionRange(5, 11); field.dataset.same = 'one'; }")
        card = await page.locator("article").get_attribute("data-card")
        async with page.expect_response(f"**/desk/cards/{card}"):
            await tell_work(place, anna, card or "")
        await page.keyboard.type("abends")
        await expect(note).to_have_value(TYPED.replace("morgen", "abends"))
        await place.house.test_phone.hang_up(called)
        await expect(page.locator("article")).to_have_count(0)


async def tell_work(place: Site, person: str, card: str) -> None:
    """Something on this card changed."""
    async with place.house.database.begin() as connection:
        await card_rows.add_event(connection, person, "work", {"card": card}, place.house.clock())
    place.house.bus.announce(f"desk:{person}")


async def test_a_refusal_stands_beside_the_form_and_nothing_is_sent_twice(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await with_notes(page)
        called = await call(place)
        sent: list[str] = []
        waiting: list[Route] = []

        async def take(route: Route) -> None:
            sent.append(route.request.post_data or "")
            waiting.append(route)

        await page.route("**/jottings", take)
        note, save = page.locator("article [data-keep=jotting]"), page.get_by_role("button", name="Jot down")
        await note.fill("zu lang")
        async with page.expect_request("**/jottings"):
            await save.click()
        await save.click()
        problem = {"detail": "Too long.", "errors": [{"field": "text", "message": "At most 3 characters."}]}
        await waiting.pop().fulfill(status=422, content_type="application/problem+json", body=json.dumps(problem))
        await expect(page.locator("form .refusal")).to_have_text("Too long. At most 3 characters.")
        await expect(note).to_be_focused()
        await expect(note).to_have_attribute("aria-invalid", "true")
        await expect(note).to_have_value("zu lang")
        async with page.expect_request("**/jottings"):
            await save.click()
        await waiting.pop().abort()
        await expect(page.locator("form .refusal")).to_contain_text("it may have arrived")
        await expect(note).to_have_value("zu lang")
        async with page.expect_request("**/jottings"):
            await save.click()
        await waiting.pop().fulfill(status=204)
        await expect(note).to_have_value("")
        await expect(page.locator("form .refusal")).to_have_count(0)
        assert sent == ["text=zu+lang"] * 3
        await place.house.test_phone.hang_up(called)
        await expect(page.locator("article")).to_have_count(0)


async def test_two_windows_are_both_true_and_only_one_rings(place: Site, anna: str) -> None:
    async with place.page(anna) as first:
        await first.context.add_init_script(LISTENS)
        await with_notes(first)
        second = await first.context.new_page()
        await second.goto(first.url)
        await with_notes(second)
        for page in (first, second):
            await page.locator("h1").first.evaluate("() => document.activeElement.blur()")
            await page.keyboard.press("Shift")
            await page.evaluate("() => { Notification.permission = 'granted'; document.hasFocus = () => false; }")
        called = await call(place)
        for page in (first, second):
            await expect(page.locator("article[data-state=ringing]")).to_be_visible()
        await expect_sum(first, second, "rings", 2)  # a ring has two tones
        await expect_sum(first, second, "shown.length", 1)
        await first.locator("article [data-keep=jotting]").fill("first")
        await second.locator("article [data-keep=jotting]").fill("second")
        await second.get_by_role("button", name="Answer").click()
        for page, text in ((first, "first"), (second, "second")):
            await expect(page.locator("article[data-state=talking]")).to_be_visible()
            await page.reload()
            await expect(page.locator("article [data-keep=jotting]")).to_have_value(text)
        await place.house.test_phone.hang_up(called)
        for page in (first, second):
            await expect(page.locator("article")).to_have_count(0)
            assert NAME not in await storages(page)


async def expect_sum(first: Page, second: Page, what: str, wanted: int) -> None:
    async def count() -> int:
        return int(await first.evaluate(f"window.{what}")) + int(await second.evaluate(f"window.{what}"))

    for page in (first, second):
        if await count() >= wanted:
            break
        await page.wait_for_timeout(100)
    assert await count() == wanted


async def test_a_notification_is_asked_for_and_tells_nothing_personal(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await page.context.add_init_script(LISTENS)
        await page.reload()
        await live(page)
        assert await page.evaluate("window.asked") == 0
        await page.get_by_role("button", name="Turn on notifications").click()
        await expect(page.get_by_label("Notifications")).to_be_checked()
        await page.evaluate("document.hasFocus = () => false")
        called = await call(place)
        await expect(page.locator("article[data-state=ringing]")).to_be_visible()
        told = await page.evaluate("JSON.stringify(window.shown)")
        assert [each["title"] for each in json.loads(told)] == ["A call is ringing: Possible"]
        assert "Jana" not in told and "Main line" in told
        await page.evaluate("window.shown[0].dispatchEvent(new Event('click'))")
        await expect(page.locator("article")).to_be_focused()
        assert not await page.evaluate("window.shown[0].open")
        await place.house.test_phone.hang_up(called)
        await expect(page.locator("article")).to_have_count(0)
        second = await call(place)
        await page.wait_for_function("() => window.shown.length === 2")
        await place.house.test_phone.hang_up(second)
        await expect(page.locator("article")).to_have_count(0)
        assert not await page.evaluate("window.shown[1].open"), "closed with the call"


async def test_the_sound_can_be_turned_off_and_is_remembered_for_the_person(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await page.context.add_init_script(LISTENS)
        await page.reload()
        await live(page)
        await expect(page.locator("#sound-silent")).to_be_visible()
        await page.get_by_label("Volume").fill("20")
        await page.get_by_role("button", name="Listen").click()
        await page.wait_for_function("() => window.rings === 2")
        await expect(page.locator("#sound-silent")).to_be_hidden()
        await page.get_by_label("Ring sound").uncheck()
        await page.reload()
        await live(page)
        await expect(page.get_by_label("Ring sound")).not_to_be_checked()
        await expect(page.get_by_label("Volume")).to_have_value("20")
        await page.keyboard.press("Shift")
        called = await call(place)
        await expect(page.locator("article[data-state=ringing]")).to_be_visible()
        assert await page.evaluate("window.rings") == 0
        await place.house.test_phone.hang_up(called)
        await expect(page.locator("article")).to_have_count(0)


async def test_after_sleep_it_shows_that_it_is_old_and_then_what_is_so(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await page.clock.install()
        await with_notes(page)
        first = await call(place)
        await page.locator("article [data-keep=jotting]").fill(TYPED)
        await page.route("**/v1/desk/events", lambda route: route.abort())
        await page.clock.fast_forward(600_000)
        await expect(page.locator("#stale")).to_contain_text("this may already be another call")
        await page.unroute("**/v1/desk/events")
        await live(page)
        await expect(page.locator("#stale")).to_be_hidden()
        await expect(page.locator("article .since")).to_have_text(re.compile(r"^[0-9]+ s$"))
        await expect(page.locator("article [data-keep=jotting]")).to_have_value(TYPED)
        await place.house.test_phone.hang_up(first)
        await expect(page.locator("article")).to_have_count(0)


async def test_five_minutes_without_network_lose_and_double_nothing(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await page.clock.install()
        await with_notes(page)
        first = await call(place)
        await expect(page.locator("article[data-state=ringing]")).to_be_visible()
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        await page.context.set_offline(True)
        await expect(page.locator("#connection[data-state=reconnecting]")).to_be_visible()
        await expect(page.locator("#stale")).to_be_visible()
        note = page.locator("article [data-keep=jotting]")
        await note.press_sequentially(TYPED)
        await page.get_by_role("button", name="Jot down").click()
        await expect(page.locator("form .refusal")).to_contain_text("nothing was sent")
        await page.locator("article").focus()
        await page.keyboard.press("a")
        await expect(page.locator("#news")).to_contain_text("nothing was sent")
        await page.clock.fast_forward(300_000)
        await expect(note).to_have_value(TYPED)
        assert sent == []
        second = await call(place)
        await page.context.set_offline(False)
        await live_again(page)
        await expect(page.locator("article")).to_have_count(2)
        await expect(note.first).to_have_value(TYPED)
        await expect(note.nth(1)).to_have_value("")
        await page.context.set_offline(True)
        await expect(page.locator("#stale")).to_be_visible()
        await place.house.test_phone.hang_up(first)
        await place.house.test_phone.hang_up(second)
        await page.context.set_offline(False)
        await live_again(page)
        await expect(page.locator("article")).to_have_count(0)
        assert TYPED not in await storages(page)


async def live_again(page: Page) -> None:
    await expect(page.locator("#connection[data-state=live]")).to_be_visible(timeout=15_000)


async def test_nothing_of_a_caller_stays(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await with_notes(page)
        called = await call(place)
        await page.locator("article [data-keep=jotting]").fill(TYPED)
        content = await storages(page)
        assert all(each in content for each in (NAME, BODY, TYPED)), "the search finds what is there"
        await page.goto(f"http://127.0.0.1:{place.port}/account")
        assert NAME not in await storages(page)
        await page.go_back()
        await expect(page.locator("article")).to_be_visible()
        assert await page.locator("article form[autocomplete=off]").count() == 1
        await place.house.test_phone.hang_up(called)
        await expect(page.locator("article")).to_have_count(0)
        content = await storages(page)
        assert not any(each in content for each in (NAME, "Jana", BODY, TYPED))


async def test_nobody_else_sees_what_was_typed(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await with_notes(page)
        called = await call(place)
        await page.locator("article [data-keep=jotting]").fill(TYPED)
        await page.context.set_offline(True)
        await expect(page.locator("#stale")).to_be_visible()
        other = await page.context.new_page()
        await page.context.set_offline(False)
        await other.goto(f"http://127.0.0.1:{place.port}/account")
        await other.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in?next=**")
        content = await storages(page)
        assert NAME not in content and TYPED not in content
        await place.house.test_phone.hang_up(called)


async def test_the_keys_are_listed_and_work(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        await page.keyboard.press("?")
        help_ = page.get_by_role("dialog", name="Keys")
        await expect(help_).to_be_visible()
        await page.keyboard.press("o")
        await page.keyboard.press("Escape")
        await expect(help_).to_be_hidden()
        await expect(page.locator(".presence[data-presence=ready]")).to_be_visible()
        calls = [await call(place), await call(place)]
        cards = page.locator("article")
        await expect(cards).to_have_count(2)
        await page.keyboard.press("a")
        await expect(page.locator("article[data-state=talking]")).to_have_count(1)
        listed = set(await page.locator("#help kbd").all_text_contents()) | set("23456789")
        keys = await page.locator("[data-key]").evaluate_all("all => all.map((each) => each.dataset.key.toUpperCase())")
        assert set(keys) <= listed
        for wanted in (0, 1, 0):
            await page.keyboard.press("c")
            await expect(cards.nth(wanted)).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await expect(cards.nth(1)).to_be_focused()
        await page.get_by_label("Keyboard shortcuts").uncheck()
        await page.keyboard.press("?")
        await expect(help_).to_be_hidden()
        for each in calls:
            await place.house.test_phone.hang_up(each)
        await expect(cards).to_have_count(0)


async def test_tab_reaches_everything_and_is_never_caught(place: Site, anna: str) -> None:
    async with place.page(anna) as page:
        called = await call(place)
        await expect(page.locator("article[data-state=ringing]")).to_be_visible()
        await page.keyboard.press("a")
        await expect(page.locator("article[data-state=talking]")).to_be_visible()
        reachable = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']")]
            .filter((each) => each.checkVisibility() && !each.disabled && each.tabIndex >= 0).length"""
        wanted, reached = await page.evaluate(reachable), 0
        await page.evaluate("() => { document.activeElement.blur(); window.been = new Set(); }")
        for _ in range(wanted):
            await page.keyboard.press("Tab")
            reached = await page.evaluate("() => window.been.add(document.activeElement).size")
            outline = await page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", await page.evaluate("() => document.activeElement.outerHTML")
        assert reached == wanted
        await place.house.test_phone.hang_up(called)
        await expect(page.locator("article")).to_have_count(0)
