"""The page about how good matches are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from router.admin.quality import routes
from router.calls import learning
from router.core.assurance import Assurance
from router.core.events import WITHHELD
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match
from router.matching.outcomes import Verdict
from router.matching.parameters import DEFAULT
from router.store import adjustments, calls
from tests.admin.test_pages import add_call

if TYPE_CHECKING:
    from tests.web.conftest import House

pytestmark = pytest.mark.sqlite_only

BY_NUMBER = Evidence(EvidenceKind.RECIPIENT_NUMBER, 8.0, "…")
NAMED = Match(Decision.LIKELY, Assurance.L1, 0.2, (Candidate("m1", 0.8, (BY_NUMBER,)),))


@asynccontextmanager
async def admin_of(house: House, language: str = "en", role: str = "admin") -> AsyncIterator[httpx.AsyncClient]:
    table = replace(DEFAULT, sure=0.985)
    house.app.include_router(
        routes(
            database=house.database,
            clock=house.clock,
            guard=house.guard,
            pages=house.pages,
            policy="normal",
            table=table,
        )
    )
    async with house.signed_in("chef", role, language) as browser:
        yield browser


async def taken(house: House, call_id: str, verdict: Verdict | None) -> None:
    await add_call(house, call_id, WITHHELD, NAMED, agent_id="anna")
    async with house.database.begin() as connection:
        row = await calls.by_id(connection, call_id)
        if verdict is not None:
            await learning.say(connection, row, verdict, None, "anna", house.clock())


async def page(browser: httpx.AsyncClient, path: str = "/admin/match") -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


async def test_rates_stand_with_how_sure_they_are(house: House) -> None:
    for number, verdict in enumerate([Verdict.RIGHT, Verdict.RIGHT, Verdict.RIGHT, Verdict.NONE, None]):
        await taken(house, f"c{number}", verdict)
    house.clock.move(minutes=1)
    async with admin_of(house) as browser:
        shown = await page(browser)
    for text in ("4 of 5", "25.0%", "95% sure: 4.6 to 69.9%", "Recipient&#39;s number", "80 to 90%", "75.0%"):
        assert text in shown, text
    assert "Sure from 98.5%" in shown and "The table of the program counts." in shown


async def test_weights_in_force_say_where_they_come_from(house: House) -> None:
    async with house.database.begin() as connection:
        await adjustments.add(connection, {"timing": 0.5, "topic": -0.7}, {"outcomes": 412}, house.clock())
    async with admin_of(house, "de") as browser:
        shown = await page(browser)
    for text in ("aus 412 Urteilen", "Zeit seit dem Versand", "× 1,65", "÷ 2,01", "Hier ist noch nichts."):
        assert text in shown, text


async def test_the_period_can_be_chosen(house: House) -> None:
    await taken(house, "c1", Verdict.RIGHT)
    house.clock.move(days=20)
    async with admin_of(house) as browser:
        assert "1 of 1" in await page(browser)
        assert "0 of 0" in await page(browser, "/admin/match?days=7")
        assert (await browser.get("/admin/match?days=8")).status_code == 400


async def test_agents_stay_outside(house: House) -> None:
    async with admin_of(house, role="agent") as browser:
        assert (await browser.get("/admin/match")).status_code == 403
