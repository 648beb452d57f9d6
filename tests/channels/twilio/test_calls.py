"""Whole calls, with requests that come twice, late, in another order, or from somebody else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from router.core.assurance import Assurance
from router.core.events import WITHHELD, Caller
from router.core.match import Candidate, Decision, Match
from router.engine.session import Outcome, State
from router.store.tables import calls
from tests.channels.twilio.house import CLOSED, House
from tests.channels.twilio.phone import RECORDING, STATUS, VOICE, PhoneCall, call_fields, post

CALLER = "+4930231250011"
OTHER_SID = "CA" + "2" * 32


def sure() -> Match:
    return Match(Decision.SURE, Assurance.L1, 0.03, (Candidate("m1", 0.97, (), "sales", "de", "Offer"),))


async def asking(house: House, caller: str = CALLER) -> PhoneCall:
    """A call that is asked for its code."""
    phone = PhoneCall(house.client, caller)
    await phone.begin()
    assert phone.verb is not None
    assert phone.verb.tag == "Gather"
    return phone


async def recording(house: House) -> PhoneCall:
    """A call outside hours that is about to leave a message."""
    house.now = CLOSED
    phone = await asking(house)
    await phone.keep_silent()
    assert phone.verb is not None
    assert phone.verb.tag == "Record"
    return phone


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_from_the_first_ring_to_the_end(house: House) -> None:
    house.matches = [sure()]
    phone = PhoneCall(house.client, CALLER)
    await phone.begin()
    assert phone.said[-1] == "Wir verbinden Sie."
    assert phone.verb is not None
    assert (phone.verb.tag, phone.verb.text) == ("Enqueue", "sales")
    assert house.asked == [Caller(CALLER)]
    await phone.transfer_ends("", "bridged")
    assert phone.verb.tag == "Hangup"
    await phone.status()
    (row,) = await house.rows()
    assert (row.channel, row.channel_ref, row.caller, row.service_number) == (
        "twilio",
        phone.fields["CallSid"],
        CALLER,
        "+4930231250000",
    )
    assert (row.state, row.outcome, row.queue, row.message_id) == ("ended", "left_queue", "sales", "m1")


async def test_every_request_twice_is_the_call_once(house: House) -> None:
    phone = PhoneCall(house.client, CALLER)
    await phone.begin()
    steps: list[Any] = [
        lambda: phone.press("123"),
        lambda: phone.keep_silent(),
        lambda: phone.transfer_ends("", "leave"),
    ]
    for take in [None, *steps]:
        if take is not None:
            await take()
        url, fields = phone.requests[-1]
        again = await post(house.client, url, fields)
        assert again.text == phone.xml
    session = await house.session()
    assert session.sequence == 1 + len(steps)
    assert len(await house.rows()) == 1


async def test_the_same_request_at_the_same_time(house: House) -> None:
    fields = call_fields(CALLER)
    answers = await asyncio.gather(*(post(house.client, VOICE, fields) for _ in range(5)))
    assert len({answer.text for answer in answers}) == 1
    assert len(await house.rows()) == 1
    phone = PhoneCall(house.client, CALLER)
    phone.xml = answers[0].text
    told = {**fields, "CallStatus": "in-progress", "Digits": "4821391234"}
    answers = await asyncio.gather(*(post(house.client, phone.action, told) for _ in range(5)))
    assert len({answer.text for answer in answers}) == 1
    assert (await house.session()).sequence == 2


async def test_a_late_request_gets_the_answer_of_the_present_state(house: House) -> None:
    phone = await asking(house)
    await phone.press("123")
    url, fields = phone.requests[-1]
    await phone.keep_silent()
    late = await post(house.client, url, {**fields, "Digits": "999999"})
    assert late.text == phone.xml
    assert (await house.session()).sequence == 3


async def test_a_request_ahead_of_its_time_changes_nothing(house: House) -> None:
    phone = await asking(house)
    ahead = await post(house.client, phone.action.replace("seq=1", "seq=2"), {**phone.fields, "Digits": "1"})
    assert ahead.text == phone.xml
    assert (await house.session()).sequence == 1


async def test_a_call_that_began_before_there_was_anything_to_listen_to_goes_on(house: House) -> None:
    phone = await asking(house)
    (row,) = await house.rows()
    session, reply = json.loads(row.session), json.loads(row.reply)
    del session["waiting"]["listening"], session["keys_only"], reply[-1]["listening"]
    async with house.database.begin() as connection:
        older = {"session": json.dumps(session), "reply": json.dumps(reply)}
        await connection.execute(update(calls).where(calls.c.id == row.id).values(**older))
    await phone.press("123")
    assert (await house.session()).sequence == 2


async def test_an_answer_of_another_kind_than_asked_for_changes_nothing(house: House) -> None:
    phone = await asking(house)
    odd = await post(
        house.client, phone.action.replace("for=ask", "for=transfer"), {**phone.fields, "QueueResult": "leave"}
    )
    assert odd.text == phone.xml
    assert (await house.session()).sequence == 1


async def test_the_fallback_address_takes_the_call_up_where_it_stood(house: House) -> None:
    phone = await asking(house)
    failed = {"ErrorCode": "11205", "ErrorUrl": phone.action, "Digits": "4821391234"}
    await post(house.client, VOICE, {**phone.fields, **failed})
    assert (await house.session()).sequence == 1
    before = phone.xml
    await phone.request(VOICE, failed)
    assert phone.xml == before


async def test_a_call_cannot_speak_for_another(house: House) -> None:
    phone = await asking(house)
    other = PhoneCall(house.client, "+442079460011", OTHER_SID)
    await other.begin()
    for url, fields in [
        (phone.action, {**other.fields, "Digits": "123456"}),
        (other.action, {**phone.fields, "Digits": "123456"}),
        (f"{VOICE}?call={'0' * 32}&seq=1&for=ask", {**phone.fields, "Digits": "123456"}),
        (phone.action, {**phone.fields, "CallSid": "CA" + "3" * 32, "Digits": "123456"}),
    ]:
        answer = await post(house.client, url, fields)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Response" not in answer.text
    assert {row.sequence for row in await house.rows()} == {1}


@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled"])
async def test_the_caller_hangs_up(house: House, status: str) -> None:
    phone = await asking(house)
    for _ in range(3):
        await phone.status(status)
    session = await house.session()
    assert (session.state, session.outcome) == (State.ENDED, Outcome.HUNG_UP)
    late = await phone.press("123456")
    assert len(late) == 0
    assert (await house.session()) == session


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress", "answered", ""])
async def test_other_states_end_nothing(house: House, status: str) -> None:
    phone = await asking(house)
    await phone.status(status)
    assert not (await house.session()).ended


async def test_a_status_of_a_call_that_never_asked(house: House) -> None:
    await PhoneCall(house.client, CALLER).status()
    assert await house.rows() == []


async def test_a_first_request_of_a_call_that_is_over(house: House) -> None:
    answer = await post(house.client, VOICE, call_fields(CALLER, CallStatus="completed"))
    assert answer.text.endswith("<Response/>")
    assert await house.rows() == []


async def test_hanging_up_at_every_step_leaves_no_call_open(house: House) -> None:
    steps: list[Any] = [
        lambda phone: phone.begin(),
        lambda phone: phone.press("123"),
        lambda phone: phone.keep_silent(),
        lambda phone: phone.transfer_ends("", "leave"),
        lambda phone: phone.leave_message(3),
    ]
    for number in range(1, len(steps) + 1):
        phone = PhoneCall(house.client, CALLER, f"CA{number:032}")
        for take in steps[:number]:
            await take(phone)
        await phone.status()
    assert [row.state for row in await house.rows()] == ["ended"] * len(steps)
    assert len(await house.messages()) == 1


async def test_leaving_the_queue_by_hanging_up(house: House) -> None:
    house.matches = [sure()]
    phone = PhoneCall(house.client, CALLER)
    await phone.begin()
    answer = await phone.request(phone.action, {"QueueResult": "hangup", "CallStatus": "completed"})
    assert len(answer) == 0
    await phone.status()
    assert (await house.session()).outcome is Outcome.LEFT_QUEUE


async def test_a_message_and_its_end(house: House) -> None:
    phone = await recording(house)
    await phone.leave_message(12)
    assert phone.verb is not None
    assert phone.verb.tag == "Hangup"
    url, fields = phone.requests[-1]
    await post(house.client, url, fields)
    await phone.status()
    await post(house.client, url, fields)
    (message,) = await house.messages()
    assert (message.recording, message.seconds) == (RECORDING, 12)


@pytest.mark.parametrize("status_first", [False, True])
async def test_hanging_up_ends_the_message_and_keeps_it(house: House, status_first: bool) -> None:
    phone = await recording(house)
    action, fields = phone.action, phone.fields
    told = {"RecordingUrl": RECORDING, "RecordingDuration": "8", "Digits": "hangup", "CallStatus": "completed"}
    if status_first:
        await phone.status()
    for _ in range(2):
        answer = await post(house.client, action, {**fields, **told})
        assert answer.text.endswith("<Response/>")
    await phone.status()
    (message,) = await house.messages()
    assert (message.recording, message.seconds) == (RECORDING, 8)
    assert (await house.session()).ended


async def test_a_recording_with_nothing_in_it_falls_through_to_the_redirect(house: House) -> None:
    phone = await recording(house)
    redirect = phone.document.find("Redirect")
    assert redirect is not None
    await phone.request(redirect.text or "", {})
    assert phone.verb is not None
    assert phone.verb.tag == "Hangup"
    assert await house.messages() == []


@pytest.mark.parametrize("spelled", ["anonymous", "+266696687", "Restricted", ""])
async def test_a_withheld_number_is_nowhere(house: House, spelled: str) -> None:
    await asking(house, spelled)
    (row,) = await house.rows()
    assert (row.caller, row.withheld, house.asked[0]) == (None, True, WITHHELD)


@pytest.mark.sqlite_only  # whose files can be looked through
async def test_a_withheld_number_that_the_network_delivers_is_nowhere(
    house: House, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as logs:
        phone = PhoneCall(house.client, CALLER)
        await phone.request(VOICE, {"SipHeader_Privacy": "id", "SipHeader_P-Asserted-Identity": f"<sip:{CALLER}@x>"})
        await phone.status()
    stored = everything_in(tmp_path)
    assert b"twilio" in stored
    said = repr(logs) + "".join(capfd.readouterr()) + phone.xml
    for written in (CALLER, CALLER[1:], "030231250011", "231250011"):
        assert written.encode() not in stored
        assert written not in said


async def test_numbers_and_codes_stay_out_of_the_log(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    with capture_logs() as logs:
        phone = await asking(house)
        await phone.press("4821391234")
        await phone.status()
    written = repr(logs) + "".join(capfd.readouterr())
    assert phone.fields["CallSid"] not in CALLER
    assert "231250011" not in written
    assert "4821391234" not in written


async def test_an_impossible_status_request(house: House) -> None:
    answer = await post(house.client, STATUS, {"CallStatus": "completed"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
