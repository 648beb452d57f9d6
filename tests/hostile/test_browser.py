"""Texts that break what trusts them, in every field that pages show, in a real Chromium: no script of theirs runs,
nobody else is asked for anything, and who reads them reads them as they are."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Request, expect

from router.agents.people import NewPerson, add
from router.api.keys import create_key
from router.messages.registration import Registration
from tests.desk.site import NUMBER, Site, browser, dial_to_queue, site
from tests.hostile.strings import PAGES, SQL, XML

__all__ = ["browser", "site"]
pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]

CANARY = "Object.defineProperty(window, 'hacked', {set() { window.pwned = true }})"
LOUD = [
    *PAGES,
    *XML,
    *SQL,
    "'\"><script src=//192.0.2.9/x.js></script>",
    "<link rel=stylesheet href=//192.0.2.9/x.css>",
    "<img src=//192.0.2.9/x.png>",
    "<svg><use href=//192.0.2.9/x.svg#a></svg>",
    "</script><base href=//192.0.2.9/>",
]
ALL_OF_THEM = " ".join(text for text in LOUD if text.isprintable())
TITLE, NAME, BODY = ALL_OF_THEM[:190], " ".join(PAGES[:5])[:190], ALL_OF_THEM
PAGES_SHOWN = (
    "/admin", "/admin/calls", "/admin/match", "/admin/messages", "/admin/people", "/admin/keys", "/admin/audit",
    "/admin/flows", "/admin/callbacks", "/admin/voicemails", "/supervisor", "/desk/work", "/account", "/testphone",
)  # fmt: skip


class Watch:
    """What a page asks for elsewhere, and whether a script of the texts has run."""

    def __init__(self, page: Page, port: int) -> None:
        self.elsewhere: list[str] = []
        self.asked: list[str] = []
        self._here = f"127.0.0.1:{port}"
        page.on("request", self._note)
        page.on("dialog", lambda dialog: self.elsewhere.append(f"dialog {dialog.message}"))

    def _note(self, request: Request) -> None:
        if request.url.startswith(("data:", "blob:", "about:")):
            return
        (self.asked if urlsplit(request.url).netloc == self._here else self.elsewhere).append(request.url)

    async def is_well(self, page: Page) -> None:
        assert await page.evaluate("window.pwned") is None, page.url
        assert self.elsewhere == [], page.url


async def a_message_of_them(site: Site) -> str:
    now = site.house.clock()
    told = {
        "external_id": "'><script>window.hacked=1</script>",
        "channel": "sms",
        "to": {"phone": NUMBER},
        "customer": {"name": NAME, "language": "de", "segment": "<b>gold</b>"},
        "offer": {
            "title": TITLE,
            "summary": BODY[:1900],
            "valid_until": (now + timedelta(hours=26)).isoformat(),
            "queue": "default",
            "url": "https://example.com/?q=%22%3E'+onclick=window.hacked=1",
            "script": list(PAGES)[:10],
            "facts": {"<img src=x onerror=window.hacked=2>": TITLE, "IBAN": {"value": NAME, "sensitive": True}},
        },
        "body": BODY,
        "reference": "<i>A-4711</i>",
        "campaign": "</title><script>window.hacked=3</script>",
        "sent_at": (now - timedelta(hours=1)).isoformat(),
    }
    return (await site.house.registrar.register(Registration.model_validate(told, context={"region": "DE"}))).id


async def test_no_text_runs_asks_or_changes_what_is_read(site: Site) -> None:
    message = await a_message_of_them(site)
    now = site.house.clock()
    async with site.house.database.begin() as connection:
        new = NewPerson(login="mallory", name=NAME, role="admin", language="en", queues=("default",))
        person = await add(connection, new, site.house.settings.queues, now)
        await create_key(connection, NAME[:90], ["match"], now)
    await site.agents.presence.ready(person)
    async with site.page(person) as page:
        watch = Watch(page, site.port)
        await page.add_init_script(CANARY)
        await page.reload()
        call = await dial_to_queue(site)
        card = page.locator("#cards article")
        await expect(card).to_contain_text(TITLE)
        await expect(card).to_contain_text(NAME)
        await expect(card).to_contain_text(BODY[:300])
        await watch.is_well(page)
        await page.keyboard.press("a")
        await expect(card).to_have_attribute("data-state", "talking")
        await watch.is_well(page)
        for path in (*PAGES_SHOWN, f"/admin/messages/{message}", f"/admin/calls/{call}", f"/admin/people/{person}"):
            answer = await page.goto(f"http://127.0.0.1:{site.port}{path}")
            assert answer is not None and answer.status == 200, path
            await watch.is_well(page)
        await page.goto(f"http://127.0.0.1:{site.port}/admin/messages/{message}")
        await expect(page.locator("main")).to_contain_text(TITLE)
        assert len(watch.asked) > 40
        assert not [url for url in watch.asked if "sign-out" in url]
        assert await page.evaluate("window.hacked = 1; window.pwned"), "the canary sings"
