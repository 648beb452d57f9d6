"""One's own account, and sessions that end: by time, by a new password, and everywhere else at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from router.desk.stream import DeskStream
from router.store.tables import web_sessions
from router.web.account import routes
from router.web.ending import Ending
from router.web.passwords import Passwords
from router.web.streams import HEART
from tests.web.conftest import FAST, PASSWORD

if TYPE_CHECKING:
    from tests.web.conftest import House

NEW = "another horse battery"
pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def account(house: House) -> House:
    async def left(person_id: str) -> None:
        house.left.append(person_id)

    parts = {"database": house.database, "clock": house.clock, "guard": house.guard, "pages": house.pages}
    ending = Ending(house.sign_in, house.guard, house.bus, left)
    house.app.include_router(
        routes(**parts, sign_in=house.sign_in, passwords=Passwords(FAST), ending=ending)  # type: ignore[arg-type]
    )
    return house


async def test_an_hour_without_a_sign_of_the_browser_ends_the_session(house: House) -> None:
    async with house.signed_in(role="supervisor") as browser:
        house.clock.move(minutes=59, seconds=59)
        assert (await browser.get("/testphone")).status_code == 200
        house.clock.move(minutes=60)
        assert (await browser.get("/testphone")).status_code == 401


async def test_every_sign_in_has_a_token_of_its_own_and_the_one_before_is_worth_nothing(house: House) -> None:
    await house.add("anna")
    async with house.client() as browser, house.client() as attacker:
        await attacker.post("/sign-in", data={"login": "anna", "password": PASSWORD})
        planted = attacker.cookies["threadline"]
        browser.cookies.set("threadline", planted)
        await browser.post("/sign-in", data={"login": "anna", "password": PASSWORD})
        fresh = [each.value for each in browser.cookies.jar if each.name == "threadline" and each.value != planted]
        assert len(fresh) == 1
        assert (await attacker.get("/testphone")).status_code == 401
    async with house.client() as made_up:
        made_up.cookies.set("threadline", "a token of my own choice")
        await made_up.post("/sign-in", data={"login": "anna", "password": PASSWORD})
        async with house.database.read() as connection:
            hashes = (await connection.execute(select(web_sessions.c.token_hash))).scalars().all()
        assert len(hashes) == 2


async def test_a_new_password_ends_the_other_sessions_and_gives_this_one_a_new_token(account: House) -> None:
    async with account.signed_in() as browser, account.client() as elsewhere:
        await elsewhere.post("/sign-in", data={"login": "anna", "password": PASSWORD})
        before = browser.cookies["threadline"]
        fields = {"old": PASSWORD, "new": NEW, "again": NEW}
        assert (await browser.post("/account/password", data=fields)).status_code == 303
        assert browser.cookies["threadline"] != before
        assert (await browser.get("/account?done=password")).status_code == 200
        assert (await elsewhere.get("/account")).status_code == 401
        elsewhere.cookies.set("threadline", before)
        assert (await elsewhere.get("/account")).status_code == 401
        assert (await elsewhere.post("/sign-in", data={"login": "anna", "password": NEW})).status_code == 303


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"old": "wrong", "new": NEW, "again": NEW}, "nicht Ihr jetziges Passwort"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "hat nicht 10 bis 1000 Zeichen"),
        ({"old": PASSWORD, "new": NEW, "again": NEW + "!"}, "sind verschieden"),
    ],
)
async def test_a_password_is_changed_only_by_who_knows_it(account: House, fields: dict[str, str], says: str) -> None:
    async with account.signed_in() as browser:
        answer = await browser.post("/account/password", data=fields)
        assert answer.status_code == 422 and says in answer.text
        assert answer.text.count('class="mistake"') == 1
        assert (await browser.post("/sign-in", data={"login": "anna", "password": PASSWORD})).status_code == 303


async def test_guessing_the_own_password_at_a_machine_left_alone_is_slowed_down(account: House) -> None:
    async with account.signed_in() as browser:
        for _ in range(5):
            await browser.post("/account/password", data={"old": "wrong", "new": NEW, "again": NEW})
    assert account.sleeps.seconds == [1.0, 2.0]


async def test_signing_out_everywhere_else_leaves_this_browser(account: House) -> None:
    async with account.signed_in() as browser, account.client() as elsewhere:
        await elsewhere.post("/sign-in", data={"login": "anna", "password": PASSWORD})
        assert "Überall sonst abmelden" in (await browser.get("/account")).text
        await browser.post("/account/sign-out-others")
        assert (await elsewhere.get("/account")).status_code == 401
        page = (await browser.get("/account")).text
        assert "dieser Browser" in page and "Überall sonst abmelden" not in page
    assert account.left == []


async def test_an_open_desk_is_a_sign_of_its_browser(house: House) -> None:
    async with house.signed_in(role="supervisor") as browser:
        me = await house.sign_in.whose(browser.cookies["threadline"])
        assert me is not None
        stream = DeskStream(
            house.database, house.bus, house.clock, heartbeat=0.001, still_there=house.sign_in.still
        ).events(me, None)
        await anext(stream)
        for _ in range(3):
            house.clock.move(minutes=50)
            while await anext(stream) != HEART:
                pass
        await stream.aclose()
        assert (await browser.get("/testphone")).status_code == 200
