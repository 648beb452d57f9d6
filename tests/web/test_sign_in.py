"""Signing in and out as a browser does it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from router.store.tables import sign_in_failures, web_sessions
from router.web.guesses import LONGEST_WAIT, MOST_AT_ONCE, WINDOW, delay, network
from router.web.sign_in import LinkSpent

if TYPE_CHECKING:
    from tests.web.conftest import House

PASSWORD = "correct horse battery"


async def test_the_right_password_leads_to_the_persons_own_page(house: House) -> None:
    await house.add("anna")
    await house.add("chef", role="admin")
    async with house.client() as browser:
        answer = await browser.post("/sign-in", data={"login": "Anna", "password": PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    async with house.client() as browser:
        answer = await browser.post("/sign-in", data={"login": "chef", "password": PASSWORD, "next": "/desk?x=1"})
        assert answer.headers["location"] == "/desk?x=1"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "https://evil.example/", "/\\evil.example", "desk", "/ä", "/a\nb"]
)
async def test_signing_in_never_leads_to_another_site(house: House, elsewhere: str) -> None:
    await house.add("anna")
    async with house.client() as browser:
        answer = await browser.post("/sign-in", data={"login": "anna", "password": PASSWORD, "next": elsewhere})
        assert answer.headers["location"] == "/desk"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    await house.add("anna")
    async with house.client() as browser:
        cookie = (await browser.post("/sign-in", data={"login": "anna", "password": PASSWORD})).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie  # the public address is http here


async def test_only_hashes_of_tokens_are_stored(house: House) -> None:
    async with house.signed_in() as browser:
        token = browser.cookies["threadline"]
        async with house.database.read() as connection:
            stored = (await connection.execute(select(web_sessions.c.token_hash))).scalars().all()
        assert len(stored) == 1 and token.encode() not in stored[0]


@pytest.mark.parametrize(("login", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("linkonly", PASSWORD)])
async def test_a_wrong_login_reads_like_a_wrong_password(house: House, login: str, password: str) -> None:
    await house.add("anna")
    await house.add("linkonly", password=None)
    async with house.client() as browser:
        answer = await browser.post("/sign-in", data={"login": login, "password": password})
    assert answer.status_code == 403
    assert "User name or password is wrong" in answer.text
    assert "set-cookie" not in answer.headers


async def test_every_failure_costs_a_hash(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.add("anna")
    verified: list[str] = []
    passwords = house.sign_in.passwords
    verify = passwords._verify

    def noted(password: str, hashed: str) -> bool:
        verified.append(hashed)
        return verify(password, hashed)

    monkeypatch.setattr(passwords, "_verify", noted)
    async with house.client() as browser:
        await browser.post("/sign-in", data={"login": "anna", "password": "wrong"})
        await browser.post("/sign-in", data={"login": "nobody", "password": "wrong"})
    anna, nobody = verified
    assert anna.rsplit("$", 2)[0] == nobody.rsplit("$", 2)[0]  # the same parameters


async def test_failures_slow_the_login_down_without_locking_it(house: House) -> None:
    await house.add("anna")
    async with house.client() as browser:
        for _ in range(9):
            await browser.post("/sign-in", data={"login": "anna", "password": "wrong"})
        assert house.sleeps.seconds == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
        house.sleeps.seconds.clear()
        answer = await browser.post("/sign-in", data={"login": "anna", "password": PASSWORD})
        assert (answer.status_code, house.sleeps.seconds) == (303, [15.0])
        house.sleeps.seconds.clear()
        await browser.post("/sign-in", data={"login": "anna", "password": PASSWORD})
        assert house.sleeps.seconds == []


async def test_an_address_that_tries_many_logins_is_slowed_down(house: House) -> None:
    async with house.client() as browser:
        for number in range(22):
            await browser.post("/sign-in", data={"login": f"login{number}", "password": "wrong"})
    assert house.sleeps.seconds == [1.0, 2.0]


async def test_failures_are_forgotten_after_a_while(house: House) -> None:
    await house.add("anna")
    async with house.client() as browser:
        for _ in range(5):
            await browser.post("/sign-in", data={"login": "anna", "password": "wrong"})
        house.sleeps.seconds.clear()
        house.clock.move(seconds=WINDOW.total_seconds() + 1)
        await browser.post("/sign-in", data={"login": "anna", "password": "wrong"})
    assert house.sleeps.seconds == []


async def test_what_is_counted_names_no_login_and_no_address(house: House) -> None:
    async with house.client() as browser:
        await browser.post("/sign-in", data={"login": "anna.muster", "password": "wrong"})
    async with house.database.read() as connection:
        subjects = (await connection.execute(select(sign_in_failures.c.subject))).scalars().all()
    assert len(subjects) == 3
    assert not any("anna" in subject or "192.0.2" in subject for subject in subjects)


async def test_attempts_side_by_side_do_not_get_past_the_count(house: House) -> None:
    await house.add("anna")
    going_on, waiting = asyncio.Event(), asyncio.Queue[float]()

    async def wait(seconds: float) -> None:
        waiting.put_nowait(seconds)
        await going_on.wait()

    async with house.client() as browser:
        for _ in range(3):
            await browser.post("/sign-in", data={"login": "anna", "password": "wrong"})
        house.sign_in.guesses._sleep = wait
        tries = [
            asyncio.create_task(browser.post("/sign-in", data={"login": "anna", "password": "wrong"}))
            for _ in range(MOST_AT_ONCE["login from address"])
        ]
        waits = [await waiting.get() for _ in tries]
        one_more = await browser.post("/sign-in", data={"login": "anna", "password": "wrong"})
        async with house.client(address="192.0.2.2") as owner:
            tries.append(asyncio.create_task(owner.post("/sign-in", data={"login": "anna", "password": PASSWORD})))
            waits.append(await waiting.get())
            going_on.set()
            assert (await tries[-1]).status_code == 303
        await asyncio.gather(*tries)
    assert one_more.status_code == 429
    assert "Too many sign-ins" in one_more.text
    assert sorted(waits) == [1.0, 2.0, 4.0, 8.0, 15.0]


async def test_a_session_ends_after_twelve_hours_however_much_it_is_used(house: House) -> None:
    async with house.signed_in() as browser:
        for _ in range(12):
            house.clock.move(minutes=59)
            assert (await browser.get("/")).headers["location"] == "/desk"
        house.clock.move(minutes=12)
        assert (await browser.get("/", headers={"Accept": "text/html"})).headers["location"] == "/sign-in"
        assert (await browser.get("/")).status_code == 401


async def test_signing_out_ends_the_session_everywhere_the_cookie_went(house: House) -> None:
    async with house.signed_in() as browser, house.client() as thief:
        thief.cookies.update(browser.cookies)
        assert (await browser.post("/sign-out")).headers["location"] == "/sign-in"
        assert (await thief.get("/testphone")).status_code == 401
    assert house.left == ["id-anna"]


async def test_signing_out_on_one_of_two_computers_is_not_leaving(house: House) -> None:
    async with house.signed_in(role="supervisor") as browser, house.client() as other:
        await other.post("/sign-in", data={"login": "anna", "password": PASSWORD})
        await browser.post("/sign-out")
        assert house.left == []
        assert (await other.get("/testphone")).status_code == 200


async def test_signing_in_as_somebody_else_leaves_no_session_behind(house: House) -> None:
    await house.add("ben", "supervisor")
    async with house.signed_in("anna") as browser, house.client() as thief:
        thief.cookies.update(browser.cookies)
        await browser.post("/sign-in", data={"login": "ben", "password": PASSWORD})
        assert (await browser.get("/testphone")).status_code == 200
        assert (await thief.get("/testphone")).status_code == 401
    assert house.left == ["id-anna"]


async def test_a_link_signs_in_once(house: House) -> None:
    person_id = await house.add("anna", "supervisor", password=None)
    path, token = (await house.sign_in.make_link(person_id, "/desk")).split("#")
    async with house.client() as browser:
        assert (await browser.get(path)).status_code == 200  # a preview does not use it up
        answer = await browser.post(path, data={"token": token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
        assert (await browser.get("/testphone")).status_code == 200
    async with house.client() as browser:
        again = await browser.post(path, data={"token": token})
        assert again.status_code == 403
        assert "no longer valid" in again.text
        assert (await browser.get("/testphone")).status_code == 401


async def test_a_link_ends(house: House) -> None:
    token = (await house.sign_in.make_link(await house.add("anna"), "/desk", timedelta(minutes=5))).split("#")[1]
    house.clock.move(minutes=5)
    with pytest.raises(LinkSpent):
        await house.sign_in.with_link(token)


async def test_a_link_used_twice_at_once_signs_in_once(house: House) -> None:
    token = (await house.sign_in.make_link(await house.add("anna"), "/admin")).split("#")[1]
    results = await asyncio.gather(*(house.sign_in.with_link(token) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, tuple) for result in results) == 1


async def test_an_incomplete_form_says_what_is_missing(house: House) -> None:
    async with house.client(**{"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}) as browser:
        answer = await browser.post("/sign-in", data={"login": "anna"})
    assert answer.status_code == 422
    assert "Bitte geben Sie Anmeldename und Passwort ein" in answer.text


async def test_an_oversized_form_is_refused_before_it_is_read(house: House) -> None:
    async with house.client() as browser:
        answer = await browser.post("/sign-in", data={"login": "anna", "password": "x" * 20_000})
    assert answer.status_code == 413


def test_the_delay_grows_and_has_a_bound() -> None:
    delays = [delay(failed, 3) for failed in range(1000)]
    assert delays[:6] == [0, 0, 0, 1, 2, 4]
    assert max(delays) == LONGEST_WAIT
    assert delays == sorted(delays)


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_an_address_counts_with_its_network(address: str | None, counted_as: str) -> None:
    assert network(address) == counted_as
