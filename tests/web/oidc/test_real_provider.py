"""Signing in with a real provider: whole ways, there and back, as browsers go them."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from router.agents.people import NewPerson, add
from router.store import audit_notes, people
from router.store.audit_notes import Asked
from router.web.oidc.begun import LASTS
from tests.api.service import ORIGIN, Service, running
from tests.web.oidc.real import SECRET, provider, sign_in_there

PEOPLE: dict[str, dict[str, Any]] = {
    "sub-anna": {
        "name": "Anna Beispiel",
        "preferred_username": "anna",
        "email": "anna@example.com",
        "email_verified": True,
        "groups": ["staff", "contact-centre"],
    },
    "sub-robin": {"name": "Robin", "preferred_username": "robin", "groups": ["contact-centre", "it"]},
    "sub-guest": {"name": "Guest", "preferred_username": "guest", "groups": ["visitors"]},
    "sub-liar": {"preferred_username": "liar", "email": "anna@example.com", "email_verified": False},
}
ROLES: dict[str, Any] = {"oidc_role_claim": "groups", "oidc_roles": {"contact-centre": "agent", "it": "admin"}}

pytestmark = pytest.mark.sqlite_only


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider(ORIGIN, PEOPLE) as address:
        yield address


class Houses:
    """Makes services that know the provider."""

    def __init__(self, stack: AsyncExitStack, folder: Path, database_url: str, issuer: str) -> None:
        self._stack = stack
        self._folder = folder
        self._database_url = database_url
        self.issuer = issuer

    async def open(self, **settings: Any) -> Service:
        oidc = {"oidc_issuer": self.issuer, "oidc_client_id": "threadline", "oidc_client_secret": SECRET}
        over = oidc | {"oidc_name": "Staff"} | settings
        service = await self._stack.enter_async_context(running(self._folder, self._database_url, **over))
        service.clock.now = datetime.now(UTC)  # as the provider's clock
        return service


@pytest.fixture
async def houses(folder: Path, database_url: str, issuer: str) -> AsyncIterator[Houses]:
    async with AsyncExitStack() as stack:
        yield Houses(stack, folder, database_url, issuer)


async def come_back(browser: httpx.AsyncClient, login: str, wanted: str = "") -> httpx.Response:
    """Sign in with the provider, there and back; what the callback answers."""
    begun = await browser.get("/sign-in/oidc", params={"next": wanted} if wanted else None)
    assert begun.status_code == 303, begun.text
    return await browser.get(await sign_in_there(begun.headers["location"], login))


async def everybody(service: Service) -> dict[str, Any]:
    async with service.house.database.read() as connection:
        return {row.login: row for row in await people.everybody(connection)}


async def add_person(service: Service, login: str, **fields: Any) -> str:
    async with service.house.database.begin() as connection:
        person = NewPerson(login=login, name=login.title(), **fields)
        return await add(connection, person, service.house.settings.queues, service.clock())


async def test_somebody_new_comes_in_with_the_role_of_their_groups(houses: Houses) -> None:
    service = await houses.open(**ROLES, oidc_creates_people=True)
    async with service.client() as browser:
        assert "Sign in with Staff" in (await browser.get("/sign-in")).text
        answer = await come_back(browser, "sub-robin", "/admin/people")
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/people")
        assert "Robin" in (await browser.get("/admin/people")).text
        assert "threadline-oidc" not in browser.cookies
    robin = (await everybody(service))["robin"]
    assert (robin.role, robin.password_hash, robin.email) == ("admin", None, None)
    assert "sub-robin" not in robin.oidc_subject
    async with service.house.database.read() as connection:
        notes = await audit_notes.found(connection, Asked(subject="person"), 10)
    assert [note.action for note in notes] == ["person.signed_in", "person.added"]
    assert notes[0].detail == {"way": "oidc"}


async def test_who_comes_again_is_the_same_person_with_the_role_of_today(houses: Houses) -> None:
    service = await houses.open(**ROLES, oidc_creates_people=True)
    async with service.client() as browser:
        await come_back(browser, "sub-anna")
        before = (await everybody(service))["anna"]
        await browser.post("/sign-out", headers={"Origin": ORIGIN})
        async with service.house.database.begin() as connection:
            await people.change(connection, before.id, {"role": "supervisor", "name": "Anna B."})
        await come_back(browser, "sub-anna")
    after = (await everybody(service))["anna"]
    assert (after.id, after.role, after.name) == (before.id, "agent", "Anna B.")


async def test_the_last_admin_stays_one_whatever_the_provider_says(houses: Houses) -> None:
    service = await houses.open(**ROLES, oidc_creates_people=True)
    async with service.client() as browser:
        await come_back(browser, "sub-anna")
        anna = (await everybody(service))["anna"]
        async with service.house.database.begin() as connection:
            await people.change(connection, anna.id, {"role": "admin"})
        assert (await come_back(browser, "sub-anna")).headers["location"] == "/admin"
    assert (await everybody(service))["anna"].role == "admin"


@pytest.mark.parametrize(
    ("login", "settings", "why"),
    [
        ("sub-anna", {}, "have not been added here yet"),
        ("sub-guest", {**ROLES, "oidc_creates_people": True}, "names no role"),
    ],
)
async def test_who_has_no_business_here_is_told_why(
    houses: Houses, login: str, settings: dict[str, Any], why: str
) -> None:
    service = await houses.open(**settings)
    async with service.client() as browser:
        answer = await come_back(browser, login)
        assert why in (await browser.get(answer.headers["location"])).text
        assert "threadline" not in browser.cookies
    assert await everybody(service) == {}


async def test_who_was_disabled_stays_out(houses: Houses) -> None:
    service = await houses.open(oidc_creates_people=True)
    async with service.client() as browser:
        await come_back(browser, "sub-anna")
        anna = (await everybody(service))["anna"]
        async with service.house.database.begin() as connection:
            await people.change(connection, anna.id, {"disabled_at": service.clock()})
        assert (await browser.get("/desk")).status_code == 401
        answer = await come_back(browser, "sub-anna")
        assert "access is disabled" in (await browser.get(answer.headers["location"])).text


async def test_an_address_the_provider_has_verified_is_enough_only_where_the_settings_say_so(houses: Houses) -> None:
    service = await houses.open()
    person_id = await add_person(service, "a.beispiel", email="Anna@example.com", role="supervisor")
    async with service.client() as browser:
        assert (await come_back(browser, "sub-anna")).headers["location"] == "/sign-in?problem=unknown"
    linking = await houses.open(oidc_links_by_email=True)
    async with linking.client() as browser:
        liar = await come_back(browser, "sub-liar")
        assert liar.headers["location"] == "/sign-in?problem=unknown"
    async with linking.client() as browser:
        assert (await come_back(browser, "sub-anna")).headers["location"] == "/supervisor"
    found = (await everybody(linking))["a.beispiel"]
    assert found.id == person_id and found.oidc_subject


async def test_a_login_that_somebody_has_here_stays_theirs(houses: Houses) -> None:
    service = await houses.open(oidc_creates_people=True)
    await add_person(service, "anna", role="admin")
    async with service.client() as browser:
        await come_back(browser, "sub-anna")
    logins = sorted(await everybody(service))
    assert len(logins) == 2 and logins[0] == "anna" and logins[1].startswith("anna-")
    assert (await everybody(service))[logins[1]].role == "agent"


async def test_a_callback_counts_only_in_the_browser_that_began_and_only_once(houses: Houses) -> None:
    service = await houses.open(oidc_creates_people=True)
    async with service.client() as victim, service.client() as attacker:
        begun = await attacker.get("/sign-in/oidc")
        callback = await sign_in_there(begun.headers["location"], "sub-anna")
        assert (await victim.get(callback)).headers["location"] == "/sign-in?problem=not_begun"
        await victim.get("/sign-in/oidc")  # it has begun itself, and still not this
        assert (await victim.get(callback)).headers["location"] == "/sign-in?problem=not_begun"
        assert await everybody(service) == {}
        kept = dict(attacker.cookies)
        assert (await attacker.get(callback)).headers["location"] == "/desk"
        attacker.cookies.update(kept)
        assert (await attacker.get(callback)).headers["location"] == "/sign-in?problem=failed"


async def test_a_callback_of_another_provider_or_without_its_name_counts_for_nothing(houses: Houses) -> None:
    service = await houses.open(oidc_creates_people=True)
    for iss in ("&iss=https%3A%2F%2Fevil.example", ""):
        async with service.client() as browser:
            begun = await browser.get("/sign-in/oidc")
            callback = await sign_in_there(begun.headers["location"], "sub-anna")
            mixed_up = callback.partition("&iss=")[0] + iss
            assert (await browser.get(mixed_up)).headers["location"] == "/sign-in?problem=failed"
    assert await everybody(service) == {}


async def test_whoever_takes_too_long_begins_again(houses: Houses) -> None:
    service = await houses.open(oidc_creates_people=True)
    async with service.client() as browser:
        begun = await browser.get("/sign-in/oidc")
        callback = await sign_in_there(begun.headers["location"], "sub-anna")
        service.clock.move(seconds=LASTS.total_seconds())
        answer = await browser.get(callback)
        assert answer.headers["location"] == "/sign-in?problem=not_begun"
        assert "took too long" in (await browser.get(answer.headers["location"])).text


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/", "/\\evil.example"])
async def test_signing_in_there_leads_to_no_other_site(houses: Houses, elsewhere: str) -> None:
    service = await houses.open(oidc_creates_people=True)
    async with service.client() as browser:
        assert (await come_back(browser, "sub-anna", elsewhere)).headers["location"] == "/desk"


async def test_who_came_with_another_session_leaves_it(houses: Houses) -> None:
    service = await houses.open(oidc_creates_people=True)
    async with service.signed_in("supervisor") as browser, service.client() as thief:
        thief.cookies.update(browser.cookies)
        await come_back(browser, "sub-anna")
        assert (await browser.get("/account")).status_code == 200
        assert (await thief.get("/account")).status_code == 401


async def test_signing_out_leads_on_to_the_provider_that_lets_one_come_back(houses: Houses) -> None:
    service = await houses.open(oidc_creates_people=True)
    async with service.client() as browser:
        await come_back(browser, "sub-anna")
        answer = await browser.post("/sign-out", headers={"Origin": ORIGIN})
        page = (await browser.get(answer.headers["location"])).text
        assert "still signed in to Staff" in page
        address = parse_qs(urlsplit(_link(page)).query)
        assert address == {"client_id": ["threadline"], "post_logout_redirect_uri": [f"{ORIGIN}/sign-in"]}
        assert await sign_in_there(_link(page), "nobody") == f"{ORIGIN}/sign-in"
    async with service.signed_in("agent") as browser:  # by link: nothing to sign out of elsewhere
        assert (await browser.post("/sign-out")).headers["location"] == "/sign-in"


async def test_without_passwords_only_the_provider_and_links_let_in(houses: Houses) -> None:
    service = await houses.open(password_sign_in=False, oidc_creates_people=True)
    async with service.client(Origin=ORIGIN) as browser:
        page = (await browser.get("/sign-in")).text
        assert "Sign in with Staff" in page and 'name="password"' not in page
        refused = await browser.post("/sign-in", data={"login": "agent", "password": "correct horse battery"})
        assert refused.status_code == 403 and "Passwords are not used here" in refused.text
    async with service.signed_in("agent") as browser:
        assert (await browser.get("/account")).status_code == 200


@pytest.mark.parametrize("kid", ["second", "first"])
async def test_new_keys_of_the_provider_are_read_when_they_are_needed(
    folder: Path, database_url: str, kid: str
) -> None:
    """With a new name, or under the old one."""
    with ExitStack() as first:
        issuer = first.enter_context(provider(ORIGIN, PEOPLE))
        settings = {"oidc_client_id": "threadline", "oidc_client_secret": SECRET, "oidc_creates_people": True}
        async with running(folder, database_url, oidc_issuer=issuer, **settings) as service:
            service.clock.now = datetime.now(UTC)
            async with service.client() as browser:
                assert (await come_back(browser, "sub-anna")).headers["location"] == "/desk"
            first.close()
            with provider(ORIGIN, PEOPLE, int(issuer.rpartition(":")[2]), kid):
                async with service.client() as browser:
                    assert (await come_back(browser, "sub-anna")).headers["location"] == "/desk"


def _link(page: str) -> str:
    found = re.search(r'class="button primary" href="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])
