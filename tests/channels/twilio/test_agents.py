"""Callers from Twilio who wait for agents whose phones we ring: in order, once each, the card on the right desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from router.channels.twilio.agents import AgentPhones
from router.flow.queues import Announcements, Queue
from router.store.tables import people
from tests.channels.twilio.desk import TOLD, Desk, caller
from tests.channels.twilio.phone import post


async def test_a_whole_call_to_an_agents_mobile(desk: Desk) -> None:
    anna = await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    dial = phone.document.find("Dial")
    assert dial is not None
    assert (dial.attrib["timeout"], dial.attrib["answerOnBridge"]) == ("20", "true")
    number = phone.rung["+491711234567"]
    assert number.tag == "Number"
    assert number.attrib["statusCallbackEvent"] == "initiated ringing answered completed"
    assert number.attrib["statusCallback"].startswith(f"{TOLD}?call=")
    assert urlsplit(number.attrib["url"]).path == "/channels/twilio/whisper"
    assert anna in number.attrib["statusCallback"]

    await phone.phone("+491711234567", "ringing")
    assert await desk.desks() == {"anna": "ringing"}
    await phone.phone("+491711234567", "in-progress")
    assert await desk.desks() == {"anna": "talking"}
    await phone.phone("+491711234567", "completed")
    assert await desk.desks() == {"anna": "completed"}
    await phone.dial_ends("completed")
    await phone.status()
    assert await desk.outcomes() == [("ended", "left_queue")]


async def test_two_ring_one_answers_and_the_other_card_goes(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    await desk.agent("bert", "sip:bert@pbx.example.net")
    phone = caller(desk)
    await phone.wait()
    number, sip = sorted(phone.rung)
    call_id = phone.action.partition("call=")[2][:32]
    assert sip == f"sip:bert@pbx.example.net?X-Threadline-Call={call_id}&User-to-User={call_id}%3Bencoding%3Dhex"
    await phone.phone(number, "ringing", "8")
    await phone.phone(sip, "ringing", "9")
    assert await desk.desks() == {"anna": "ringing", "bert": "ringing"}
    await phone.phone(sip, "in-progress", "9")
    await phone.phone(number, "canceled", "8")
    assert await desk.desks() == {"anna": "elsewhere", "bert": "talking"}


async def test_news_of_a_phone_in_any_order_and_twice_leave_no_card_behind(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    for status in ("initiated", "ringing", "ringing", "no-answer", "ringing", "no-answer", "initiated"):
        await phone.phone("+491711234567", status)
    assert await desk.desks() == {"anna": "no_answer"}


async def test_nobody_free_hears_announcements_and_gets_who_becomes_free(desk: Desk) -> None:
    anna = await desk.agent("anna", "+491711234567", presence="paused")
    words = {"de": "Danke, dass Sie warten."}
    to_say = Announcements.model_validate({"every": 15, "position": True, "texts": [words]})
    desk.queues["sales"] = Queue(twilio="agents", announcements=to_say)
    phone = caller(desk)
    await phone.wait()
    assert phone.rung == {}
    assert phone.said == []
    desk.now += timedelta(seconds=16)
    await phone.ask_again()
    assert phone.said == ["Sie sind als Nächstes an der Reihe.", "Danke, dass Sie warten."]
    await phone.ask_again()
    assert phone.said == []
    async with desk.database.begin() as connection:
        await connection.execute(update(people).where(people.c.id == anna).values(presence="ready"))
    await phone.ask_again()
    assert list(phone.rung) == ["+491711234567"]


async def test_the_time_in_the_queue_ends(desk: Desk) -> None:
    phone = caller(desk)
    await phone.wait()
    for _ in range(3):
        desk.now += timedelta(seconds=18)
        await phone.ask_again()
        assert phone.document.find("Redirect") is not None
    desk.now += timedelta(seconds=18)
    await phone.ask_again()
    assert phone.said == ["Leider ist niemand frei."]


async def test_who_did_not_answer_is_left_in_peace_for_a_while_and_rung_again(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    await phone.phone("+491711234567", "ringing")
    await phone.phone("+491711234567", "no-answer")
    await phone.dial_ends("no-answer")
    assert phone.rung == {}
    desk.now += timedelta(seconds=16)
    await phone.ask_again()
    assert list(phone.rung) == ["+491711234567"]


async def test_two_callers_never_ring_one_agent(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    first, second = caller(desk, 1), caller(desk, 2)
    await first.wait()
    desk.now += timedelta(seconds=1)
    await second.wait()
    assert (len(first.rung), len(second.rung)) == (1, 0)
    await first.status()  # the first caller gives up
    await second.ask_again()
    assert list(second.rung) == ["+491711234567"]


async def test_the_longer_wait_is_served_first_whoever_asks_first(desk: Desk) -> None:
    anna = await desk.agent("anna", "+491711234567", presence="paused")
    first, second = caller(desk, 1), caller(desk, 2)
    await first.wait()
    desk.now += timedelta(seconds=5)
    await second.wait()
    async with desk.database.begin() as connection:
        await connection.execute(update(people).where(people.c.id == anna).values(presence="ready"))
    await second.ask_again()
    assert second.rung == {}
    await first.ask_again()
    assert list(first.rung) == ["+491711234567"]


async def test_a_repeated_request_gets_the_same_phones(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.begin()
    address = phone.document.findtext("Redirect") or ""
    first = await phone.request(address, {})
    second = await phone.request(address, {})
    assert [each.text for each in first.iter("Number")] == [each.text for each in second.iter("Number")]


async def test_a_phone_that_may_not_be_dialled_is_not(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    desk.allowed = False
    phone = caller(desk)
    await phone.wait()
    assert phone.rung == {}


async def test_who_has_a_caller_on_the_desk_is_not_rung(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    first, second = caller(desk, 1), caller(desk, 2)
    await first.wait()
    await first.phone("+491711234567", "in-progress")
    await second.wait()
    assert second.rung == {}


async def test_the_caller_hangs_up_while_it_rings(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    await phone.phone("+491711234567", "ringing")
    await phone.status()
    assert await desk.desks() == {"anna": "ended"}
    await phone.phone("+491711234567", "canceled")
    assert await desk.desks() == {"anna": "ended"}
    assert await desk.outcomes() == [("ended", "left_queue")]


async def test_what_is_told_of_a_phone_has_to_be_signed(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    url = phone.rung["+491711234567"].attrib["statusCallback"]
    fields = {"CallSid": "CA" + "9" * 32, "CallStatus": "ringing"}
    assert (await post(desk.client, url, fields, token="0" * 32)).status_code == 403
    parts = urlsplit(url)
    assert (await desk.client.post(f"{parts.path}?{parts.query}", data=fields)).status_code == 403
    assert await desk.desks() == {}


@pytest.mark.parametrize(
    "query", ["", "?call=x&seq=1&person=y", f"?call={'a' * 32}&seq=1", f"?seq=1&person={'b' * 32}"]
)
async def test_addresses_that_are_not_ours_are_refused(desk: Desk, query: str) -> None:
    fields = {"CallSid": "CA" + "9" * 32, "CallStatus": "ringing"}
    assert (await post(desk.client, TOLD + query, fields)).status_code == 400


async def test_a_call_that_is_not_there_is_told_of_in_vain(desk: Desk) -> None:
    fields = {"CallSid": "CA" + "9" * 32, "CallStatus": "ringing"}
    url = f"{TOLD}?call={'a' * 32}&seq=1&person={'b' * 32}"
    assert (await post(desk.client, url, fields)).status_code == 204


async def test_a_failure_keeps_the_caller_waiting_and_the_third_takes_them_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = caller(desk)
    await phone.wait()

    async def fails(*_: Any) -> Any:
        raise ConnectionError

    monkeypatch.setattr(AgentPhones, "next", fails)
    for _ in range(2):
        await phone.ask_again()
        assert phone.document.find("Pause") is not None
    await phone.ask_again()
    assert phone.document.findtext("Enqueue") == "default"
