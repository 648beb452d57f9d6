"""Who gets in where, and what other sites cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi import Depends, Request, Response

from router.api import problems
from router.errors import not_found
from router.web.guard import Guard
from router.web.person import Person

if TYPE_CHECKING:
    from tests.web.conftest import House

pytestmark = pytest.mark.sqlite_only

HTML = {"Accept": "text/html,application/xhtml+xml"}


async def test_a_visitor_is_led_to_the_sign_in_page_and_back(house: House) -> None:
    async with house.client() as browser:
        answer = await browser.get("/testphone", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/testphone")
        page = await browser.get(answer.headers["location"])
        assert 'name="next" value="/testphone"' in page.text


async def test_a_script_gets_401_instead_of_a_page(house: House) -> None:
    async with house.client() as browser:
        assert (await browser.get("/testphone", headers={**HTML, "Sec-Fetch-Dest": "empty"})).status_code == 401
        assert (await browser.get("/testphone")).status_code == 401


async def test_only_admins_get_to_what_admins_do(house: House) -> None:
    @house.app.get("/only-admins")
    async def only_admins(person: Person = Depends(house.guard.admin)) -> str:
        return person.login

    async with house.signed_in("anna") as agent, house.signed_in("chef", "admin") as admin:
        assert (await agent.get("/only-admins")).status_code == 403
        assert (await admin.get("/only-admins")).json() == "chef"


async def test_the_test_phone_with_its_codes_is_not_for_agents_and_no_link_leads_them_there(house: House) -> None:
    problems.install(house.app, house.pages)
    async with house.signed_in("anna", language="en") as agent, house.signed_in("lea", "supervisor") as lead:
        refused = await agent.get("/testphone", headers=HTML)
        assert refused.status_code == 403 and 'href="/desk"' in refused.text
        assert "Ask an administrator" in refused.text and 'href="/testphone"' not in refused.text
        shown = await lead.get("/testphone", headers=HTML)
        assert shown.status_code == 200 and 'href="/testphone"' in shown.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8080"}, 403),
        ({"Origin": "http://127.0.0.1:8080"}, 303),
        ({"Origin": "http://router.lan:8080", "Host": "router.lan:8080"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8080.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_writing_needs_our_own_page(house: House, headers: dict[str, str], status: int) -> None:
    async with house.signed_in() as browser:
        browser.headers.pop("Origin")
        answer = await browser.post("/language", data={"language": "en", "back": "/testphone"}, headers=headers)
        assert answer.status_code == status


async def test_signing_in_and_out_from_another_site_is_refused(house: House) -> None:
    async with house.signed_in(role="supervisor") as browser:
        browser.headers["Origin"] = "http://evil.example"
        assert (await browser.post("/sign-in", data={"login": "anna", "password": "x"})).status_code == 403
        assert (await browser.post("/sign-in/link", data={"token": "x"})).status_code == 403
        assert (await browser.post("/sign-out")).status_code == 403
        browser.headers["Origin"] = "http://127.0.0.1:8080"
        assert (await browser.get("/testphone")).status_code == 200


async def test_another_site_can_link_to_a_page_but_not_read_by_script(house: House) -> None:
    async with house.signed_in(role="supervisor") as browser:
        browser.headers.pop("Origin")
        visit = {**HTML, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
        assert (await browser.get("/testphone", headers=visit)).status_code == 200
        fetch = {"Accept": "*/*", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "empty"}
        assert (await browser.get("/testphone", headers=fetch)).status_code == 403
        assert (await browser.get("/testphone", headers={"Origin": "http://evil.example"})).status_code == 403


async def test_behind_https_the_cookie_is_bound_to_host_and_transport(house: House) -> None:
    guard, response = Guard(house.sign_in, "https://desk.example"), Response()
    guard.keep(response, "token")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-threadline=token") and "Secure" in cookie and "Domain" not in cookie


async def test_pages_come_with_their_protection(house: House) -> None:
    async with house.client() as browser:
        page = await browser.get("/sign-in")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        missing = await browser.get("/nowhere")
        assert missing.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in missing.headers["content-security-policy"]


async def test_the_language_is_the_persons_own(house: House) -> None:
    async with house.signed_in(role="supervisor", language="de") as browser:
        assert '<html lang="de">' in (await browser.get("/testphone")).text
        answer = await browser.post("/language", data={"language": "en", "back": "/testphone"})
        assert answer.headers["location"] == "/testphone"
        assert '<html lang="en">' in (await browser.get("/testphone")).text
        assert (await browser.post("/language", data={"language": "fr"})).status_code == 400


async def test_what_is_refused_is_said_in_the_persons_language(house: House) -> None:
    @house.app.get("/gone")
    async def gone(_: object = Depends(house.guard.person)) -> None:
        raise not_found("This call is not on your desk any more.", "off_desk")

    problems.install(house.app, house.pages)
    script = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
    async with house.signed_in(language="de") as browser:
        german = (await browser.get("/gone", headers=script)).json()
        assert german["detail"] == "Dieser Anruf ist nicht mehr auf Ihrem Arbeitsplatz."
        await browser.post("/language", data={"language": "en"})
        english = (await browser.get("/gone", headers=script)).json()
        assert english["detail"] == "This call is not on your desk any more."


async def test_without_a_choice_pages_are_in_the_browsers_language(house: House) -> None:
    german, english = {"Accept-Language": "fr, de-AT;q=0.8"}, {"Accept-Language": "en-GB, de;q=0.5"}
    async with house.signed_in(role="supervisor", language="auto") as browser:
        assert '<html lang="de">' in (await browser.get("/testphone", headers=german)).text
        page = await browser.get("/testphone", headers=english)
        assert '<html lang="en">' in page.text and page.headers["vary"] == "Accept-Language"
        await browser.post("/language", data={"language": "de"}, headers=english)
        assert '<html lang="de">' in (await browser.get("/testphone", headers=english)).text, "a choice is kept"
        await browser.post("/language", data={"language": "auto"})
        assert '<html lang="en">' in (await browser.get("/testphone", headers=english)).text


async def test_what_people_are_called_is_text_and_never_markup(house: House) -> None:
    await house.add("anna")
    async with house.client() as browser:
        answer = await browser.post("/sign-in", data={"login": '"><script>alert(1)</script>', "password": "x"})
    assert "<script>alert" not in answer.text and "&lt;script&gt;alert" in answer.text


async def test_a_problem_is_told_in_the_readers_words(house: House) -> None:
    @house.app.get("/problem/{status}")
    async def problem(request: Request, status: int) -> Response:
        return house.pages.problem(request, status)

    async with house.client(**{"Accept-Language": "de"}) as browser:
        for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503):
            page = await browser.get(f"/problem/{status}")
            assert page.status_code == status
            assert "Das ging nicht" in page.text
