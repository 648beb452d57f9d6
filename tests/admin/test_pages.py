"""The administration's pages, as an admin sees them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import TypeAdapter
from sqlalchemy import insert
from structlog.testing import capture_logs

from router.admin.routes import PAGE, routes
from router.core.assurance import Assurance
from router.core.events import WITHHELD, Caller
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match
from router.engine.session import Session, Trace, session_to_json
from router.speech.kept import KeptSpeech
from router.store import speech_recordings, tables
from router.web.reads import Reads

if TYPE_CHECKING:
    from tests.web.conftest import House

_MATCH = TypeAdapter(Match)
HTML = {"Accept": "text/html"}
MATCH = Match(
    Decision.LIKELY,
    Assurance.L1,
    0.08,
    (
        Candidate("m1", 0.9, (Evidence(EvidenceKind.RECIPIENT_NUMBER, 6.2, "…"),)),
        Candidate("m-gone", 0.02, (Evidence(EvidenceKind.SERVICE_NUMBER, -0.5, "…"),)),
    ),
)


class Stored:
    """Stands for the registrar."""

    async def stored(self, message_id: str) -> dict[str, Any] | None:
        if message_id != "m1":
            return None
        return {
            "id": "m1",
            "callback_code": "4821390276",
            "reference": "A-77",
            "tel_link": "tel:+4930123456,,,4821390276",
            "qr_url": "http://127.0.0.1:8080/v1/messages/m1/qr.svg",
            "service_number": "+4930123456",
            "external_id": "crm-1",
            "channel": "sms",
            "to": {"phone": "+4917012345678", "email": None},
            "customer": {"name": "Jana <b>Muster</b>", "external_id": "K1", "language": "de", "phones": []},
            "offer": {"title": "Öko-Strom", "summary": "", "valid_until": "2026-04-30T22:00:00+00:00"},
            "body": "Ihr Angebot",
            "campaign": "frühling",
            "sent_at": "2026-03-30T08:00:00Z",
            "code_expires_at": None,
        }


@asynccontextmanager
async def admin_of(
    house: House, role: str = "admin", recordings: KeptSpeech | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    house.app.include_router(
        routes(
            database=house.database,
            guard=house.guard,
            pages=house.pages,
            messages=Stored(),
            recordings=recordings or KeptSpeech(Path("/nonexistent"), house.database, house.clock),
            reads=Reads(house.database, house.clock),
        )
    )
    async with house.signed_in("chef", role, "en") as browser:
        yield browser


async def add_message(house: House, message_id: str = "m1", **values: Any) -> None:
    row = {
        "id": message_id,
        "digest": "x",
        "channel": "sms",
        "offer": {"title": f"Offer {message_id}"},
        "body": "",
        "to_phone": "+4917012345678",
        "sent_at": house.clock(),
        "created_at": house.clock(),
    }
    async with house.database.begin() as connection:
        await connection.execute(insert(tables.messages).values(**{**row, **values}))


async def add_call(house: House, call_id: str, caller: Caller, found: Match | None = None, **values: Any) -> None:
    now = house.clock()
    trace = (Trace(now, "greet", "say", "2 prompts"), Trace(now, "who", "match", "likely"))
    session = Session(call_id, "hotline", "r1", "testphone", caller, "+4930123456", "de", trace=trace)
    row = {
        "id": call_id,
        "channel": "testphone",
        "channel_ref": call_id,
        "caller": caller.number,
        "withheld": caller.withheld,
        "service_number": "+4930123456",
        "state": "ended",
        "sequence": 1,
        "session": session_to_json(session),
        "reply": "[]",
        "match": None if found is None else _MATCH.dump_python(found, mode="json"),
        "started_at": now,
        "updated_at": now,
    }
    async with house.database.begin() as connection:
        await connection.execute(insert(tables.calls).values(**{**row, **values}))


@pytest.mark.parametrize("path", ["", "/calls", "/messages", "/voicemails", "/calls/x", "/calls/x/speech/y"])
async def test_agents_stay_outside(house: House, path: str) -> None:
    async with admin_of(house, "agent") as browser:
        assert (await browser.get(f"/admin{path}")).status_code == 403


async def test_a_call_shows_what_was_done_and_why(house: House) -> None:
    async with admin_of(house) as browser:
        await add_message(house)
        await add_call(house, "c1", Caller("+4915112345678"), MATCH, message_id="m1", agent_id="id-chef")
        listed = (await browser.get("/admin/calls")).text
        assert "+49 1511 2345678" in listed and "Offer m1" in listed and "Chef Muster" in listed
        page = (await browser.get("/admin/calls/c1")).text
    assert "Calls from the number the message went to." in page and "+6.2" in page
    assert "Dialled a number other than the one in the message." in page and "deleted message" in page
    assert "90%" in page and "L1" in page
    assert "greet" in page and "likely" in page


async def test_a_withheld_caller_is_called_withheld(house: House) -> None:
    async with admin_of(house) as browser:
        await add_call(house, "c1", WITHHELD)
        assert "<em>withheld</em>" in (await browser.get("/admin/calls")).text
        page = (await browser.get("/admin/calls/c1")).text
    assert "<em>withheld</em>" in page
    assert "The flow has not asked yet" in page


async def test_messages_stand_in_the_order_of_the_column_that_says_so(house: House) -> None:
    async with admin_of(house) as browser:
        now = house.clock()
        await add_message(house, "m1", created_at=now, sent_at=now - timedelta(days=1))
        await add_message(house, "m2", created_at=now - timedelta(hours=2), sent_at=now + timedelta(days=1))
        await add_message(house, "m3", created_at=now - timedelta(hours=1), sent_at=now - timedelta(days=9))
        page = (await browser.get("/admin/messages")).text
    headings = re.findall(r"<th [^>]*>([^<]*)", page)
    assert headings[:2] == ["Registered", "Sent"]
    assert re.findall(r'<th [^>]*aria-sort="descending"[^>]*>([^<]*)', page) == ["Registered"]
    registered = re.findall(r'<tr>\s*<td><time datetime="([^"]+)"', page)
    assert len(registered) == 3 and registered == sorted(registered, reverse=True)
    assert re.findall(r'href="/admin/messages/(m\d)"', page) == ["m1", "m3", "m2"]


async def test_lists_are_paged_without_loss_even_at_the_same_moment(house: House) -> None:
    async with admin_of(house) as browser:
        for number in range(2 * PAGE + 5):
            if number % 10 == 0:
                house.clock.move(seconds=1)
            await add_message(house, f"m{number:03}")
        seen, address = [], "/admin/messages"
        while address:
            page = (await browser.get(address)).text
            seen += [part.split('"')[0] for part in page.split('href="/admin/messages/')[1:]]
            more = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0] if 'rel="next"' in page else ""
            address = more.replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 2 * PAGE + 5
    assert (await _status(house, browser_path="/admin/messages?before=nonsense~x")) == 400


async def _status(house: House, browser_path: str) -> int:
    async with house.client() as browser:
        await browser.post("/sign-in", data={"login": "chef", "password": "correct horse battery"})
        return (await browser.get(browser_path)).status_code


async def test_a_message_shows_what_to_print(house: House) -> None:
    async with admin_of(house) as browser:
        page = (await browser.get("/admin/messages/m1")).text
        assert "482 139 0276" in page and 'src="/v1/messages/m1/qr.svg"' in page
        assert "Jana &lt;b&gt;Muster&lt;/b&gt;" in page
        assert (await browser.get("/admin/messages/m2", headers=HTML)).status_code == 404
        assert (await browser.get("/admin/calls/none")).status_code == 404


async def test_voicemails_are_listed(house: House) -> None:
    async with admin_of(house) as browser:
        await add_call(house, "c1", WITHHELD, queue="sales")
        async with house.database.begin() as connection:
            row = {"id": "v1", "call_id": "c1", "seconds": 7.4, "text": "Bitte <rufen>", "created_at": house.clock()}
            await connection.execute(insert(tables.voicemails).values(**row))
        voicemails = (await browser.get("/admin/voicemails")).text
        assert "Bitte &lt;rufen&gt;" in voicemails and "7 s" in voicemails and "<em>withheld</em>" in voicemails


async def test_an_unreadable_record_does_not_take_the_page_down(house: House) -> None:
    async with admin_of(house) as browser:
        await add_call(house, "c1", WITHHELD, session="{", match={"decision": "?"})
        assert (await browser.get("/admin/calls/c1")).status_code == 200
        house.clock.move(seconds=timedelta(hours=13).total_seconds())
        assert (await browser.get("/admin/calls", headers=HTML)).headers["location"] == "/sign-in?next=/admin/calls"


async def test_what_a_caller_said_is_listed_and_each_download_logged(house: House, tmp_path: Path) -> None:
    kept = KeptSpeech(tmp_path / "speech", house.database, house.clock)
    here, elsewhere = str(await kept.keep(bytes(3 * 16_000))), "f" * 32
    async with admin_of(house, recordings=kept) as browser:
        await add_call(house, "c1", WITHHELD)
        await add_call(house, "c2", WITHHELD)
        async with house.database.begin() as connection:
            for number, recording in enumerate((here, elsewhere)):
                row = {"id": f"r{number}", "call_id": "c1", "step": "who", "recording": recording}
                await speech_recordings.add(connection, row | {"created_at": house.clock()})
        page = (await browser.get("/admin/calls/c1")).text
        assert "What the caller said" in page and "3 s" in page
        assert page.count("Download") == 1 and "Not on this machine" in page
        assert "What the caller said" not in (await browser.get("/admin/calls/c2")).text
        with capture_logs() as logged:
            fetched = await browser.get("/admin/calls/c1/speech/r0")
            missing = [await browser.get(f"/admin/calls/{path}") for path in ("c1/speech/r1", "c2/speech/r0")]
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "audio/wav")
    assert fetched.headers["cache-control"] == "no-store"
    assert fetched.headers["content-disposition"].startswith("attachment;")
    assert len(fetched.content) == 44 + 3 * 16_000
    assert [answer.status_code for answer in missing] == [404, 404]
    told = [line for line in logged if "fetched" in line["event"]]
    assert [(line["call"], line["recording"], line["person"]) for line in told] == [("c1", "r0", "id-chef")]
