"""People and their rights on the administration's pages, and what nobody can do to themselves or to the last admin."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from router.agents import rights
from router.app import sign_in_of
from router.errors import Refused
from router.store import audit, audit_notes, people
from router.store import web as sessions
from router.store.audit_notes import Asked
from router.store.tables import sign_in_failures
from router.web.guesses import MOST_AT_LOGIN, MOST_FROM_ADDRESS, WINDOW
from tests.api.service import ORIGIN, Service

pytestmark = pytest.mark.sqlite_only

FORM = {"name": "Anna Beispiel", "role": "agent", "language": "de", "email": "", "skills": "", "queue": "default"}


async def row_of(service: Service, login: str) -> people.PersonRow:
    async with service.house.database.read() as connection:
        row = await people.by_login(connection, login)
    assert row is not None
    return row


async def add_anna(admin: httpx.AsyncClient, service: Service, **fields: str) -> str:
    answer = await admin.post("/admin/people/new", data={"login": "anna", **FORM, **fields})
    assert answer.status_code == 303, answer.text
    return str((await row_of(service, "anna")).id)


async def link_of(admin: httpx.AsyncClient, person_id: str) -> str:
    page = (await admin.post(f"/admin/people/{person_id}/link")).text
    found = re.search(rf'class="once">{re.escape(ORIGIN)}/sign-in/link#([\w-]+)<', page)
    assert found is not None, page
    return found[1]


async def test_somebody_is_added_found_changed_and_let_in(service: Service) -> None:
    async with service.signed_in("admin") as admin, service.client(Origin=ORIGIN) as browser:
        person_id = await add_anna(admin, service, skills="english, gas", email="anna@example.com")
        assert "Anna Beispiel" in (await admin.get("/admin/people", params={"q": "EXAMPLE.com"})).text
        assert "Anna Beispiel" not in (await admin.get("/admin/people", params={"q": "robin"})).text
        assert (await browser.post("/sign-in/link", data={"token": await link_of(admin, person_id)})).status_code == 303
        assert (await browser.get("/desk")).status_code == 200
        changed = FORM | {"name": "Anna B.", "language": "en", "skills": "gas", "queue": "sales"}
        assert (await admin.post(f"/admin/people/{person_id}", data=changed)).headers["location"].endswith("done=saved")
        assert (await browser.get("/desk")).status_code == 200  # no new role: nobody is signed out
    row = await row_of(service, "anna")
    assert (row.name, row.language, row.queues, row.skills, row.email) == ("Anna B.", "en", ["sales"], ["gas"], None)
    async with service.house.database.read() as connection:
        notes = await audit_notes.found(connection, Asked(subject="person", subject_id=person_id), 10)
    assert [note.action for note in notes] == ["person.changed", "person.signed_in", "person.link", "person.added"]
    assert notes[0].detail == {"fields": ["email", "language", "name", "queues", "skills"]}
    assert notes[0].login == "admin"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("login", "Anna Beispiel", "small letters"),
        ("name", "", "name is missing"),
        ("role", "root", "no such role"),
        ("email", "nobody", "no e-mail address"),
        ("queue", "elsewhere", "queues does not exist"),
        ("skills", "Gas!", "Up to 20 words"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_the_rest_stays(
    service: Service, field: str, value: str, says: str
) -> None:
    async with service.signed_in("admin") as admin:
        await admin.post("/language", data={"language": "en"})
        answer = await admin.post("/admin/people/new", data={"login": "anna", **FORM, field: value})
    assert answer.status_code == 422
    assert says in answer.text and answer.text.count('class="mistake"') == 1
    assert field == "name" or 'value="Anna Beispiel"' in answer.text


async def test_a_login_or_address_that_somebody_has_is_refused(service: Service) -> None:
    async with service.signed_in("admin") as admin:
        await add_anna(admin, service, email="anna@example.com")
        for fields in ({"login": "anna"}, {"login": "other", "email": "ANNA@example.com"}):
            answer = await admin.post("/admin/people/new", data=FORM | fields)
            assert answer.status_code == 409 and answer.text.count('class="mistake"') == 1


async def test_a_new_role_and_a_disabled_account_end_what_is_signed_in(service: Service) -> None:
    async with service.signed_in("admin") as admin, service.client(Origin=ORIGIN) as browser:
        person_id = await add_anna(admin, service)
        await browser.post("/sign-in/link", data={"token": await link_of(admin, person_id)})
        await browser.post("/desk/presence", data={"presence": "ready"})
        unused = await link_of(admin, person_id)
        await admin.post(f"/admin/people/{person_id}", data=FORM | {"role": "supervisor"})
        assert (await browser.get("/desk")).status_code == 401
        assert (await row_of(service, "anna")).presence == "off"
        assert (await browser.post("/sign-in/link", data={"token": unused})).status_code == 403
        await browser.post("/sign-in/link", data={"token": await link_of(admin, person_id)})
        stream = browser.stream("GET", "/v1/desk/events")
        await admin.post(f"/admin/people/{person_id}/access", data={"wish": "disable"})
        async with stream as events:
            assert events.status_code == 401
        assert (await admin.post(f"/admin/people/{person_id}/link")).status_code == 409
        await admin.post(f"/admin/people/{person_id}/access", data={"wish": "enable"})
        assert (await browser.get("/desk")).status_code == 401  # a new sign-in is needed
        assert (await browser.post("/sign-in/link", data={"token": await link_of(admin, person_id)})).status_code == 303


async def test_a_password_made_by_an_admin_is_shown_once_and_works(service: Service) -> None:
    async with service.signed_in("admin") as admin, service.client(Origin=ORIGIN) as browser:
        person_id = await add_anna(admin, service)
        shown = await admin.post(f"/admin/people/{person_id}/password")
        found = re.search(r'class="once">([0-9a-f-]+)<', shown.text)
        assert found is not None and shown.headers["cache-control"] == "no-store"
        assert found[1] not in (await admin.get(f"/admin/people/{person_id}")).text
        signed_in = await browser.post("/sign-in", data={"login": "anna", "password": found[1]})
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/desk")


async def test_an_admin_sees_that_somebody_guesses_and_lets_the_person_in_again(service: Service) -> None:
    async with service.signed_in("admin") as admin:
        person_id = await add_anna(admin, service)
        where = f"/admin/people/{person_id}"
        assert "rät gerade das Passwort" not in (await admin.get(where)).text
        guesses = sign_in_of(service.house).guesses
        async with service.house.database.begin() as connection:
            subjects = [guesses.of_login("anna"), f"{guesses.of_login('anna')} from-somewhere"]
            for _ in range(MOST_AT_LOGIN):
                await sessions.note_attempts(connection, subjects, service.clock())
            await audit.note(connection, service.clock(), "person.guessed", "person", person_id)
        assert "rät gerade das Passwort" in (await admin.get(where)).text
        assert "jemand Unbekanntes" in (await admin.get("/admin/audit", params={"action": "person.guessed"})).text
        async with service.client(Origin=ORIGIN) as browser:
            tried = {"login": "anna", "password": "wrong"}
            assert (await browser.post("/sign-in", data=tried)).status_code == 429
            answer = await admin.post(f"{where}/access", data={"wish": "let_in"})
            assert answer.headers["location"].endswith("done=let_in")
            assert (await browser.post("/sign-in", data=tried)).status_code == 403
        assert "rät gerade das Passwort" not in (await admin.get(where)).text
        async with service.house.database.read() as connection:
            (note,) = await audit_notes.found(connection, Asked(action="person.let_in"), 10)
            counted = (await connection.execute(select(sign_in_failures.c.subject))).scalars().all()
        assert (note.subject_id, note.login) == (person_id, "admin")
        assert not any("from-somewhere" in subject for subject in counted)


async def test_an_admin_sees_who_is_kept_out_at_one_address_and_lets_them_in_again(service: Service) -> None:
    async with service.signed_in("admin") as admin, service.client_from("198.51.100.7", Origin=ORIGIN) as office:
        person_id = await add_anna(admin, service)
        where, tried = f"/admin/people/{person_id}", {"login": "anna", "password": "wrong"}
        guesses = sign_in_of(service.house).guesses
        counted = list(guesses.with_password("anna", "198.51.100.7", "").counted)
        ben = list(guesses.with_password("ben", "198.51.100.7", "").counted)

        async def count(*subjects: str, times: int = 1) -> None:
            async with service.house.database.begin() as connection:
                for _ in range(times):
                    await sessions.note_attempts(connection, subjects, service.clock())

        await count(*ben, times=MOST_FROM_ADDRESS)
        await count(*counted, times=MOST_FROM_ADDRESS - 1)
        for number in range(5):
            await count(*guesses.with_password("anna", f"192.0.2.{number}", "").counted)
        assert "Wieder zulassen" not in (await admin.get(where)).text
        await count(*counted)
        assert (await office.post("/sign-in", data=tried)).status_code == 429
        shown = (await admin.get(where)).text
        assert "Von einer Adresse aus" in shown and "Wieder zulassen" in shown
        await admin.post(f"{where}/access", data={"wish": "let_in"})
        assert "Wieder zulassen" not in (await admin.get(where)).text
        assert (await office.post("/sign-in", data=tried)).status_code == 403
        async with service.house.database.read() as connection:
            of_ben, _ = await sessions.attempts(connection, ben[0], service.clock() - WINDOW)
        assert of_ben == MOST_FROM_ADDRESS


async def test_nobody_disables_themselves_or_takes_the_last_admin_away(service: Service) -> None:
    async with service.signed_in("admin") as admin:
        me = (await row_of(service, "admin")).id
        refused = await admin.post(f"/admin/people/{me}/access", data={"wish": "disable"})
        assert refused.status_code == 409 and "Sich selbst" in refused.text
        role = await admin.post(f"/admin/people/{me}", data=FORM | {"name": "Admin", "role": "agent"})
        assert role.status_code == 409 and 'class="mistake"' in role.text
        second = await add_anna(admin, service, role="admin")
        with pytest.raises(Refused, match="themselves"):
            async with service.house.database.begin() as connection:
                await rights.disable(connection, second, service.clock(), second)
        assert (await admin.post(f"/admin/people/{second}/access", data={"wish": "disable"})).status_code == 303
        role = await admin.post(f"/admin/people/{me}", data=FORM | {"name": "Admin", "role": "agent"})
        assert role.status_code == 409  # a disabled admin is none
    assert (await row_of(service, "admin")).role == "admin"


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_nobody_gives_themselves_rights(service: Service, role: str) -> None:
    """By no page of theirs, whatever fields they add, and by no page of the admins."""
    async with service.signed_in(role) as browser:
        me = (await row_of(service, role)).id
        more: dict[str, Any] = {"role": "admin", "person_id": me, "queues": "sales", "disabled_at": ""}
        await browser.post("/language", data={"language": "en", **more})
        await browser.post("/account/password", data={"old": "x", "new": "y" * 12, "again": "y" * 12, **more})
        await browser.post("/account/sign-out-others", data=more)
        for path in (f"/admin/people/{me}", f"/admin/people/{me}/access", "/admin/people/new", "/admin/keys"):
            assert (await browser.post(path, data=FORM | more | {"wish": "enable"})).status_code == 403
        assert (await browser.get(f"/admin/people/{me}")).status_code == 403
    row = await row_of(service, role)
    assert (row.role, row.queues) == (role, ["default"])


async def test_two_admins_cannot_take_each_other_away_at_once(service: Service) -> None:
    async with service.signed_in("admin") as admin:
        first, second = (await row_of(service, "admin")).id, await add_anna(admin, service, role="admin")
        async with service.house.database.begin() as connection:
            await rights.change(connection, second, {"role": "agent"}, ["default"], service.clock(), first)
        with pytest.raises(Refused):
            async with service.house.database.begin() as connection:
                await rights.disable(connection, first, service.clock(), second)
