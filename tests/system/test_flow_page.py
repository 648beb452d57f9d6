"""An admin's way with a flow, whole: a mistake marked where it stands, mended, tried, published, and taken back. Real
callers meet it who come after it was published, and none who were there before."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.system.conftest import MakeCaller
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.media import Sound
from tests.system.harness.office import MENU, Office
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

PATH = "menu.yaml"
CALLER = Identity("+493023125011")
MISSPELT, RIGHT = "next: conect", "next: connect"
BEFORE, AFTER = "to queue sales", "to queue service"


@pytest.fixture
def chef(office: Office, browser: Browser) -> Page:
    """An admin, signed in, with the flow of the menu in the editor."""
    password = secrets.token_urlsafe(12)
    named = ["--name", "Carla Chefin", "--role", "admin"]
    office.router.command("people", "add", "chef", *named, said=f"{password}\n{password}\n")
    context = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin", viewport={"width": 1500, "height": 1000})
    page = context.new_page()
    page.goto(f"{office.router.url}/admin/flows")
    page.fill("#login", "chef")
    page.fill("#password", password)
    page.click("form[action='/sign-in'] button.primary")
    page.wait_for_url("**/admin/**")
    page.goto(f"{office.router.url}/admin/flows/edit/{PATH}")
    expect(page.locator("#editor .cm-content")).to_contain_text("name: menu")
    return page


def write(page: Page, text: str) -> None:
    """Put ``text`` in place of all there is."""
    page.locator("#editor .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def called(office: Office, caller: Caller, key: str) -> str:
    """Press ``key`` in the menu; what the flow noted of the queue the call was handed to."""
    until(lambda: caller.media.first(Sound.OTHER), 20, "the menu is heard")
    caller.press(key)
    (session,) = until(
        lambda: office.router.rows("select session from calls where state = 'queue' order by updated_at desc limit 1"),
        20,
        "call in a queue",
    )[0]
    caller.hang_up()
    office.at_rest()
    return next(found for found in (BEFORE, AFTER) if found in session)


def test_a_flow_is_written_tried_published_met_and_taken_back(
    office: Office, chef: Page, make_caller: MakeCaller
) -> None:
    page = chef
    (source,) = office.router.rows("select source from flow_revisions where name = ?", PATH)[0]
    better = source + "  order:\n    type: transfer\n    queue: service\n    timeout: 60\n"
    better = better.replace('"2":\n        next: connect', '"2":\n        next: order')
    broken = better.replace(RIGHT, MISSPELT, 1)
    assert broken.count(MISSPELT) == 1
    line = broken[: broken.index(MISSPELT)].count("\n") + 1

    write(page, broken)
    problems = page.locator("#problem-list")
    expect(problems).to_contain_text("es gibt keinen Schritt 'conect'; meinten Sie 'connect'?")
    expect(problems).to_contain_text(str(line))
    marked = page.locator("#editor .cm-line", has=page.locator(".cm-lintRange-error"))
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text(MISSPELT)
    page.click("#publish")
    expect(page.locator("#publish-now")).to_be_disabled()
    page.keyboard.press("Escape")

    write(page, better)
    expect(problems.locator(".error")).to_have_count(0)
    expect(page.locator("#graph #step-order")).to_be_visible()

    page.click("#tab-phone")
    page.fill("#from", CALLER.number)
    page.click("#call")
    expect(page.locator("#heard")).to_contain_text("Drücken Sie die Eins")
    page.click("#keypad button[data-digit='2']")
    expect(page.locator("#trace")).to_contain_text(AFTER)
    page.click("#hang-up")
    office.at_rest()

    there_before = make_caller(CALLER, MENU)
    until(lambda: there_before.media.first(Sound.OTHER), 20, "the menu is heard")
    page.click("#publish")
    page.fill("#publishing-comment", "Bestellungen an den Service")
    page.click("#publish-now")
    expect(page.locator("#notices")).to_contain_text("Veröffentlicht als Fassung 2")
    assert called(office, there_before, "2") == BEFORE, "a running call stays on the version it began with"
    assert called(office, make_caller(CALLER, MENU), "2") == AFTER

    page.click("#tab-history")
    versions = page.locator("#history .version")
    expect(versions.first).to_contain_text("Bestellungen an den Service")
    expect(versions.first).to_contain_text("von Ihnen")
    versions.filter(has_text=re.compile("Fassung 1 ")).get_by_role("button", name=re.compile("Hierhin zurück")).click()
    page.click("#compare-do")
    expect(page.locator("#notices")).to_contain_text("1")
    expect(page.locator("#editor .cm-content")).not_to_contain_text("order:")
    assert called(office, make_caller(CALLER, MENU), "2") == BEFORE
    page.context.close()
