"""What an agent does with a call: each thing as it comes from the page, and what is stored and shown of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from router.core.events import CallerHungUp
from router.messages.texting import Accepted, TextSender, reported
from router.store.tables import (
    audit_log,
    callbacks,
    calls,
    dispositions,
    handovers,
    notes,
    people,
    text_messages,
    work_items,
)
from tests.api.service import MOBILE
from tests.desk.work.conftest import Talk

pytestmark = pytest.mark.sqlite_only

ONCE = "0" * 31 + "1"


def errors(answer: Any) -> dict[str, str]:
    return {each["field"]: each["message"] for each in answer.json()["errors"]}


async def test_the_note_is_kept_as_it_is_typed(talk: Talk) -> None:
    await talk.done("note", text="Ruft")
    await talk.done("note", text="Ruft <wieder> an\r\n")
    (note,) = await talk.rows(notes)
    assert (note.text, note.person_id, note.call_id, note.card_id) == (
        "Ruft <wieder> an",
        talk.person_id,
        talk.call_id,
        talk.card_id,
    )
    assert note.customer_id is not None and note.message_id is not None
    assert "Ruft &lt;wieder&gt; an</textarea>" in await talk.page()
    assert (await talk.post("note", text="x" * 4001)).status_code == 422
    await talk.done("note", text="")
    assert await talk.rows(notes) == []


async def test_a_text_message_goes_to_the_number_on_file_and_its_delivery_is_seen(talk: Talk) -> None:
    page = await talk.page()
    assert MOBILE not in page
    assert re.findall("(?:SMS|E-Mail) an [^<]*", page) == ["SMS an … 011"], "nobody sends e-mails"
    sent: list[tuple[str, str, str]] = []

    class Provider:
        async def send(self, text_id: str, to: str, body: str) -> Accepted:
            sent.append((text_id, to, body))
            return Accepted("SM1")

        async def aclose(self) -> None: ...

    to = await talk.to()
    await talk.done("send", to=to, text="Hallo, wie besprochen.", once=ONCE, template="hello")
    await talk.done("send", to=to, text="Hallo, wie besprochen.", once=ONCE, template="hello")
    assert "wird gesendet" in await talk.page()
    house = talk.service.house
    sender = TextSender(house.database, house.bus, Provider(), talk.service.clock)
    assert await sender.send_due() == 1
    assert sent == [(ONCE, MOBILE, "Hallo, wie besprochen.")]
    assert "übergeben" in await talk.page()
    await reported(house.database, ONCE, "SM1", talk.service.clock(), delivered=True, bus=house.bus)
    assert "zugestellt" in await talk.page()
    assert [data for name, data in await talk.events() if name == "work"] == [{"card": talk.card_id}] * 2
    (row,) = await talk.rows(text_messages)
    assert (row.state, row.to_number, row.body, row.kept) == ("delivered", None, None, "Hallo, wie besprochen.")
    assert (row.person_id, row.template, row.purpose) == (talk.person_id, "hello", "desk")
    told = [(row.action, row.detail) for row in await talk.rows(audit_log) if row.action == "text.sent"]
    assert told == [("text.sent", {"channel": "sms", "template": "hello", "purpose": "desk"})]


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"to": "sms:0123456789abcdef", "text": "x"}, 422, "to"),
        ({"to": "sms:", "to_other": "+491713920099", "text": "x"}, 422, "to"),
        ({"to": "fax:1", "text": "x"}, 422, "to"),
        ({"text": " "}, 422, "text"),
        ({"text": "x" * 1601}, 422, "text"),
        ({"text": "x", "once": "../../etc"}, 400, None),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    talk: Talk, fields: dict[str, str], status: int, field: str | None
) -> None:
    answer = await talk.post("send", **({"to": await talk.to()} | fields))
    assert answer.status_code == status, answer.text
    assert field is None or field in errors(answer)
    assert await talk.rows(text_messages) == []


async def test_one_number_gets_only_so_many_in_a_day(talk: Talk) -> None:
    to = await talk.to()
    for nth in range(6):
        await talk.done("send", to=to, text="x", once=f"{nth:032x}")
    answer = await talk.post("send", to=to, text="x", once="f" * 32)
    assert answer.status_code == 409 and "Limit" in answer.text


async def test_canned_texts_are_those_of_the_queue_without_what_is_personal(talk: Talk) -> None:
    assert await talk.texts() == {
        "hello": ("Vielen Dank für Ihren Anruf. Mit freundlichen Grüßen, agent", True),
        "letter": ("Guten Tag", False),
    }


async def test_nobody_else_can_work_on_the_call(talk: Talk) -> None:
    async with talk.service.signed_in("supervisor") as other:
        for what in ("note", "send", "payment", "follow-up", "disposition", "next", "more-time", "handover"):
            answer = await other.post(f"/desk/cards/{talk.card_id}/{what}", data={"text": "x", "disposition": "sold"})
            assert answer.status_code == 404, what
        for what in ("texts", "places"):
            assert (await other.get(f"/desk/cards/{talk.card_id}/{what}")).status_code == 404
    assert await talk.rows(notes) == [] and await talk.rows(dispositions) == []


async def test_a_caller_who_is_gone_is_not_passed_on(talk: Talk) -> None:
    places = (await talk.browser.get(f"/desk/cards/{talk.card_id}/places")).text
    assert 'value="queue:sales"' in places
    assert "0 bereit" in places and "1 bereit" not in places, "whoever passes a call on is not waiting for it there"
    answer = await talk.post("handover", to="", note="Bitte weiterhelfen")
    assert errors(answer) == {"to": "Wählen Sie, wohin der Anruf gehen soll."}
    await talk.service.house.calls.handle(talk.call_id, CallerHungUp())
    assert (await talk.post("handover", to="queue:sales", note="Bitte weiterhelfen")).status_code == 409
    assert await talk.rows(handovers) == []


@pytest.mark.parametrize(("channel", "there"), [("twilio", {"mobile", "page"}), ("asterisk", {"desk phone"})])
async def test_only_people_whom_the_caller_can_reach_are_offered(talk: Talk, channel: str, there: set[str]) -> None:
    house, now = talk.service.house, talk.service.clock()
    async with house.database.begin() as connection:
        for name, phone in (("mobile", "+491711234567"), ("desk phone", "PJSIP/101"), ("page", None)):
            values = {"id": name, "login": name, "name": name, "role": "agent", "language": "de", "queues": ["sales"]}
            here: dict[str, object] = {"phone": phone, "presence": "ready", "skills": [], "created_at": now}
            await connection.execute(people.insert().values(**values, **here))
        await connection.execute(calls.update().where(calls.c.id == talk.call_id).values(channel=channel))
    page = (await talk.browser.get(f"/desk/cards/{talk.card_id}/places")).text
    assert {name for name in ("mobile", "desk phone", "page") if f'value="person:{name}"' in page} == there
    (gone,) = {"mobile", "desk phone"} - there
    assert (await talk.post("handover", to=f"person:{gone}", note="Bitte weiterhelfen")).status_code == 422


async def test_whom_asterisk_calls_back_is_passed_on_once_they_have_answered(talk: Talk) -> None:
    house, now = talk.service.house, talk.service.clock()
    values = {"id": "b" * 32, "call_id": "c" * 32, "number": MOBILE, "queue": "sales", "priority": 0, "since": now}
    dialled = {"state": "dialling", "attempt_id": talk.call_id, "last_result": "dialled", "created_at": now}
    async with house.database.begin() as connection:
        await connection.execute(callbacks.insert().values(values | dialled))
        changed = {"direction": "out", "channel": "asterisk", "callback_id": "b" * 32}
        await connection.execute(calls.update().where(calls.c.id == talk.call_id).values(**changed))
    page = await talk.page()
    assert 'data-tool="handover"' not in page and "abgehoben hat er noch nicht" in page
    assert (await talk.post("handover", to="queue:sales", note="Bitte weiterhelfen")).status_code == 409
    assert await talk.rows(handovers) == []
    assert await house.calling.reached(talk.call_id)
    page = await talk.page()
    assert 'data-tool="handover"' in page and "Der Kunde hat abgehoben." in page
    await talk.done("handover", to="queue:sales", note="Bitte weiterhelfen")
    assert [row.state for row in await talk.rows(handovers)] == ["asked"]


async def test_passing_on_is_taken_back_once(talk: Talk) -> None:
    await talk.done("handover", to="queue:sales", note="Bitte weiterhelfen")
    for _ in range(2):
        await talk.done("handover", undo="1")
    assert [row.state for row in await talk.rows(handovers)] == ["failed"]
    noted = [row.action for row in await talk.rows(audit_log) if row.subject_id == talk.call_id]
    assert noted[-2:] == ["call.handed_over", "call.handover_undone"]


async def test_a_follow_up_is_kept_once(talk: Talk) -> None:
    due = (talk.service.clock() + timedelta(days=1)).isoformat()
    for _ in range(2):
        await talk.done("follow-up", due_at=due, note="Vertrag nachfassen", once=ONCE, **{"for": "me"})
    (item,) = await talk.rows(work_items)
    assert (item.kind, item.queue, item.note, item.for_person_id) == (
        "follow_up",
        "sales",
        "Vertrag nachfassen",
        talk.person_id,
    )
    past = (talk.service.clock() - timedelta(hours=1)).isoformat()
    for wrong in (past, "", "2026-03-03T10:00:00", (talk.service.clock() + timedelta(days=400)).isoformat()):
        answer = await talk.post("follow-up", due_at=wrong, note="")
        assert answer.status_code == 422 and set(errors(answer)) == {"due", "note"}


async def test_a_result_has_to_be_complete(talk: Talk) -> None:
    answer = await talk.post("disposition", disposition="sold", **{"field.sold.months": "zwölf"})
    assert answer.status_code == 422
    assert set(errors(answer)) == {"field.sold.contract", "field.sold.months"}
    wrong = {
        "field.sold.contract": "V-1\x00",
        "field.sold.begins": "31.12.2026",
        "field.sold.tariff": "Free",
        "field.sold.paperless": "maybe",
        "field.sold.months": "1e999",
    }
    answer = await talk.post("disposition", disposition="sold", **(wrong | {"field.sold.contract": "V-1"}))
    assert set(errors(answer)) == set(wrong) - {"field.sold.contract"}
    assert (await talk.post("disposition", disposition="nonsense")).status_code == 422
    right = {
        "field.sold.contract": "V-1",
        "field.sold.begins": "2026-12-31",
        "field.sold.tariff": "Flex",
        "field.sold.paperless": "yes",
        "field.sold.months": "12,5",
    }
    await talk.done("disposition", disposition="sold", **right)
    (said,) = await talk.rows(dispositions)
    assert (said.code, said.queue, said.person_id) == ("sold", "sales", talk.person_id)
    assert said.fields == {
        "contract": "V-1",
        "begins": "2026-12-31",
        "tariff": "Flex",
        "paperless": True,
        "months": 12.5,
    }
    page = await talk.page()
    assert 'value="sold" data-keep="disposition" checked' in page and 'value="V-1"' in page
    assert '<option value="Flex" selected>Beweglich</option>' in page, "a choice reads as its label"
    assert '<option value="Fix">Fix</option>' in page


async def test_the_next_call_comes_when_the_result_is_said(talk: Talk) -> None:
    await talk.ringing.completed(talk.call_id, talk.person_id)
    page = await talk.page()
    assert 'data-state="wrap_up"' in page and "data-ends=" in page
    assert (await talk.post("next")).status_code == 409
    assert (await talk.post("disposition", disposition="sold", then="next")).status_code == 422
    await talk.done("more-time")
    await talk.done("disposition", disposition="no_interest", then="next")
    assert f'data-card="{talk.card_id}"' not in await talk.page()
    assert (await talk.post("note", text="zu spät")).status_code == 404


async def test_a_search_that_could_not_look_at_all_says_so(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.store.customer_words.MOST_LOOKED_AT", 0)
    await talk.done("search", term="Anna")
    page = await talk.page()
    assert "So heißen zu viele" in page and "Nichts gefunden" not in page
