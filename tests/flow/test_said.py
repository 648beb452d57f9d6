"""A ``match`` step that asks for the reference: what is said is read back, asked for in part, again, and by keys."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.assurance import Assurance
from router.core.commands import AskDigits
from router.core.events import (
    WITHHELD,
    DigitsEntered,
    Event,
    InputTimedOut,
    SpeechHeard,
    SpeechLost,
)
from router.core.hearing import Expected, Heard, Listening, Part, Reading, Understood, Verdict
from router.core.match import Candidate, Decision, Match, Question, QuestionKind
from router.engine.session import session_to_json
from router.engine.step import NotAccepted
from router.flow.files import check
from router.flow.model import Flow
from tests.flow.matched import MatchedCall

SOURCE = """
version: 1
name: said
languages: [de, en]
start: find
prompts:
  reference: {de: Ihre Referenz?, en: Your reference?}
  code: {de: Ihr Code?, en: Your code?}
  invalid: {de: Unbekannt., en: Unknown.}
  sure: {de: sicher, en: sure}
  none: {de: niemand, en: nobody}
steps:
  find:
    type: match
    ask: {reference: reference, code: code}
    invalid: invalid
    keys: {"*": english}
    sure: sure
    likely: sure
    unclear: none
    none: none
  english: {type: say, language: en, text: sure, next: find}
  sure: {type: hangup, text: sure}
  none: {type: hangup, text: none}
"""
COLLECTS = """
version: 1
name: said
languages: [de]
start: number
steps:
  number: {type: collect, text: {de: Ihre Nummer?}, into: number, min_digits: 6, next: one, none: none, otherwise: one}
  one: {type: hangup, text: {de: sicher}}
  none: {type: hangup, text: {de: niemand}}
"""
REFERENCE, CODE = Question(QuestionKind.REFERENCE, 14), Question(QuestionKind.CODE, 10)
SILENCE, LOST = InputTimedOut(), SpeechLost()
YES, NO = DigitsEntered("1"), DigitsEntered("2")

CONFIRM = "Ich habe verstanden: 6 3 0, 5 7 4, 1 2. Ist das richtig? Ja oder 1, nein oder 2."
AGAIN = "Das habe ich nicht sicher verstanden. Bitte noch einmal, Ziffer für Ziffer, oder tippen Sie die Nummer ein."
LAST_THREE = "Bitte nur noch einmal die letzten drei Stellen, gesprochen oder getippt."
KEYS = "Bitte tippen Sie die Nummer jetzt auf den Tasten Ihres Telefons ein."
CANNOT_HEAR = "Ich kann Sie gerade leider nicht gut hören. Bitte nehmen Sie die Tasten Ihres Telefons."
NUMBER = "63057412"


def said(*texts: str, weight: float = 0.6) -> SpeechHeard:
    readings = tuple(Reading(text, weight / (at + 1)) for at, text in enumerate(texts))
    return SpeechHeard(texts[0], readings, "whisper")


def found(verdict: str | None = None, decision: str = "none", *, part: Part | None = None, ask: bool = False) -> Match:
    """What matching makes of it."""
    understood = Understood(Verdict(verdict), NUMBER, part) if verdict else None
    candidates = (Candidate("m1", 0.9, ()),) if decision != "none" else ()
    return Match(
        Decision(decision), Assurance.L1, 0.1, candidates, None, REFERENCE if ask else None, understood=understood
    )


ASKS = found(ask=True)
READ_BACK, IN_PART = found("confirm"), found("part", part=Part("last", 3))
UNHEARD, TAKEN = found("again"), found("accept", "sure")


@cache
def _flow(source: str) -> Flow:
    return check(source, "said.yaml")


class Call(MatchedCall):
    """Of a withheld caller."""

    def __init__(self, *matches: Match, source: str = SOURCE, first: Match = ASKS) -> None:
        super().__init__(_flow(source), WITHHELD, first, *matches)

    @property
    def asks(self) -> AskDigits:
        asked = self.commands[-1]
        assert isinstance(asked, AskDigits)
        return asked


def test_the_number_is_listened_for_and_may_be_keyed_in() -> None:
    call = Call()
    assert call.hears == ["Ihre Referenz?"]
    assert (call.asks.speech, call.asks.max_digits) == (True, 14)
    assert call.asks.listening == Listening(Expected.DIGITS, 4, 14)


def test_what_was_heard_is_weighed_with_all_its_readings_and_taken_where_the_evidence_is_overwhelming() -> None:
    call = Call(TAKEN).happens(said("6 3 0 5 7 4 1 2", "6 2 0 5 7 4 1 2"))
    assert call.asked[1].heard == (Heard((Reading(NUMBER, 0.6), Reading("62057412", 0.3)), "whisper", "de"),)
    assert (call.asked[1].reference, call.asked[1].confirmed) == (None, None)
    assert call.hears == ["sicher"]


def test_a_number_in_doubt_is_read_back_and_counts_when_the_caller_says_yes() -> None:
    for yes in (YES, SpeechHeard("Ja, genau."), said("äh", "ja")):
        call = Call(READ_BACK, TAKEN).happens(said("63057412"))
        assert call.hears == [CONFIRM]
        assert (call.asks.max_digits, call.asks.speech) == (1, True)
        assert call.asks.listening.expected is Expected.WORDS
        assert "ja" in call.asks.listening.words
        call.happens(yes)
        assert (call.asked[2].confirmed, call.asked[2].refused) == (NUMBER, ())
        assert call.asked[2].code == NUMBER, "it may be the code as well"
        assert call.hears == ["sicher"]


def test_a_number_refused_is_weighed_out_and_another_one_read_back_or_asked_for_again() -> None:
    for no in (NO, SpeechHeard("Nein.")):
        call = Call(READ_BACK, READ_BACK, UNHEARD).happens(said("63057412"), no)
        assert (call.asked[2].refused, len(call.asked[2].heard)) == ((NUMBER,), 1)
        assert call.hears == [CONFIRM]
        assert call.happens(no).hears == [AGAIN]


def test_a_caller_may_correct_what_was_read_back() -> None:
    call = Call(READ_BACK, READ_BACK).happens(said("63057412"), said("Nein, 6 2 0 5 7 4 1 2"))
    assert call.asked[2].refused == (NUMBER,)
    assert [heard.readings[0].text for heard in call.asked[2].heard] == [NUMBER, "62057412"]


def test_only_the_part_in_doubt_is_asked_for_and_both_hearings_count() -> None:
    for answer, recogniser in ((said("4 1 2"), "whisper"), (DigitsEntered("412"), "keys")):
        call = Call(IN_PART, TAKEN).happens(said("63057412", "63057442"))
        assert call.hears == [LAST_THREE]
        assert (call.asks.max_digits, call.asks.listening) == (3, Listening(Expected.DIGITS, 3, 3))
        call.happens(answer)
        whole, part = call.asked[2].heard
        assert (whole.part, part.part, part.recogniser) == (None, Part("last", 3), recogniser)
        assert part.readings[0].text == "412"
        assert call.hears == ["sicher"]


def test_after_two_spoken_tries_it_is_keyed_in() -> None:
    call = Call(UNHEARD, UNHEARD, TAKEN).happens(said("4 4 4 4"))
    assert call.hears == [AGAIN]
    assert call.happens(said("5 5 5 5")).hears == [KEYS]
    assert not call.asks.speech
    call.happens(DigitsEntered(NUMBER))
    assert (call.asked[3].reference, call.asked[3].code, call.asked[3].heard) == (NUMBER, NUMBER, ())
    assert call.hears == ["sicher"]


def test_then_comes_a_person_with_what_was_heard() -> None:
    call = Call(UNHEARD, UNHEARD, found()).happens(said("4 4 4 4"), said("5 5 5 5"), SILENCE)
    assert call.hears == ["niemand"]
    assert [heard.readings[0].text for heard in call.asked[3].heard] == ["4444", "5555"]
    assert call.asked[3].reference is None, "what was heard says more than that nothing was keyed in"


def test_words_without_a_number_are_a_try() -> None:
    call = Call().happens(said("guten Tag, hier ist Meier"))
    assert (call.hears, len(call.asked)) == ([AGAIN], 1)
    assert call.happens(said("hm")).hears == [KEYS]


@pytest.mark.parametrize("event", [SILENCE, DigitsEntered(""), SpeechHeard("Nein"), said("weiß ich nicht")])
def test_a_caller_without_a_number_is_not_pressed(event: Event) -> None:
    call = Call(found()).happens(event)
    assert call.asked[1].reference == ""
    assert call.hears == ["niemand"]


@pytest.mark.parametrize(
    "text",
    [
        "Ich habe keine Nummer.", "Äh, keine Ahnung", "I don't have one", "I don't know", "I can't find it", "none",
        "Ich möchte mit einem Menschen sprechen", "einen Mitarbeiter bitte", "Can I speak to a person", "operator",
    ],
)  # fmt: skip
def test_nor_is_one_who_says_so_or_wants_a_person(text: str) -> None:
    lettered = found(ask=True)
    lettered = replace(lettered, question=replace(REFERENCE, letters=True))
    for first in (ASKS, lettered):
        call = Call(found(), first=first).happens(said(text))
        assert call.asked[1].reference == ""
        assert call.hears == ["niemand"]
    collected = Call(source=COLLECTS).happens(said(text))
    assert collected.hears == ["niemand"]


def test_a_number_that_is_said_counts_whatever_is_said_beside_it() -> None:
    call = Call(READ_BACK).happens(said("Einen Kundenberater, ich habe keine andere Nummer als 6 3 0 5 7 4 1 2"))
    assert call.hears == [CONFIRM]


def test_who_wants_a_person_gets_one_when_a_number_is_read_back() -> None:
    call = Call(READ_BACK, found()).happens(said("63057412"), said("Geben Sie mir bitte einen Mitarbeiter"))
    assert call.hears == ["niemand"]
    assert call.asked[2].confirmed is None
    assert Call(READ_BACK).happens(said("63057412"), said("keine Ahnung")).hears == [CONFIRM]


def test_keys_are_an_answer_at_any_moment() -> None:
    assert Call(TAKEN).happens(DigitsEntered(NUMBER)).hears == ["sicher"]
    assert Call(TAKEN).happens(DigitsEntered("4711")).asked[1].reference == "4711", "a short one, too"
    assert Call(UNHEARD, TAKEN).happens(said("4 4 4 4"), DigitsEntered(NUMBER)).hears == ["sicher"]


def test_what_was_read_back_is_asked_twice_at_most() -> None:
    call = Call(READ_BACK, found("confirm", "unclear")).happens(said("63057412"), SILENCE)
    assert call.hears == [CONFIRM]
    assert call.happens(SILENCE).hears == ["niemand"]
    assert call.asked[2].confirmed is None
    call = Call(READ_BACK).happens(said("63057412"), DigitsEntered("7"))
    assert call.hears == [CONFIRM]
    assert call.happens(said("wie bitte")).hears == [KEYS]


@pytest.mark.parametrize(
    ("until", "hears"),
    [
        ([], [CANNOT_HEAR, KEYS]),
        ([said("63057412")], [CANNOT_HEAR, CONFIRM]),
    ],
)
def test_speech_that_is_lost_is_asked_for_by_keys(until: list[Event], hears: list[str]) -> None:
    call = Call(READ_BACK, TAKEN).happens(*until, LOST)
    assert call.hears == hears
    assert not call.asks.speech
    with pytest.raises(NotAccepted):
        call.happens(LOST)


def test_another_language_asks_on_where_it_stood() -> None:
    call = Call(READ_BACK, TAKEN).happens(said("63057412"), DigitsEntered("*"))
    assert call.hears == ["sure", "I understood: 6 3 0, 5 7 4, 1 2. Is that right? Yes or 1, no or 2."]
    assert call.happens(SpeechHeard("yes")).hears == ["sure"]


@pytest.mark.parametrize("decision", ["sure", "likely"])
def test_nobody_is_asked_again_where_the_match_is_good_enough_without(decision: str) -> None:
    for verdict in ("part", "again"):
        assert Call(found(verdict, decision, part=Part("last", 3))).happens(said("4444")).hears == ["sicher"]
    assert Call(found("confirm", decision)).happens(said("63057412")).hears == [CONFIRM]


def test_a_flow_may_read_back_always_or_never() -> None:
    always = SOURCE.replace("    invalid: invalid", "    invalid: invalid\n    confirm: always")
    assert Call(TAKEN, source=always).happens(said("63057412")).hears == [CONFIRM]
    never = always.replace("always", "never")
    call = Call(found("confirm", "unclear"), source=never).happens(said("63057412"))
    assert call.hears == ["niemand"], "what is in doubt is not taken: the match decides as it stands"


def test_a_flow_may_have_words_of_its_own() -> None:
    say = """    invalid: invalid
    say:
      confirm: {de: "Also {{ number }}?", en: "So {{ number }}?"}
      part: {de: "Nur {{ part }}?", en: "Just {{ part }}?"}
      again: {de: Nochmal?, en: Again?}
      keys: {de: Tippen?, en: Keys?}
      lost: {de: Taub., en: Deaf.}
"""
    source = SOURCE.replace("    invalid: invalid\n", say)
    assert Call(READ_BACK, source=source).happens(said("63057412")).hears == ["Also 6 3 0, 5 7 4, 1 2?"]
    assert Call(IN_PART, source=source).happens(said("63057412")).hears == ["Nur die letzten drei Stellen?"]
    call = Call(UNHEARD, UNHEARD, source=source).happens(said("4444"))
    assert call.hears == ["Nochmal?"]
    assert call.happens(said("5555")).hears == ["Tippen?"]
    assert Call(source=source).happens(LOST).hears == ["Taub.", "Tippen?"]


ASKS_FOR_CODE = Match(Decision.NONE, Assurance.L0, 1.0, (), None, CODE)


def test_a_code_that_is_said_is_made_certain_by_what_was_heard_alone() -> None:
    call = Call(TAKEN, first=ASKS_FOR_CODE)
    assert call.hears == ["Ihr Code?"]
    call.happens(said("48213912", "48213112"))
    assert call.hears == ["Ich habe verstanden: 4 8 2, 1 3 9, 1 2. Ist das richtig? Ja oder 1, nein oder 2."]
    call.happens(YES)
    assert call.asked[1].code == "48213912"
    assert call.hears == ["sicher"]


def test_a_clear_code_is_taken_at_once_and_one_that_is_not_understood_is_keyed_in() -> None:
    call = Call(TAKEN, first=ASKS_FOR_CODE).happens(SpeechHeard("vier acht zwei, eins drei neun"))
    assert call.asked[1].code == "482139"
    call = Call(TAKEN, first=ASKS_FOR_CODE).happens(said("guten Tag"))
    assert call.hears == ["Unbekannt.", "Ihr Code?"]
    call.happens(said("hm"))
    assert call.hears == ["Bitte nehmen Sie jetzt die Tasten Ihres Telefons.", "Ihr Code?"]
    assert not call.asks.speech
    assert call.happens(DigitsEntered("4821391234")).hears == ["sicher"]


def test_a_number_keyed_in_that_fits_nothing_is_asked_for_again() -> None:
    call = Call(found("again", ask=True), found(), found()).happens(DigitsEntered(NUMBER))
    assert call.hears == ["Unbekannt.", "Ihre Referenz?"]
    assert call.happens(DigitsEntered(NUMBER)).hears == ["Unbekannt.", "Ihre Referenz?"]
    assert call.happens(SILENCE).hears == ["niemand"]


def test_a_number_that_was_said_and_fits_nothing_is_not_asked_for_again() -> None:
    assert Call(READ_BACK, found(ask=True)).happens(said("63057412"), YES).hears == ["niemand"]


def test_nothing_that_was_said_is_left_of_a_call_that_is_over() -> None:
    call = Call(READ_BACK, TAKEN).happens(said("63057412"), YES)
    assert call.session.ended
    assert NUMBER not in session_to_json(call.session)
    assert "6 3 0" not in session_to_json(call.session)


EVENTS = st.one_of(
    st.text("0123456789#", max_size=14).map(DigitsEntered),
    st.sampled_from(["6305 7412", "412", "ja", "nein", "nein 6 2 0 5 7 4 1 2", "äh", "A 4 7 1 1"]).map(said),
    st.just(SILENCE),
    st.just(LOST),
)
MATCHES = st.builds(
    found,
    st.sampled_from([*Verdict]),
    st.sampled_from(["unclear", "none", "likely"]),
    part=st.sampled_from([Part("last", 3), Part("first", 2)]),
    ask=st.booleans(),
)


@settings(max_examples=30)
@given(st.lists(EVENTS, min_size=40, max_size=40), st.lists(MATCHES, min_size=60, max_size=60))
def test_every_talk_comes_to_an_end(events: list[Event], matches: list[Match]) -> None:
    call = Call(*matches)
    turns = 0
    for event in events:
        if call.session.ended:
            break
        if event == LOST and not call.asks.speech:
            continue
        turns += 1
        call.happens(event)
    assert call.session.ended
    assert turns <= 15
    assert not any(note.note.startswith("failed") for note in call.session.trace)
