"""What is kept of calls: enough to run them again, and nothing that tells who called or what they said."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from router.core.assurance import Assurance
from router.core.events import (
    WITHHELD,
    Attestation,
    Caller,
    CallStarted,
    CodeChecked,
    DigitsEntered,
    Event,
    HouseEvent,
    MatchesFound,
    RecordingEnded,
    SpeechHeard,
    WebhookAnswered,
)
from router.core.hearing import Reading
from router.core.match import About, Candidate, Decision, Evidence, EvidenceKind, Match, Question, QuestionKind
from router.engine.recorded import from_record, is_masked, to_record
from router.flow.files import check
from router.spoken.choices import choice_said

FLOW = check(
    """
version: 1
name: shop
languages: [de]
start: ask
steps:
  ask:
    type: menu
    text: {de: Strom oder Gas?}
    options: {"1": {next: human, words: [Strom, guter Strom]}, "2": {next: human, words: [Gas]}}
""",
    "shop.yaml",
)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def kept(event: Event, *answers: HouseEvent) -> tuple[Event, tuple[HouseEvent, ...]]:
    record = json.loads(json.dumps(to_record(FLOW, event, answers)))
    turn = from_record(NOW, record)
    return turn.event, turn.answers


@given(st.text("0123456789*#", max_size=20))
def test_more_than_two_keys_are_kept_as_zeros(digits: str) -> None:
    event, _ = kept(DigitsEntered(digits))
    assert isinstance(event, DigitsEntered)
    assert len(event.digits) == len(digits)
    if len(digits) <= 2:
        assert event.digits == digits
    else:
        assert set(event.digits) == {"0"}
        assert is_masked(event.digits)


@given(st.lists(st.sampled_from(["Meier", "eins", "vier", "4711", "guter", "Strom", "Gas", "77", "nein"]), max_size=6))
def test_of_speech_is_kept_what_chooses_and_at_most_two_digits(words: list[str]) -> None:
    said = " ".join(words)
    event, _ = kept(SpeechHeard(said))
    assert isinstance(event, SpeechHeard)
    assert set(event.text.split()) <= {"x", "guter", "strom", "gas", "nein", "77", "1", "4", "00", "0000", "0"}
    options = {"1": ("Strom", "guter Strom"), "2": ("Gas",)}
    if not any(word in ("eins", "vier", "4711", "77") for word in words):
        assert choice_said(event.text, options) == choice_said(said, options)


def test_nothing_of_a_call_tells_who_called_or_what_it_was_about() -> None:
    candidate = Candidate(
        "m1",
        0.98765,
        (
            Evidence(EvidenceKind.LAST_DIGITS, 4.1, "The last digits fit."),
            Evidence(EvidenceKind.RECIPIENT_NUMBER, 2.0, "The number."),
        ),
        "sales",
        "en",
        "Sommer-Angebot",
    )
    question = Question(QuestionKind.LAST_DIGITS, 3)
    match = Match(Decision.SURE, Assurance.L2, 0.01235, (candidate, candidate), True, question)
    answered = WebhookAnswered(
        {
            "tier": "gold",
            "name": "Erika Muster",
            "orders": 3,
            "balance": 1850,
            "vip": True,
            "iban": ["DE02"],
            "no": None,
            "+491713920011": True,
            "n491713920011": True,
            "a1_b2": {"Erika Muster": 1, "open": 2},
        }
    )
    about = About({"title": "Sommer-Angebot"}, {"name": "Erika Muster"})
    started = CallStarted("asterisk", Caller("+4930231250", attestation=Attestation.FULL), "+4930", 5.0, "trunk-1")
    event, answers = kept(started, MatchesFound(match, about), answered, CodeChecked(True))
    assert event == CallStarted("asterisk", Caller("+4900000000", attestation=Attestation.FULL), "+4930", 5.0)
    fits = (Evidence(EvidenceKind.LAST_DIGITS, 1.0, ""),)
    decided = Match(Decision.SURE, Assurance.L2, 0.012, (Candidate("", 0.988, fits, "sales", "en"),), True, question)
    assert answers == (
        MatchesFound(decided),
        WebhookAnswered(
            {"tier": "gold", "name": "…", "orders": 3, "balance": "…", "vip": True, "iban": "…", "no": None}
            | {"a1_b2": {"open": 2}}
        ),
        CodeChecked(True),
    )
    assert kept(CallStarted("asterisk", WITHHELD))[0] == CallStarted("asterisk", WITHHELD)
    assert kept(RecordingEnded("https://x/1", 3.0, "Rufen Sie mich an"))[0] == RecordingEnded("…", 3.0, "…")
    assert kept(RecordingEnded(None, 0.0))[0] == RecordingEnded(None, 0.0)


def test_of_readings_is_kept_how_likely_and_how_long_they_are_and_where_they_differ() -> None:
    readings = (Reading("sechs drei null fünf sieben", 0.6), Reading("6 3 0 2 7", 0.3), Reading("6305", 0.1))
    event, _ = kept(SpeechHeard("sechs drei null fünf sieben", readings, "whisper", "recording-1"))
    masked = (Reading("00000", 0.6), Reading("00010", 0.3), Reading("0000", 0.1))
    assert isinstance(event, SpeechHeard)
    assert [(each.text.replace("2", "1"), each.weight) for each in event.readings] == [
        (each.text, each.weight) for each in masked
    ]
    assert (event.recogniser, event.recording) == ("whisper", None)
    assert all(is_masked(each.text) for each in event.readings)


@given(
    st.lists(st.text("123456789", min_size=3, max_size=14), min_size=1, max_size=5, unique=True),
    st.permutations("123456789"),
)
def test_nothing_that_is_kept_of_a_number_depends_on_its_digits(said: list[str], digits: list[str]) -> None:
    others = [each.translate(str.maketrans("123456789", "".join(digits))) for each in said]
    events = []
    for numbers in said, others:
        readings = tuple(Reading(each, 0.9 / (place + 1)) for place, each in enumerate(numbers))
        events.append(kept(SpeechHeard(numbers[0], readings, "whisper"))[0])
    assert events[0] == events[1]


def test_a_no_before_another_number_is_kept() -> None:
    event, _ = kept(SpeechHeard("nein, 6305", (Reading("nein, 6305", 0.7),), "twilio"))
    assert event == SpeechHeard("nein 0000", (Reading("nein 0000", 0.7),), "twilio")
