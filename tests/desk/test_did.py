"""What the caller did before the queue is told in words, without numbers, codes, or what was said."""

from __future__ import annotations

import pytest

from router.core.events import WITHHELD
from router.core.match import NO_MATCH, Match
from router.desk.did import MOST, did
from router.engine.session import Session, Trace
from router.web.pages import as_words
from router.web.texts import ALL, Texts
from tests.agents.house import START


def session(*traces: tuple[str, str], inputs: dict[str, str] | None = None, chosen: bool = False) -> Session:
    made = tuple(Trace(START, f"ask_{kind}", kind, note) for kind, note in traces)
    return Session(
        "c", "f", "r", "asterisk", WITHHELD, None, "en", trace=made, inputs=inputs or {}, language_chosen=chosen
    )


def said(made: Session, match: Match | None = NO_MATCH) -> list[str]:
    texts = Texts("en")
    return [
        texts(f"did.{each.what}", **{name: as_words(text) for name, text in each.values.items()})
        for each in did(made, match)
    ]


@pytest.mark.parametrize(
    ("kind", "note", "words"),
    [
        ("menu", "key 2", "Pressed 2 in the menu “Ask menu”"),
        ("menu", "speech", "Answered in words in the menu “Ask menu”"),
        ("menu", "no input; tries used up", "Chose nothing in the menu “Ask menu”"),
        ("collect", "8 digits", "Keyed in 8 digits at “Ask collect”"),
        ("verify", "right code", "Gave the right one-time code"),
        ("send_message", "on its way", "Was sent a link by text message"),
        ("callback", "kept", "Arranged a callback"),
        ("voicemail", "23 s recorded", "Left a voicemail of 23 seconds"),
        ("hours", "opening: closed", "Called outside opening hours"),
        ("hours", "opening: closed on 2026-11-29 at 11:00", "Called outside opening hours"),
        ("match", "with a code", "Keyed in a callback code that is not valid"),
    ],
)
def test_each_step_has_words(kind: str, note: str, words: str) -> None:
    assert said(session((kind, note))) == [words]


@pytest.mark.parametrize(
    ("kind", "note"), [("menu", "key 2; asked again"), ("hours", "opening: open"), ("branch", "x == 1"), ("say", "")]
)
def test_what_says_nothing_of_the_caller_is_left_out(kind: str, note: str) -> None:
    assert said(session((kind, note))) == []


def test_what_was_answered_is_told_but_for_numbers() -> None:
    answers = {"about_message": "yes", "topic": "power", "reference": "AB482139", "last_digits": "139", "code": "4821"}
    made = session(("match", "with what was answered"), inputs=answers)
    assert said(made) == ["Said it is about a message from us", "Chose the topic: Power"]
    assert "139" not in repr(did(made, NO_MATCH)) and "4821" not in repr(did(made, NO_MATCH))


def test_the_latest_steps_are_shown() -> None:
    assert len(said(session(*(("menu", "key 1") for _ in range(50))))) == MOST


def test_the_language_the_caller_chose() -> None:
    (first, _) = did(session(("menu", "key 2"), chosen=True), None)
    assert (first.what, first.values) == ("language", {"language": "en"})
    assert f"did.{first.what}.en" in ALL
