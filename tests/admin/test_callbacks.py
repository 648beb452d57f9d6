"""The page of callbacks: in order, settled by one click, taken back by another, from this site only."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from router.admin.callbacks import routes
from router.store import callbacks as store
from tests.stored import a_message

if TYPE_CHECKING:
    from tests.web.conftest import House

HTML = {"Accept": "text/html"}


@asynccontextmanager
async def admin_of(house: House, role: str = "admin", language: str = "en") -> AsyncIterator[httpx.AsyncClient]:
    house.app.include_router(routes(database=house.database, clock=house.clock, guard=house.guard, pages=house.pages))
    async with house.signed_in("chef", role, language) as browser:
        yield browser


async def add(house: House, name: str, **values: Any) -> None:
    defaults = {
        "id": name,
        "call_id": f"call-{name}",
        "number": "+493023125011",
        "queue": "sales",
        "priority": 0,
        "message_id": None,
        "state": store.OPEN,
        "since": house.clock(),
        "wanted_from": None,
        "wanted_until": None,
        "created_at": house.clock(),
    }
    async with house.database.begin() as connection:
        await store.put(connection, defaults | values)


async def page(browser: httpx.AsyncClient) -> str:
    answer = await browser.get("/admin/callbacks", headers=HTML)
    assert answer.status_code == 200
    return answer.text


def shown(text: str) -> list[tuple[str, str]]:
    """What can be done with which callback, in order."""
    return re.findall(r'action="/admin/callbacks/(\w+)"><input type="hidden" name="state" value="(\w+)"', text)


async def test_they_stand_in_order_with_wish_message_and_queue(house: House) -> None:
    async with house.database.begin() as connection:
        await a_message(connection, "m1", offer={"title": "Öko <b>Strom</b>"})
    now = house.clock()
    wish = {"wanted_from": now + timedelta(hours=2), "wanted_until": now + timedelta(hours=4)}
    await add(house, "second", message_id="m1", **wish)
    await add(house, "first", since=now - timedelta(minutes=9), message_id="gone")
    await add(house, "urgent", priority=9, wanted_from=now - timedelta(hours=2), wanted_until=now)
    async with admin_of(house) as browser:
        house.clock.move(minutes=1)
        text = await page(browser)
    assert shown(text) == [(name, state) for name in ("urgent", "first", "second") for state in ("done", "dropped")]
    assert "Öko &lt;b&gt;Strom&lt;/b&gt;" in text and "<b>" not in text
    assert text.count("as soon as possible") == 1 and text.count("(past)") == 1
    assert "+49 30 23125011" in text and ">sales<" in text
    assert '<a href="/admin/callbacks" aria-current="page">Callbacks</a>' in text


async def test_one_is_settled_and_taken_back(house: House) -> None:
    await add(house, "one")
    async with admin_of(house) as browser:
        for state, then in (("done", "open"), ("open", "done"), ("dropped", "open")):
            answer = await browser.post("/admin/callbacks/one", data={"state": state})
            assert (answer.status_code, answer.headers["location"]) == (303, "/admin/callbacks")
            assert ("one", then) in shown(await page(browser))
        text = await page(browser)
    assert "Nobody waits" in text and "dropped" in text and "Chef Muster" in text


async def test_whoever_comes_second_is_told(house: House) -> None:
    await add(house, "one")
    async with admin_of(house, language="de") as browser:
        await browser.post("/admin/callbacks/one", data={"state": "done"})
        for callback, state in (("one", "dropped"), ("unknown", "done")):
            answer = await browser.post(f"/admin/callbacks/{callback}", data={"state": state})
            assert answer.headers["location"] == "/admin/callbacks?missed=1"
        assert "inzwischen" in (await browser.get("/admin/callbacks?missed=1", headers=HTML)).text
    async with house.database.read() as connection:
        assert [row.state for row in await store.settled(connection, 5)] == ["done"]


async def test_only_admins_of_this_site_change_anything(house: House) -> None:
    await add(house, "one")
    async with admin_of(house, role="agent") as browser:
        assert (await browser.get("/admin/callbacks", headers=HTML)).status_code == 403
        assert (await browser.post("/admin/callbacks/one", data={"state": "done"})).status_code == 403
    async with house.signed_in("lead", "admin") as browser:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await browser.post("/admin/callbacks/one", data={"state": "done"}, headers=headers)
            assert answer.status_code == 403
        assert (await browser.post("/admin/callbacks/one", data={"state": "gone"})).status_code == 400
    async with house.database.read() as connection:
        assert len(await store.in_order(connection, 5)) == 1
