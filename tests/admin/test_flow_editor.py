"""The page with the editor in a real Chromium: writing, checking, trying, publishing and taking back a flow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Locator, Page, expect

from tests.desk.site import Site, browser, dial_to_queue, site

__all__ = ["browser", "site"]

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]

GREETING = "Hello and welcome to customer service."


@asynccontextmanager
async def editor(
    site: Site, person_id: str, path: str = "hotline.yaml", *, ready: str = "All is well"
) -> AsyncIterator[Page]:
    """The editor with a file, once it was checked for the first time."""
    async with site.page(person_id, "/testphone") as page:
        await page.goto(f"http://127.0.0.1:{site.port}/admin/flows/edit/{path}")
        await expect(page.locator("#summary")).to_have_text(ready)
        yield page


def text_of(page: Page) -> Locator:
    return page.locator("#editor .cm-content")


async def replace(page: Page, old: str, new: str) -> None:
    """Select ``old`` by searching, as one would, and type ``new``."""
    await text_of(page).focus()
    await page.keyboard.press("Control+f")
    search = page.locator("#editor .cm-search [name=search]")
    await search.press_sequentially(old)
    await search.press("Enter")
    await search.press("Escape")
    await page.keyboard.insert_text(new)
    await expect(page.locator("#editor")).to_contain_text(new)


async def tab(page: Page, name: str) -> None:
    await page.get_by_role("tab", name=name).click()
    await expect(page.get_by_role("tabpanel", name=name)).to_be_visible()


async def publish(page: Page, comment: str) -> None:
    await page.locator("#publish").click()
    await expect(page.locator("#publishing-scenarios")).to_contain_text("as expected", timeout=30_000)
    await page.get_by_label("Comment for the history").and_(page.locator("#publishing-comment")).fill(comment)
    await page.get_by_role("button", name="Publish now").click()


async def in_use(site: Site) -> str:
    return (await site.house.releases.files_of((await site.house.releases.newest()).id))["hotline.yaml"]


async def test_a_mistake_is_marked_at_its_line_and_the_graph_follows_the_mended_text(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await expect(page.locator("#graph [data-step=greet]")).to_be_visible()
        await replace(page, "next: recognise", "next: recognize")
        problem = page.locator("#problem-list button")
        await expect(problem).to_contain_text("no step 'recognize'; did you mean 'recognise'?")
        await expect(page.locator("#editor .cm-lintRange-error")).to_have_text("recognize")
        await expect(page.locator("#editor .cm-lint-marker-error")).to_have_count(1)
        await expect(page.locator("#graph-note")).to_contain_text("the last state that was right")
        await expect(page.locator("#graph [data-step=greet].here")).to_have_count(1)
        # The list leads to the place, from the keyboard too.
        await page.keyboard.press("Control+Home")
        await expect(page.locator("#graph .here")).to_have_count(0)
        await problem.focus()
        await page.keyboard.press("Enter")
        line = await page.locator("#editor .cm-activeLine").inner_text()
        assert line.strip() == "next: recognize"
        # Mended, and with a new step: the graph shows it, and the cursor's step stands out.
        await page.keyboard.press("End")
        await page.keyboard.press("Shift+Home")
        await page.keyboard.insert_text("next: thanks\n  thanks:\n    type: say\n    text: found\n    next: recognise")
        await expect(page.locator("#summary")).to_have_text("All is well")
        await expect(page.locator("#graph [data-step=thanks].here")).to_have_count(1)
        await expect(page.locator("#graph-note")).to_be_hidden()
        # A click on a step leads to its text.
        await page.locator("#graph [data-step=greet]").click()
        assert (await page.locator("#editor .cm-activeLine").inner_text()).strip() == "greet:"


async def test_the_editor_proposes_what_may_stand_at_the_cursor(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        options = page.locator("#editor .cm-tooltip-autocomplete li")
        await replace(page, "next: recognise", "next: ")
        await page.keyboard.press("Control+Space")
        await expect(options.filter(has_text="office_hours")).to_have_count(1)
        await page.keyboard.type("recog")
        await expect(options).to_have_count(1)
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Control+Space")
        await expect(options.filter(has_text="language")).to_have_count(1)
        await expect(options.filter(has_text="next")).to_have_count(0)  # stands there already
        await page.keyboard.type("lang")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Control+Space")
        await expect(options.filter(has_text="de")).to_have_count(1)


async def test_queues_of_the_settings_and_variables_are_proposed_too(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        options = page.locator("#editor .cm-tooltip-autocomplete li")
        await replace(page, "offer_queue: true", "queue: ")
        await page.keyboard.press("Control+Space")
        await expect(options.filter(has_text="service")).to_have_count(1)
        await page.keyboard.press("Escape")
        await replace(page, GREETING, "Hello {")
        await page.keyboard.type("offer.t")
        await expect(options.filter(has_text="offer.title")).to_have_count(1)


async def test_a_field_tells_what_it_means(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await page.locator("#editor .cm-line", has_text="default_queue").get_by_text("default_queue").hover()
        await expect(page.locator("#editor .meaning")).to_contain_text("where a caller goes whatever goes wrong")


async def test_the_graph_is_walked_by_keys(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await page.locator("#graph [tabindex='0']").focus()
        first = await page.evaluate("document.activeElement.dataset.step")
        await page.keyboard.press("ArrowDown")
        second = await page.evaluate("document.activeElement.dataset.step")
        assert first and second and first != second
        await page.keyboard.press("Enter")
        await expect(page.locator(f"#graph [data-step={second}].here")).to_have_count(1)
        assert await page.evaluate("document.activeElement.id") == "editor"


async def test_escape_and_tab_leave_the_text(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await text_of(page).focus()
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.id") == "editor", "Tab indents"
        await page.keyboard.press("Control+z")
        await page.keyboard.press("Escape")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.id") != "editor"


async def test_a_draft_is_tried_published_and_taken_back(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    before = await in_use(site)
    async with editor(site, robin) as page:
        await replace(page, GREETING, "Good day, and welcome.")
        await tab(page, "Test phone")
        await page.locator("#from").fill("+44 20 7946 0000")
        await page.locator("#at").fill("2026-03-31T10:00")
        await page.locator("#call").click()
        await expect(page.locator("#heard")).to_contain_text("Good day, and welcome.")
        await expect(page.locator("#graph [data-step=recognise].now")).to_have_count(1)
        await expect(page.locator("#graph [data-step=greet].gone")).to_have_count(1)
        await page.locator("#hang-up").click()
        await expect(page.locator("#trace li").last).to_contain_text("recognise call ended")
        await expect(page.locator("#saved")).to_contain_text("Draft by you")
        assert await in_use(site) == before, "calling a draft changes nothing for anybody"
        await publish(page, "A friendlier greeting")
        await expect(page.locator("#notices")).to_contain_text("Published as version 2.")
        assert "Good day, and welcome." in await in_use(site)
        await tab(page, "History")
        newest = page.locator("#history .version").first
        await expect(newest).to_contain_text("A friendlier greeting")
        await newest.get_by_role("button", name="What changed").click()
        await expect(page.locator("#compare-diff .cm-deletedChunk")).to_contain_text(GREETING)
        await expect(page.locator("#compare-diff .cm-changedLine")).to_contain_text("Good day, and welcome.")
        await page.keyboard.press("Escape")
        await page.locator("#history").get_by_role("button", name="Go back to this").click()
        await page.locator("#compare-do").click()
        await expect(page.locator("#notices")).to_contain_text("Back to what version 1 was, now version 3.")
        assert await in_use(site) == before
        await expect(page.locator("#editor")).to_contain_text(GREETING)
        await page.locator("#notices").get_by_role("button", name="Undo").click()
        await expect(page.locator("#notices")).to_contain_text("now version 4.")
        assert "Good day, and welcome." in await in_use(site)


async def test_the_phone_calls_what_is_in_use_and_a_draft_as_often_as_one_likes(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await tab(page, "Test phone")
        await page.locator("#from").fill("+44 20 7946 0000")
        for call in range(4):
            if call == 2:  # from here on a draft, saved once
                await replace(page, GREETING, "Good day, and welcome.")
            await page.locator("#call").click()
            await expect(page.locator("#heard")).to_contain_text("Good day" if call >= 2 else GREETING)
            await page.locator("#hang-up").click()
            await expect(page.locator("#call")).to_be_enabled()


async def test_a_broken_draft_can_be_saved_but_neither_called_nor_published(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await replace(page, "next: recognise", "next: nowhere")
        await tab(page, "Test phone")
        await page.locator("#call").click()
        await expect(page.locator("#panel-phone #problem")).to_contain_text("nobody can call it like this")
        await page.locator("#publish").click()
        await expect(page.locator("#publishing-summary")).to_contain_text("once its problems are mended")
        await expect(page.locator("#publish-now")).to_be_disabled()


async def test_unsaved_text_survives_a_reload_and_an_ended_session(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        await replace(page, GREETING, "Good day, and welcome.")
        await expect(page.locator("#saved")).to_have_text("Not saved")
        await page.reload()
        await expect(page.locator("#notices")).to_contain_text("Your unsaved text of")
        await expect(page.locator("#editor")).to_contain_text("Good day, and welcome.")
        other = await page.context.new_page()
        await other.goto(f"http://127.0.0.1:{site.port}/testphone")
        await other.get_by_role("button", name="Sign out").click()
        await other.wait_for_url("**/sign-in")
        await text_of(page).focus()
        await page.keyboard.press("Control+s")
        await expect(page.locator("[data-notice=signed_out]")).to_contain_text("Your session is over.")
        await expect(page.locator("#editor")).to_contain_text("Good day, and welcome.")
    async with editor(site, robin) as elsewhere:
        await expect(elsewhere.locator("#editor")).to_contain_text(GREETING)  # another browser has another memory


async def test_what_was_kept_can_be_discarded(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        await replace(page, GREETING, "Good day, and welcome.")
        await page.reload()
        await page.get_by_role("button", name="Discard this text").click()
        await expect(page.locator("#editor")).to_contain_text(GREETING)
        await page.reload()
        await expect(page.locator("#summary")).to_have_text("All is well")
        await expect(page.locator("#notices")).to_be_hidden()


async def test_two_admins_are_told_and_each_keeps_their_text(site: Site) -> None:
    robin, kim = await site.person("robin", role="admin"), await site.person("kim", role="admin")
    async with editor(site, robin) as first, editor(site, kim) as second:
        await replace(first, GREETING, "Robin's greeting.")
        await replace(second, GREETING, "Kim's greeting.")
        await second.keyboard.press("Control+s")
        await expect(second.locator("#saved")).to_contain_text("Draft by you")
        notice = first.locator("[data-notice=conflict]")
        await expect(notice).to_contain_text("saved meanwhile by Kim Muster", timeout=10_000)
        await expect(first.locator("#editor")).to_contain_text("Robin's greeting.")
        await notice.get_by_role("button", name="Show the difference").click()
        await expect(first.locator("#compare-diff .cm-deletedChunk")).to_contain_text("Kim's greeting.")
        await first.keyboard.press("Escape")
        await notice.get_by_role("button", name="Save mine as the newer draft").click()
        await expect(first.locator("#saved")).to_contain_text("Draft by you")
        notice = second.locator("[data-notice=conflict]")
        await expect(notice).to_contain_text("saved meanwhile by Robin Muster", timeout=10_000)
        await notice.get_by_role("button", name="Take the other text over").click()
        await expect(second.locator("#editor")).to_contain_text("Robin's greeting.")
        await text_of(second).focus()
        await second.keyboard.press("Control+z")
        await expect(second.locator("#editor")).to_contain_text("Kim's greeting.")
        drafts = await site.house.releases.draft_history("hotline.yaml")
        assert len(drafts) == 2 and "Kim's greeting." in drafts[1].text


async def test_a_router_that_is_away_costs_no_text(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await replace(page, GREETING, "Good day, and welcome.")
        await site.down()
        await page.keyboard.press("Control+s")
        await expect(page.locator("#notices")).to_contain_text("The router cannot be reached right now.")
        await expect(page.locator("#saved")).to_have_text("Not saved")
        await site.up()
        await page.locator("#save").click()
        await expect(page.locator("#saved")).to_contain_text("Draft by you")
        await expect(page.locator("#notices")).to_be_hidden()


async def test_a_new_file_is_published_removed_and_brought_back(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await page.goto(f"http://127.0.0.1:{site.port}/admin/flows")
        await page.get_by_label("Name").fill("winter")
        await page.get_by_role("button", name="Begin").click()
        await expect(page.locator("#saved")).to_have_text("New file, not saved yet")
        await page.locator("#publish").click()
        await expect(page.locator("#publishing-scenarios")).to_contain_text("There is no scenario for this file yet.")
        await page.locator("#publish-now").click()
        await expect(page.locator("#notices")).to_contain_text("Published as version 2.")
        await page.goto(f"http://127.0.0.1:{site.port}/admin/flows")
        await page.locator("#path").select_option("winter.yaml")
        await page.get_by_role("button", name="Remove").click()
        await page.get_by_role("row", name="winter.yaml").get_by_role("link").click()
        await expect(page.locator("#saved")).to_contain_text("Not in use any more since")
        await tab(page, "History")
        await page.get_by_role("button", name="Go back to this").click()
        await page.locator("#compare-do").click()
        await expect(page.locator("#notices")).to_contain_text("now version 4.")
        await expect(page.locator("#saved")).to_contain_text("In use like this since")
        await expect(page.locator("#history .badge")).to_have_count(1)


async def test_what_does_not_work_is_said(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await tab(page, "History")
        await site.down()
        await page.get_by_role("button", name="What changed").first.click()
        await expect(page.locator("#notices")).to_contain_text("The router cannot be reached right now.")


async def test_scenarios_tell_what_came_otherwise(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await tab(page, "Scenarios")
        await page.locator("#run-scenarios").click()
        await expect(page.locator("#scenario-state")).to_contain_text("as expected", timeout=30_000)
        await expect(page.locator("#graph [data-step=greet].covered")).to_have_count(1)
        await replace(page, "no_answer: nobody_free", "no_answer: human")
        await expect(page.locator("#graph .covered")).to_have_count(0)
        await page.locator("#run-scenarios").click()
        await expect(page.locator("#scenario-state")).to_contain_text("not as expected", timeout=30_000)
        await expect(page.locator("#scenario-list .misses").first).to_contain_text("expected")


async def test_yesterdays_calls_are_replayed_on_the_draft_before_it_is_published(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    phone = site.house.test_phone
    for _ in range(2):
        call = await dial_to_queue(site)
        await phone.hang_up(call)
    async with editor(site, robin) as page:
        await replace(page, "offer_queue: true", "queue: service")
        await page.locator("#publish").click()
        await expect(page.locator("#publishing-scenarios")).to_contain_text("expected", timeout=30_000)
        await page.locator("#replay").click()
        await expect(page.locator("#replay-state")).to_contain_text("2 calls: 0 the same, 2 to another end")
        changed = page.locator("#replay-found li")
        await expect(changed).to_contain_text("2 × queue default → queue service")
        assert (await changed.locator("a").first.get_attribute("href") or "").startswith("/admin/calls/")


async def test_the_editor_is_loaded_on_its_page_only(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with site.page(robin, "/testphone") as page:
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        for path in ("/admin/flows", "/admin/calls", "/testphone", "/desk"):
            await page.goto(f"http://127.0.0.1:{site.port}{path}")
        assert loaded and not any("floweditor" in address for address in loaded)
        assert all(address.startswith(f"http://127.0.0.1:{site.port}/") for address in loaded)


async def test_the_phone_shows_what_only_the_agent_hears(site: Site) -> None:
    robin = await site.person("robin", role="admin")
    async with editor(site, robin) as page:
        await replace(page, "text: connecting", "whisper: {de: Aus dem Entwurf., en: Out of the draft.}")
        await tab(page, "Test phone")
        await page.locator("#from").fill("+44 20 7946 0000")
        await page.locator("#call").click()
        await expect(page.locator("#silent")).to_be_enabled()
        await page.locator("#silent").click()
        await expect(page.locator("#heard .whisper")).to_have_text("Only the agent hears: Aus dem Entwurf.")
