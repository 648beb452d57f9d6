"""Guessing at a login from many places: what is refused, what the owner's own browser still does, and what is told."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from router.store import audit_notes
from router.store.audit_notes import Asked
from router.store.tables import sign_in_failures
from router.web.guesses import MOST_AT_LOGIN, MOST_FROM_ADDRESS, MOST_OF_BROWSER, WINDOW
from router.web.known_browsers import LASTS, MOST, known_as, remembered
from tests.web.conftest import PASSWORD, House

KEY, NOW = b"k" * 32, datetime(2026, 3, 2, 10, tzinfo=UTC)


async def guess(house: House, login: str, times: int) -> list[httpx.Response]:
    """Wrong passwords, each from another address."""
    answers = []
    for number in range(times):
        async with house.client(address=f"10.0.0.{number}") as bot:
            answers.append(await bot.post("/sign-in", data={"login": login, "password": f"wrong {number}"}))
    return answers


async def enter(browser: httpx.AsyncClient, password: str = PASSWORD, login: str = "anna") -> httpx.Response:
    return await browser.post("/sign-in", data={"login": login, "password": password})


async def rows(house: House) -> int:
    async with house.database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(sign_in_failures))).scalar_one())


async def test_bots_use_up_what_strangers_have_and_the_owner_comes_in_with_the_own_browser(house: House) -> None:
    await house.add("anna")
    async with house.client() as own, house.client(address="192.0.2.77") as other:
        assert (await enter(own)).status_code == 303
        await own.post("/sign-out")
        answers = await guess(house, "anna", MOST_AT_LOGIN + 3)
        assert [answer.status_code for answer in answers] == [403] * MOST_AT_LOGIN + [429] * 3
        house.sleeps.seconds.clear()
        assert (await enter(own, "mistyped")).status_code == 403
        assert (await enter(own)).status_code == 303
        assert house.sleeps.seconds == []
        refused = await enter(other)
        assert refused.status_code == 429
        assert "Try again in 15 min" in refused.text
        assert refused.headers["retry-after"] == str(int(WINDOW.total_seconds()))
        house.clock.move(seconds=WINDOW.total_seconds() + 1)
        assert (await enter(other)).status_code == 303


async def test_who_guesses_does_not_learn_whether_there_is_such_a_login(house: House) -> None:
    await house.add("anna")
    told: dict[str, list[Any]] = {}
    for login in ("anna", "emma"):
        answers = await guess(house, login, MOST_AT_LOGIN + 1)
        told[login] = [(each.status_code, each.text.replace(login, "LOGIN"), each.headers.raw) for each in answers]
        told[login].append(tuple(house.sleeps.seconds))
        house.sleeps.seconds.clear()
    assert told["anna"] == told["emma"]


async def test_one_address_alone_does_not_use_up_what_all_strangers_have(house: House) -> None:
    await house.add("anna")
    async with house.client(address="192.0.2.9") as bot, house.client() as owner:
        told = [(await enter(bot, "wrong")).status_code for _ in range(MOST_AT_LOGIN)]
        assert told == [403] * MOST_FROM_ADDRESS + [429] * (MOST_AT_LOGIN - MOST_FROM_ADDRESS)
        assert (await enter(owner)).status_code == 303


async def test_guessing_from_one_address_is_told_as_well(house: House) -> None:
    anna = await house.add("anna")
    async with house.client(address="192.0.2.9") as bot:
        for number in range(MOST_FROM_ADDRESS + 2):
            assert await noted(house) == ([anna] if number >= MOST_FROM_ADDRESS else [])
            await enter(bot, "wrong")
            await enter(bot, "wrong", "nobody")
    assert await noted(house) == [anna]


async def noted(house: House) -> list[str | None]:
    async with house.database.read() as connection:
        notes = await audit_notes.found(connection, Asked(action="person.guessed"), 10)
    return [note.subject_id for note in notes]


async def test_what_is_refused_writes_nothing(house: House) -> None:
    await guess(house, "nobody", MOST_AT_LOGIN)
    before = await rows(house)
    await guess(house, "nobody", 5)
    assert await rows(house) == before == 3 * MOST_AT_LOGIN


async def test_a_known_browser_guesses_little_and_shuts_out_nobody_else(house: House) -> None:
    await house.add("anna")
    async with house.client() as shared, house.client(address="192.0.2.77") as elsewhere:
        await enter(shared)
        told = [(await enter(shared, "wrong")).status_code for _ in range(MOST_OF_BROWSER + 1)]
        assert told == [403] * MOST_OF_BROWSER + [429]
        assert (await enter(elsewhere)).status_code == 303


async def test_a_right_password_does_not_give_strangers_new_guesses(house: House) -> None:
    await house.add("anna")
    await guess(house, "anna", MOST_AT_LOGIN - 2)
    async with house.client() as owner:
        assert (await enter(owner)).status_code == 303
    assert [each.status_code for each in await guess(house, "anna", 3)] == [403, 403, 429]


async def test_a_one_time_link_makes_a_browser_known(house: House) -> None:
    anna = await house.add("anna")
    await guess(house, "anna", MOST_AT_LOGIN)
    link = (await house.sign_in.make_link(anna, "/desk")).partition("#")[2]
    async with house.client() as browser:
        assert (await enter(browser)).status_code == 429
        assert (await browser.post("/sign-in/link", data={"token": link})).status_code == 303
        await browser.post("/sign-out")
        assert (await enter(browser)).status_code == 303


async def test_a_browser_is_known_for_those_who_signed_in_with_it_alone(house: House) -> None:
    await house.add("anna")
    await house.add("ben")
    async with house.client() as browser:
        await enter(browser, login="ben")
        await guess(house, "anna", MOST_AT_LOGIN)
        assert (await enter(browser)).status_code == 429
        await guess(house, "ben", MOST_AT_LOGIN)
        assert (await enter(browser, login="BEN")).status_code == 303


async def test_guessing_is_told_once_an_hour_and_about_people_who_exist(house: House) -> None:
    anna = await house.add("anna")
    for _ in range(3):
        await guess(house, "anna", MOST_AT_LOGIN)
        await guess(house, "nobody", MOST_AT_LOGIN)
        house.clock.move(seconds=WINDOW.total_seconds() + 1)
    async with house.database.read() as connection:
        notes = await audit_notes.found(connection, Asked(action="person.guessed"), 10)
    assert [(note.subject_id, note.person_id, note.detail) for note in notes] == [(anna, None, {})]
    house.clock.move(hours=1)
    await guess(house, "anna", MOST_AT_LOGIN)
    async with house.database.read() as connection:
        assert len(await audit_notes.found(connection, Asked(action="person.guessed"), 10)) == 2


async def test_the_cookie_is_as_far_out_of_reach_as_the_sessions(house: House) -> None:
    await house.add("anna")
    async with house.client() as browser:
        cookies = (await enter(browser)).headers.get_list("set-cookie")
    (known,) = [each for each in cookies if each.startswith("threadline-known=")]
    assert "HttpOnly" in known and "SameSite=lax" in known and "anna" not in known
    assert f"Max-Age={int(LASTS.total_seconds())}" in known


def drawn(size: int) -> str:
    return "n" * 22


def test_a_browser_is_known_for_many_logins_and_for_half_a_year() -> None:
    cookie = ""
    for number in range(MOST + 5):
        cookie = remembered(cookie, f"login-{number}", KEY, NOW, drawn)
    assert len(cookie) < 1000
    assert [known_as(cookie, f"login-{n}", KEY, NOW) is not None for n in range(MOST + 5)] == [False] * 5 + [
        True
    ] * MOST
    assert known_as(cookie, f"Login-{MOST}", KEY, NOW) == "n" * 22
    assert known_as(cookie, "login-7", b"x" * 32, NOW) is None
    assert known_as(cookie, "login-7", KEY, NOW + LASTS) == "n" * 22
    assert known_as(cookie, "login-7", KEY, NOW + LASTS + timedelta(days=1)) is None
    again = remembered(cookie, "login-7", KEY, NOW + LASTS, drawn)
    assert known_as(again, "login-7", KEY, NOW + LASTS + timedelta(days=100)) == "n" * 22
    assert again.count(":") == MOST


@pytest.mark.parametrize(
    "cookie", ["", ".", "n" * 22, "é" * 30, "n" * 5000, "n" * 22 + ".1:", "\udc80", "n" * 22 + ".²:" + "a" * 22]
)
def test_what_is_no_such_cookie_is_known_for_nobody(cookie: str) -> None:
    assert known_as(cookie, "anna", KEY, NOW) is None
    made = remembered(cookie, "anna", KEY, NOW, drawn)
    assert known_as(made, "anna", KEY, NOW) == "n" * 22
    assert made.count(":") == 1


def test_no_cookie_that_was_changed_knows_another_login_or_browser() -> None:
    chance = random.Random(7)
    cookie = remembered(remembered("", "anna", KEY, NOW, drawn), "ben", KEY, NOW, drawn)
    letters = string.ascii_letters + string.digits + "-_.:"
    for _ in range(5000):
        place = chance.randrange(len(cookie))
        other = cookie[:place] + chance.choice(letters) + cookie[place + chance.randrange(2) :]
        assert known_as(other, "chef", KEY, NOW) is None
        assert known_as(other, "anna", KEY, NOW) in (None, "n" * 22)
