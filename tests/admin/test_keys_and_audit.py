"""API keys on their page, and the audit log: what it says, how it is filtered, and that nobody changes it."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from router.admin.auditing import harmless
from router.api.keys import SCOPES
from router.core.events import Caller
from router.store import audit, audit_notes, keys
from router.store.audit_notes import NOBODY, Asked
from router.store.database import Database
from router.store.tables import audit_log
from router.web.texts import ALL
from tests.api.service import MOBILE, START, Service

ROUTER = Path(__file__).parents[2] / "router"
NOTED = re.compile(r"""audit\.note\([^"]*"([a-z_]+\.[a-z_]+)\"""")


def test_every_scope_has_words() -> None:
    assert [scope for scope in SCOPES if f"scope.{scope}" not in ALL] == []


def test_every_action_has_words() -> None:
    noted = {action for file in ROUTER.rglob("*.py") for action in NOTED.findall(file.read_text("utf-8"))}
    assert len(noted) > 20
    assert sorted(action for action in noted if f"audit.action.{action}" not in ALL) == []


@pytest.mark.sqlite_only
async def test_a_key_is_shown_once_used_and_revoked(service: Service) -> None:
    async with service.signed_in("admin") as admin:
        assert (await admin.post("/admin/keys", data={"name": "crm"})).status_code == 422
        assert (await admin.post("/admin/keys", data={"name": "crm", "scope": "root"})).status_code == 422
        made = await admin.post("/admin/keys", data={"name": "crm", "scope": "calls:read"})
        found = re.search(r"tl_([0-9a-f]{12})_[\w-]{43}", made.text)
        assert found is not None and made.headers["cache-control"] == "no-store"
        page = (await admin.get("/admin/keys")).text
        assert found[0] not in page and "noch nie" in page and "Anrufe und Kennzahlen lesen" in page
        async with service.client(Authorization=f"Bearer {found[0]}") as crm:
            assert (await crm.get("/v1/calls")).status_code == 200
            assert (await crm.get("/v1/messages/x")).status_code == 403
            used = service.clock()
            service.clock.move(minutes=59)
            await crm.get("/v1/calls")
            async with service.house.database.read() as connection:
                assert (await keys.all_keys(connection))[0].used_at == used  # to the hour
            await admin.post(f"/admin/keys/{found[1]}/revoke")
            assert (await crm.get("/v1/calls")).status_code == 401
        assert "zurückgezogen" in (await admin.get("/admin/keys")).text
    async with service.house.database.read() as connection:
        notes = await audit_notes.found(connection, Asked(subject="key"), 10)
    assert [(note.action, note.login, note.subject_id) for note in notes] == [
        ("key.revoked", "admin", found[1]),
        ("key.made", "admin", found[1]),
    ]


@pytest.mark.sqlite_only
async def test_what_is_read_with_a_key_or_looked_at_on_a_page_is_noted_once_an_hour(service: Service) -> None:
    call_id = await service.call(Caller(MOBILE))
    async with service.signed_in("admin") as admin, service.allowed() as crm:
        message = await service.register(crm)
        for _ in range(3):
            await crm.get(f"/v1/messages/{message['id']}")
            await crm.get(f"/v1/calls/{call_id}")
            await crm.post("/v1/match", json={"from": MOBILE})
            await admin.get(f"/admin/calls/{call_id}")
            await admin.get(f"/admin/messages/{message['id']}")
        service.clock.move(minutes=59)
        await admin.get(f"/admin/calls/{call_id}")
        await admin.get("/account")
        service.clock.move(minutes=1)
        await admin.get(f"/admin/calls/{call_id}")
        async with service.house.database.read() as connection:
            notes = await audit_notes.found(connection, Asked(), 100)
        seen = [
            (note.action, note.login or note.key) for note in reversed(notes) if note.action.endswith(("seen", "ed"))
        ]
        assert [each for each in seen if each[0] in ("message.seen", "call.seen", "match.explained")] == [
            ("message.seen", "tests"),
            ("call.seen", "tests"),
            ("match.explained", "tests"),
            ("call.seen", "admin"),
            ("message.seen", "admin"),
            ("call.seen", "admin"),
        ]
        assert MOBILE not in str([note.detail for note in notes])


@pytest.mark.sqlite_only
async def test_the_log_is_filtered_paged_and_exported(service: Service) -> None:
    async with service.signed_in("admin") as admin:
        async with service.house.database.begin() as connection:
            for number in range(120):
                at = service.clock() + timedelta(days=number // 60)
                await audit.note(connection, at, "message.seen", "message", f"m{number}", detail={"field": "=1+1"})
        page = (await admin.get("/admin/audit", params={"subject": "message"})).text
        assert "Nachricht angesehen" in page and 'rel="next"' in page and "Kommandozeile" in page
        older = re.search(r'href="/admin/audit\?(subject=message&amp;before=\d+)"', page)
        assert older is not None
        assert "m19" in (await admin.get(f"/admin/audit?{older[1].replace('&amp;', '&')}")).text
        assert "m7" in (await admin.get("/admin/audit?id=m7")).text
        assert "Dazu ist nichts protokolliert" in (await admin.get("/admin/audit?since=2026-04-01")).text
        assert "Ein Tag wird so geschrieben" in (await admin.get("/admin/audit?since=yesterday")).text
        day = START.date().isoformat()
        async with service.house.database.begin() as connection:
            detail = {"method": "code", "passed": True, "new": "thing", "sessions": 2, "files": ["a", "b"]}
            detail |= {"role": "agent", "channel": None}
            await audit.note(connection, START, "identity.checked", "customer", "c1", detail=detail)
        page = (await admin.get("/admin/audit?subject=customer")).text
        for words in (
            "Weg: Einmalcode",
            "bestanden: ja",
            "new: thing",
            "Anmeldungen: 2",
            "Dateien: a, b",
            "Rolle: Agent",
        ):
            assert words in page
        told = await admin.get("/admin/audit.csv", params={"subject": "message", "until": day, "who": NOBODY})
        assert told.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(told.text.removeprefix("\ufeff"))))
        assert len(rows) == 60 and {row["way"] for row in rows} == {"command line"}
        assert "audit.exported" in (await admin.get("/admin/audit.csv")).text


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert harmless("m1") == "m1"


async def test_the_database_lets_nobody_change_a_note_and_old_ones_go_in_bites(database: Database) -> None:
    async with database.begin() as connection:
        for number in range(5):
            await audit.note(connection, START + timedelta(days=number), "key.made", "key", str(number))
    with pytest.raises(DBAPIError):
        async with database.begin() as connection:
            await connection.execute(update(audit_log).values(action="nothing.happened"))
    async with database.begin() as connection:
        gone = [await audit_notes.forget(connection, START + timedelta(days=3), 2) for _ in range(3)]
        assert gone == [2, 1, 0]
        left = await audit_notes.found(connection, Asked(), 10)
    assert [(note.subject_id, note.action) for note in left] == [("4", "key.made"), ("3", "key.made")]
