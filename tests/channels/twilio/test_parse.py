"""From Twilio's form fields to events."""

from __future__ import annotations

import pytest

from router.channels.twilio import parse
from router.channels.twilio.form import MOST_FIELDS, Form, Misunderstood, read
from router.channels.twilio.parse import Place, Wait
from router.core.events import (
    WITHHELD,
    Attestation,
    Caller,
    CallerHungUp,
    DigitsEntered,
    Event,
    InputTimedOut,
    RecordingEnded,
    SpeechHeard,
    TransferEnded,
    TransferOutcome,
)
from router.core.hearing import Reading
from tests.channels.twilio.phone import RECORDING, SERVICE_NUMBER, call_fields


def form(**fields: str) -> Form:
    return Form(list(fields.items()))


def said(text: str, weight: float) -> SpeechHeard:
    return SpeechHeard(text, (Reading(text, weight),), "twilio")


@pytest.mark.parametrize(
    ("wait", "fields", "expected"),
    [
        ("ask", {"Digits": "4821391234"}, DigitsEntered("4821391234")),
        ("ask", {"Digits": "*"}, DigitsEntered("*")),
        ("ask", {"Digits": "12#", "FinishedOnKey": "#"}, DigitsEntered("12")),
        ("ask", {"Digits": " 1a2\x00 "}, DigitsEntered("12")),
        ("ask", {"Digits": "1" * 500}, DigitsEntered("1" * 40)),
        ("ask", {"Digits": "", "FinishedOnKey": "#"}, DigitsEntered("")),
        ("ask", {"Digits": "#"}, DigitsEntered("")),
        ("ask", {"Digits": "", "FinishedOnKey": ""}, InputTimedOut()),
        ("ask", {"Digits": "", "SpeechResult": " "}, InputTimedOut()),
        ("ask", {}, InputTimedOut()),
        ("ask", {"SpeechResult": " vier acht zwei ", "Confidence": "0.8"}, said("vier acht zwei", 0.8)),
        ("ask", {"SpeechResult": "Vier 8 2.", "Confidence": "0.83", "Language": "de-DE"}, said("Vier 8 2.", 0.83)),
        ("ask", {"SpeechResult": "ja", "Confidence": "1.0"}, said("ja", 1.0)),
        ("ask", {"SpeechResult": "ja", "Confidence": "0.0"}, said("ja", 0.5)),  # some models say that of everything
        ("ask", {"SpeechResult": "ja", "Confidence": ""}, said("ja", 0.5)),
        ("ask", {"SpeechResult": "ja"}, said("ja", 0.5)),
        ("ask", {"SpeechResult": "ja", "Confidence": "high"}, said("ja", 0.5)),
        ("ask", {"SpeechResult": "ja", "Confidence": "-3"}, said("ja", 0.5)),
        ("ask", {"SpeechResult": "ja", "Confidence": "nan"}, said("ja", 0.5)),
        ("ask", {"SpeechResult": "ja", "Confidence": "inf"}, said("ja", 0.5)),
        ("ask", {"SpeechResult": "ja", "Confidence": "17"}, said("ja", 1.0)),
        ("ask", {"SpeechResult": "ja", "Confidence": "9" * 5000}, said("ja", 1.0)),
        ("ask", {"SpeechResult": "ä" * 9000}, said("ä" * 2000, 0.5)),
        ("ask", {"Digits": "1", "SpeechResult": "eins"}, DigitsEntered("1")),
        ("ask", {"Digits": "1", "CallStatus": "completed"}, CallerHungUp()),
        ("record", {"RecordingUrl": RECORDING, "RecordingDuration": "12"}, RecordingEnded(RECORDING, 12)),
        ("record", {"RecordingUrl": RECORDING, "RecordingDuration": "0"}, RecordingEnded(None, 0)),
        ("record", {"RecordingUrl": RECORDING, "RecordingDuration": "-1"}, RecordingEnded(RECORDING, 1)),
        ("record", {"RecordingUrl": RECORDING}, RecordingEnded(RECORDING, 1)),
        ("record", {"RecordingUrl": RECORDING, "RecordingDuration": "²"}, RecordingEnded(RECORDING, 1)),
        ("record", {"RecordingUrl": RECORDING, "RecordingDuration": "9" * 99}, RecordingEnded(RECORDING, 86_400)),
        ("record", {"RecordingUrl": "file:///etc/passwd", "RecordingDuration": "9"}, RecordingEnded(None, 0)),
        ("record", {"RecordingUrl": f"https://{'x' * 400}", "RecordingDuration": "9"}, RecordingEnded(None, 0)),
        ("record", {}, RecordingEnded(None, 0)),
        (
            "record",
            {"RecordingUrl": RECORDING, "RecordingDuration": "7", "Digits": "hangup", "CallStatus": "completed"},
            RecordingEnded(RECORDING, 7),
        ),
        ("transfer", {"DialCallStatus": "completed"}, TransferEnded(TransferOutcome.ANSWERED)),
        ("transfer", {"DialCallStatus": "answered"}, TransferEnded(TransferOutcome.ANSWERED)),
        ("transfer", {"DialCallStatus": "busy"}, TransferEnded(TransferOutcome.NO_ANSWER)),
        ("transfer", {"DialCallStatus": "no-answer"}, TransferEnded(TransferOutcome.NO_ANSWER)),
        ("transfer", {"DialCallStatus": "canceled"}, TransferEnded(TransferOutcome.NO_ANSWER)),
        ("transfer", {"DialCallStatus": "failed"}, TransferEnded(TransferOutcome.FAILED)),
        ("transfer", {"DialCallStatus": "??"}, TransferEnded(TransferOutcome.FAILED)),
        ("transfer", {"QueueResult": "bridged"}, TransferEnded(TransferOutcome.ANSWERED)),
        ("transfer", {"QueueResult": "bridging-in-process"}, TransferEnded(TransferOutcome.ANSWERED)),
        ("transfer", {"QueueResult": "redirected"}, TransferEnded(TransferOutcome.ANSWERED)),
        ("transfer", {"QueueResult": "redirected-from-bridged"}, TransferEnded(TransferOutcome.ANSWERED)),
        ("transfer", {"QueueResult": "leave"}, TransferEnded(TransferOutcome.NO_ANSWER)),
        ("transfer", {"QueueResult": "queue-full"}, TransferEnded(TransferOutcome.UNAVAILABLE)),
        ("transfer", {"QueueResult": "error"}, TransferEnded(TransferOutcome.FAILED)),
        ("transfer", {"QueueResult": "system-error"}, TransferEnded(TransferOutcome.FAILED)),
        ("transfer", {"QueueResult": "hangup"}, CallerHungUp()),
        ("transfer", {"DialCallStatus": "completed", "CallStatus": "completed"}, CallerHungUp()),
        ("transfer", {}, TransferEnded(TransferOutcome.FAILED)),
    ],
)
def test_event(wait: Wait, fields: dict[str, str], expected: Event) -> None:
    assert parse.event(form(**{"CallStatus": "in-progress", **fields}), wait) == expected


@pytest.mark.parametrize(
    ("number", "caller"),
    [
        ("+4930231250011", Caller("+4930231250011")),
        ("030 / 231250011", Caller("+4930231250011")),
        ("0049 30 231250011", Caller("+4930231250011")),
        ("sip:+4930231250011@trunk.example.net", Caller("+4930231250011")),
        ("client:alice", Caller()),
        ("", WITHHELD),
        ("anonymous", WITHHELD),
        ("Anonymous", WITHHELD),
        ("RESTRICTED", WITHHELD),
        ("private", WITHHELD),
        ("unavailable", WITHHELD),
        ("unknown", WITHHELD),
        ("blocked", WITHHELD),
        ("+266696687", WITHHELD),
        ("266696687", WITHHELD),
        ("+7378742833", WITHHELD),
        ("+2562533", WITHHELD),
        ("+8656696", WITHHELD),
        ("+86282452253", WITHHELD),
        ("sip:anonymous@anonymous.invalid", WITHHELD),
    ],
)
def test_caller(number: str, caller: Caller) -> None:
    began = parse.started(Form(list(call_fields(number).items())), "DE")
    assert (began.channel, began.caller, began.service_number) == ("twilio", caller, SERVICE_NUMBER)


@pytest.mark.parametrize(("privacy", "caller"), [("id", WITHHELD), ("none", Caller("+4930231250011"))])
def test_privacy_asked_for_over_sip(privacy: str, caller: Caller) -> None:
    fields = call_fields("+4930231250011", SipHeader_Privacy=privacy)
    assert parse.started(Form(list(fields.items())), "DE").caller == caller


def test_no_number_at_all_is_a_withheld_one() -> None:
    assert parse.started(form(To="+4930231250000"), "DE").caller == WITHHELD


@pytest.mark.parametrize(
    ("dialled", "service_number"),
    [
        ("030 231250000", "+4930231250000"),
        ("sip:hotline@example.net", "sip:hotline@example.net"),
        ("x" * 41, None),
        ("hot\x00line", None),
        ("", None),
    ],
)
def test_service_number(dialled: str, service_number: str | None) -> None:
    assert parse.started(form(To=dialled), "DE").service_number == service_number


CALL = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", None),
        ("bodySHA256=ab", None),
        (f"call={CALL}&seq=3&for=ask", Place(CALL, 3, "ask")),
        (f"for=record&call={CALL}&x=1&seq=0", Place(CALL, 0, "record")),
    ],
)
def test_place(query: str, expected: Place | None) -> None:
    assert parse.place(query) == expected


@pytest.mark.parametrize(
    ("query", "what"),
    [
        (f"call={CALL}&seq=1", "for in the address"),
        (f"call={CALL}&for=ask", "seq in the address"),
        ("seq=1&for=ask", "call in the address"),
        (f"call={CALL.upper()}&seq=1&for=ask", "call in the address"),
        (f"call={CALL}&seq=-1&for=ask", "seq in the address"),
        (f"call={CALL}&seq=٣&for=ask", "seq in the address"),
        (f"call={CALL}&seq={'9' * 5000}&for=ask", "seq in the address"),
        (f"call={CALL}&call={CALL}&seq=1&for=ask", "call more than once"),
        (f"call={CALL}&seq=1&for=hangup", "for in the address"),
    ],
)
def test_an_address_that_is_none_of_ours(query: str, what: str) -> None:
    with pytest.raises(Misunderstood, match=what):
        parse.place(query)


@pytest.mark.parametrize("sid", ["", "CA 1", "CA" + "1" * 90, "CA\n1", "CA/../1"])
def test_a_call_needs_its_id(sid: str) -> None:
    with pytest.raises(Misunderstood, match="CallSid"):
        parse.call_sid(form(CallSid=sid))


def test_a_field_sent_twice_is_refused_where_it_counts() -> None:
    twice = Form([("Digits", "1"), ("Digits", "2"), ("Other", "1"), ("Other", "2")])
    with pytest.raises(Misunderstood, match="Digits was sent more than once"):
        parse.event(twice, "ask")


def test_a_body_keeps_empty_values_and_repeats() -> None:
    made = read(b"a=&b=%C3%A4+b&a=2&lonely")
    assert (made.getlist("a"), made.get("b"), made.get("lonely"), made.get("c")) == (["", "2"], "ä b", "", None)


@pytest.mark.parametrize("body", [b"a=\xff", b"a=%ff", b"a=%ED%A0%80", b"&".join([b"a=1"] * (MOST_FIELDS + 1))])
def test_a_body_that_is_no_form(body: bytes) -> None:
    with pytest.raises(Misunderstood):
        read(body)


@pytest.mark.parametrize(
    ("said", "attestation"),
    [
        ({}, None),
        ({"StirVerstat": "TN-Validation-Passed-A"}, Attestation.FULL),
        ({"StirVerstat": "TN-Validation-Failed-B"}, Attestation.FAILED),
        ({"StirVerstat": "No-TN-Validation"}, None),
        ({"SipHeader_P-Asserted-Identity": "<sip:+4917139200@x;verstat=TN-Validation-Passed-A>"}, None),
    ],
)
def test_what_twilio_says_of_a_number(said: dict[str, str], attestation: Attestation | None) -> None:
    started = parse.started(form(From="+4930123456", To=SERVICE_NUMBER, **said), "DE")
    assert started.caller == Caller("+4930123456", attestation=attestation)


def test_nothing_is_said_of_a_withheld_number_or_of_none() -> None:
    for number in ("anonymous", "sip:somebody@example.org"):
        started = parse.started(form(From=number, To=SERVICE_NUMBER, StirVerstat="TN-Validation-Passed-A"), "DE")
        assert started.caller.attestation is None


@pytest.mark.parametrize(
    ("account", "trunk"), [("AC" + "0" * 32, "AC" + "0" * 32), ("AC" + "x" * 32, None), ("", None), ("evil\n", None)]
)
def test_the_account_is_the_trunk(account: str, trunk: str | None) -> None:
    assert parse.started(form(From="+4930123456", To=SERVICE_NUMBER, AccountSid=account), "DE").trunk == trunk
