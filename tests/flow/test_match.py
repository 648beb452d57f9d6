"""What a `match` step asks by itself, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.assurance import Assurance
from router.core.commands import AskDigits, FindMatches
from router.core.events import (
    Caller,
    DigitsEntered,
    Event,
    InputTimedOut,
    SpeechHeard,
)
from router.core.match import NO_MATCH, Candidate, Decision, Evidence, EvidenceKind, Match, Question, QuestionKind
from router.engine.session import session_to_json
from router.engine.step import MOST_STEPS
from router.flow.files import check
from router.flow.graph import mermaid
from router.flow.nodes import asking
from router.matching import codes
from tests.flow.matched import MatchedCall

SOURCE = """
version: 1
name: asking
languages: [de, en]
start: find
prompts:
  about: {de: Zu einer Nachricht?, en: About a message?}
  topic: {de: Strom oder Gas?, en: Power or gas?}
  two: {de: Zwei Ziffern?, en: Two digits?}
  three: {de: Drei Ziffern?, en: Three digits?}
  code: {de: Ihr Code?, en: Your code?}
  invalid: {de: Unbekannt., en: Unknown.}
  changed: {de: Deutsch., en: English.}
  sure: {de: sicher, en: sure}
  likely: {de: wahrscheinlich, en: likely}
  unclear: {de: unklar, en: unclear}
  none: {de: niemand, en: nobody}
steps:
  find:
    type: match
    ask:
      about_message: about
      topic: {text: topic, keys: {"1": power, "2": gas}, words: {power: [Strom], gas: [Gas, Erdgas]}}
      last_digits: {2: two, 3: three}
      code: code
    invalid: invalid
    keys: {"*": other}
    sure: sure
    likely: likely
    unclear: unclear
    none: none
  other: {type: branch, cases: [{if: language == "de", next: english}], otherwise: german}
  english: {type: say, language: en, text: changed, next: find}
  german: {type: say, language: de, text: changed, next: find}
  sure: {type: hangup, text: sure}
  likely: {type: hangup, text: likely}
  unclear: {type: hangup, text: unclear}
  none: {type: hangup, text: none}
"""
FLOW = check(SOURCE, "asking.yaml")
NUMBER = Caller("+4930231250011")

ABOUT = Question(QuestionKind.ABOUT_MESSAGE, 1)
TOPIC = Question(QuestionKind.TOPIC, 1, ("power", "gas"))
TWO, THREE, FOUR = (Question(QuestionKind.LAST_DIGITS, digits) for digits in (2, 3, 4))
CODE = Question(QuestionKind.CODE, 10)
POWER, GAS, LAST_THREE, SILENCE = DigitsEntered("1"), DigitsEntered("2"), DigitsEntered("139"), InputTimedOut()
A_CODE = DigitsEntered("4821391234")


def found(
    decision: str, question: Question | None = None, *, code: bool | None = None, fits: Sequence[EvidenceKind] = ()
) -> Match:
    evidence = tuple(Evidence(kind, 3.0, "it fits") for kind in fits)
    candidates = (Candidate("m1", 0.5, evidence, language="en"), Candidate("m2", 0.4, ()))
    return Match(Decision(decision), Assurance.L1, 0.1, candidates, code, question)


UNCLEAR, NONE, SURE = found("unclear"), found("none"), found("sure")


class Call(MatchedCall):
    def __init__(self, *matches: Match, source: str = SOURCE) -> None:
        super().__init__(check(source, "asking.yaml"), NUMBER, *matches)

    @property
    def could_ask(self) -> list[tuple[QuestionKind, int]]:
        """What the house was told last that it may choose from."""
        return [(question.kind, question.digits) for question in self.asked[-1].questions]


def test_the_question_that_matching_names_is_put_and_the_answer_weighed() -> None:
    call = Call(found("unclear", TOPIC), SURE)
    assert call.hears == ["Strom oder Gas?"]
    assert call.asked[0] == FindMatches(questions=(ABOUT, TOPIC, TWO, THREE, CODE), topics=("power", "gas"))
    call.happens(GAS)
    assert call.asked[1].topic == "gas"
    assert call.hears == ["sure"]


@pytest.mark.parametrize("decision", ["sure", "likely"])
def test_nothing_is_asked_where_the_flow_does_not_want_it(decision: str) -> None:
    assert Call(found(decision, TOPIC)).hears in (["sure"], ["wahrscheinlich"])


def test_a_flow_may_ask_where_the_match_is_only_likely() -> None:
    source = SOURCE.replace("    invalid: invalid\n", "    ask_when: [likely]\n")
    assert Call(found("likely", THREE), source=source).hears == ["Drei Ziffern?"]
    assert Call(found("unclear", THREE), source=source).hears == ["unklar"]


def test_where_no_question_is_worth_it_none_is_put() -> None:
    assert Call(UNCLEAR).hears == ["unklar"]
    assert Call(NO_MATCH).hears == ["niemand"]


def test_a_question_that_the_flow_has_no_words_for_is_not_put() -> None:
    assert Call(found("unclear", FOUR)).hears == ["unklar"]


@pytest.mark.parametrize(
    ("question", "event", "answer"),
    [
        (ABOUT, DigitsEntered("1"), {"about_message": "yes"}),
        (ABOUT, DigitsEntered("2"), {"about_message": "no"}),
        (ABOUT, SpeechHeard("Ja, genau."), {"about_message": "yes"}),
        (ABOUT, SpeechHeard("no"), {"about_message": "no"}),
        (ABOUT, DigitsEntered(""), {"about_message": ""}),
        (ABOUT, A_CODE, {"code": "4821391234"}),
        (ABOUT, SILENCE, {"about_message": ""}),
        (TOPIC, POWER, {"topic": "power"}),
        (TOPIC, SpeechHeard("Es geht um Erdgas."), {"topic": "gas"}),
        (TOPIC, SpeechHeard("2"), {"topic": "gas"}),
        (TOPIC, SpeechHeard("zwei"), {"topic": "gas"}),
        (TOPIC, A_CODE, {"code": "4821391234"}),
        (TOPIC, SpeechHeard("vier acht zwei, eins drei neun, 1234"), {"code": "4821391234"}),
        (TOPIC, DigitsEntered(""), {"topic": ""}),
        (TOPIC, SILENCE, {"topic": ""}),
        (THREE, LAST_THREE, {"last_digits": "139"}),
        (THREE, SpeechHeard("eins drei neun"), {"last_digits": "139"}),
        (THREE, DigitsEntered(""), {"last_digits": ""}),
        (THREE, A_CODE, {"reference": "4821391234", "code": "4821391234", "spoken": True}),
        (THREE, SpeechHeard("2139"), {"last_digits": "2139"}),
        (THREE, SpeechHeard("8 2 1 3 9"), {"reference": "82139", "spoken": True}),
        (THREE, SpeechHeard("4821391234"), {"reference": "4821391234", "code": "4821391234", "spoken": True}),
        (CODE, A_CODE, {"code": "4821391234"}),
        (CODE, SpeechHeard("vier acht zwei, eins drei neun, 1234"), {"code": "4821391234"}),
        (CODE, SILENCE, {"code": ""}),
    ],
)
def test_answers(question: Question, event: Event, answer: dict[str, str]) -> None:
    call = Call(found("unclear", question), SURE).happens(event)
    asked = call.asked[1]
    given = {name: getattr(asked, name) for name in ("about_message", "topic", "last_digits", "code", "reference")}
    assert {name: value for name, value in given.items() if value is not None} | (
        {"spoken": True} if asked.spoken else {}
    ) == answer


@pytest.mark.parametrize(
    ("question", "event"),
    [
        (ABOUT, DigitsEntered("3")),
        (ABOUT, SpeechHeard("ja oder nein")),
        (TOPIC, DigitsEntered("7")),
        (TOPIC, SpeechHeard("Strom und Gas")),
        (TOPIC, SpeechHeard("ja")),
        (THREE, DigitsEntered("13")),
        (THREE, DigitsEntered("1*3")),
        (CODE, DigitsEntered("48213")),
    ],
)
def test_what_cannot_be_used_is_asked_for_once_more_and_counts(question: Question, event: Event) -> None:
    call = Call(found("unclear", question), UNCLEAR)
    first = call.hears
    call.happens(event)
    assert call.hears == ["Unbekannt.", *first]
    assert len(call.asked) == 1
    call.happens(event)
    assert getattr(call.asked[1], question.kind.value) == "", "asked, and nothing came"
    assert call.session.asked == {} or call.session.asked["find"].questions == 2


def test_an_answered_question_is_offered_no_more_but_a_mistyped_code_is() -> None:
    call = Call(found("unclear", THREE), found("unclear", TOPIC), found("unclear", CODE))
    call.happens(SILENCE)
    assert call.could_ask == [(QuestionKind.ABOUT_MESSAGE, 1), (QuestionKind.TOPIC, 1), (QuestionKind.CODE, 10)]
    call.happens(POWER)
    assert call.could_ask == [(QuestionKind.ABOUT_MESSAGE, 1), (QuestionKind.CODE, 10)]
    call.matches = [found("unclear", code=False)]
    call.happens(A_CODE)
    assert call.could_ask == [(QuestionKind.ABOUT_MESSAGE, 1), (QuestionKind.CODE, 10)]
    assert call.hears == ["unklar"], "three questions were put"


def test_an_answered_question_is_not_put_again_whatever_matching_says() -> None:
    assert Call(found("unclear", THREE), found("unclear", TWO)).happens(LAST_THREE).hears == ["unklar"]
    assert Call(found("none", CODE), found("none", CODE)).happens(SILENCE).hears == ["niemand"]
    assert Call(found("none", CODE), found("unclear", CODE, code=True)).happens(A_CODE).hears == ["unklar"]


def test_a_code_that_is_none_of_ours_is_asked_for_until_the_tries_are_used_up() -> None:
    wrong = found("none", code=False)
    call = Call(found("none", CODE), wrong, wrong, wrong)
    for _ in range(2):
        assert call.happens(A_CODE).hears == ["Unbekannt.", "Ihr Code?"]
    assert call.happens(A_CODE).hears == ["niemand"]
    assert call.session.trace[-2].note == "none, L1, 2 candidates"


def test_silence_after_a_wrong_code_leaves_what_was_found_as_it_is() -> None:
    call = Call(found("none", CODE), found("none", CODE, code=False)).happens(A_CODE, SILENCE)
    assert call.hears == ["niemand"]
    assert len(call.asked) == 2
    assert call.session.match is not None
    assert call.session.match.code_accepted is False


@pytest.mark.parametrize(
    ("after", "hears"),
    [
        (found("none", CODE), ["Unbekannt.", "Ihr Code?"]),
        (found("unclear", CODE, fits=[EvidenceKind.LAST_DIGITS]), ["Ihr Code?"]),
        (found("unclear", CODE, fits=[EvidenceKind.RECIPIENT_NUMBER]), ["Unbekannt.", "Ihr Code?"]),
    ],
)
def test_digits_that_fit_nothing_are_told_before_the_next_question(after: Match, hears: list[str]) -> None:
    assert Call(found("unclear", THREE), after).happens(LAST_THREE).hears == hears


def test_nothing_is_said_to_be_wrong_of_a_topic_or_of_silence() -> None:
    assert Call(found("unclear", TOPIC), found("unclear", THREE)).happens(GAS).hears == ["Drei Ziffern?"]
    assert Call(found("unclear", THREE), found("unclear", CODE)).happens(SILENCE).hears == ["Ihr Code?"]


def test_the_language_may_be_changed_in_the_middle_of_a_question() -> None:
    call = Call(found("unclear", TOPIC), found("unclear", THREE), found("none", CODE), NONE).happens(GAS)
    for languages in ("English.", "Three digits?"), ("Deutsch.", "Drei Ziffern?"), ("English.", "Three digits?"):
        assert call.happens(DigitsEntered("*")).hears == list(languages)
    assert len(call.asked) == 2, "nothing new is known, so nothing is weighed"
    call.happens(LAST_THREE)
    assert (call.asked[2].topic, call.asked[2].last_digits) == ("gas", "139")
    assert call.hears == ["Unknown.", "Your code?"], "coming back used up no question"
    assert call.happens(SILENCE).hears == ["nobody"]


def test_whoever_changes_the_language_for_ever_ends_with_a_person() -> None:
    call = Call(found("unclear", TOPIC))
    turns = 0
    while call.session.step != "human":
        call.happens(DigitsEntered("*"))
        turns += 1
        assert turns <= MOST_STEPS


def test_a_step_that_a_flow_comes_back_to_has_no_more_questions_than_before() -> None:
    menu = """unclear: {type: menu, text: unclear, options: {"1": {next: find}}, otherwise: none}"""
    source = SOURCE.replace("unclear: {type: hangup, text: unclear}", menu)
    call = Call(found("unclear", TOPIC), found("unclear", THREE), found("unclear", CODE), UNCLEAR, source=source)
    call.happens(SILENCE, SILENCE, SILENCE)
    assert call.hears == ["unklar"]
    call.matches = [found("unclear", CODE)]
    assert call.happens(DigitsEntered("1")).hears == ["unklar"]
    assert (call.asked[-1].topic, call.asked[-1].last_digits, call.asked[-1].code) == ("", "", "")


def test_a_code_collected_before_counts_and_may_be_mistyped() -> None:
    collect = (
        "  collect: {type: collect, text: code, into: typed, next: find}\n  find:\n    type: match\n    code: typed\n"
    )
    source = SOURCE.replace("start: find", "start: collect").replace("  find:\n    type: match\n", collect)
    call = Call(found("none", CODE, code=False), SURE, source=source).happens(DigitsEntered("1111111111"))
    assert call.asked[0].code == "1111111111"
    assert call.hears == ["Ihr Code?"]
    call.happens(A_CODE)
    assert call.asked[1].code == "4821391234"


def test_a_step_without_ask_asks_nothing_and_offers_nothing() -> None:
    source = """
version: 1
name: asking
languages: [de]
start: find
steps:
  find: {type: match, sure: bye, likely: bye, unclear: bye, none: bye}
  bye: {type: hangup, text: {de: Tschüss.}}
"""
    call = Call(found("unclear", CODE), source=source)
    assert call.asked == [FindMatches()]
    assert call.hears == ["Tschüss."]


def test_the_language_is_the_customers_where_the_match_is_sure_and_only_then() -> None:
    assert Call(found("unclear", TOPIC)).session.language == "de"
    assert Call(SURE).session.language == "en"


@pytest.mark.parametrize("question", [TOPIC, THREE, CODE])
def test_as_many_keys_are_taken_as_the_question_wants(question: Question) -> None:
    asked = Call(found("unclear", question)).commands[-1]
    assert isinstance(asked, AskDigits)
    assert asked.max_digits == question.digits
    assert asked.max_digits + asked.more_digits == (10 if question is CODE else 14), "a tel link dials the code into it"
    assert asked.speech
    assert (asked.first_timeout, asked.next_timeout) == (6, 4)


def test_without_a_question_for_the_code_nobody_dials_one() -> None:
    asked = Call(found("unclear", TOPIC), source=SOURCE.replace("      code: code\n", "")).commands[-1]
    assert isinstance(asked, AskDigits)
    assert asked.more_digits == 0


def test_without_words_nobody_listens_for_a_topic() -> None:
    asked = Call(found("unclear", TOPIC), source=SOURCE.replace(", words: {power: [Strom], gas: [Gas, Erdgas]}", ""))
    assert isinstance(asked.commands[-1], AskDigits)
    assert not asked.commands[-1].speech


def test_what_was_answered_goes_with_the_call_and_never_gets_into_the_trace() -> None:
    call = Call(found("unclear", THREE), found("none", CODE), NONE).happens(
        DigitsEntered("739"), DigitsEntered("4821397")
    )
    assert call.session.ended
    assert call.session.inputs == {}
    assert not any(secret in session_to_json(call.session) for secret in ("739", "4821397"))


def test_a_branch_can_look_at_what_was_answered() -> None:
    split = '  split: {type: branch, cases: [{if: inputs.topic == "gas", next: likely}], otherwise: unclear}\n'
    source = SOURCE.replace("unclear: unclear", "unclear: split").replace("  other: {", split + "  other: {")
    assert Call(found("unclear", TOPIC), UNCLEAR, source=source).happens(GAS).hears == ["wahrscheinlich"]
    assert Call(found("unclear", TOPIC), UNCLEAR, source=source).happens(POWER).hears == ["unklar"]


def test_the_graph_shows_what_is_asked() -> None:
    assert 'find["find<br/><i>match</i><br/>asks for about message, topic, last digits, code"]' in mermaid(FLOW)
    assert 'find -->|"*"| other' in mermaid(FLOW)


def test_codes_are_taken_in_any_length_that_we_issue() -> None:
    assert (asking.SHORTEST_CODE, asking.LONGEST_CODE) == (codes.SHORTEST, codes.LONGEST)


EVENTS = st.one_of(
    st.text("0123456789*", max_size=14).map(DigitsEntered),
    st.sampled_from(["eins zwei drei", "Strom", "nein", "4821391234", "Stern"]).map(SpeechHeard),
    st.just(InputTimedOut()),
)
MATCHES = st.builds(
    found,
    st.sampled_from(["unclear", "none"]),
    st.sampled_from([TOPIC, TWO, THREE, FOUR, CODE, None]),
    code=st.sampled_from([None, True, False]),
)


@given(st.lists(EVENTS, max_size=12), st.lists(MATCHES, min_size=20, max_size=20))
def test_no_caller_is_asked_for_ever(events: list[Event], matches: list[Match]) -> None:
    call = Call(*matches)
    put = 0
    for event in events:
        if call.session.ended:
            break
        if event != DigitsEntered("*") and event != SpeechHeard("Stern"):
            put += 1
        call.happens(event)
    assert put <= 3 * 3, "three questions, each said twice and then keyed in"
    assert not any(note.note.startswith("failed") for note in call.session.trace)
