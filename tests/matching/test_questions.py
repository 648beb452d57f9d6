"""The shortest question that settles a call, and none where none would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.events import WITHHELD, Caller
from router.core.match import Question, QuestionKind
from router.matching import questions
from router.matching.observed import MessageRow, Observed
from router.matching.rank import rank

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MOBILE = "+4917139200001"
FROM_MOBILE = Observed(Caller(MOBILE))
TOPIC = Question(QuestionKind.TOPIC, 1, ("power", "gas", "other"))
LAST = {digits: Question(QuestionKind.LAST_DIGITS, digits) for digits in (2, 3, 4)}
CODE = Question(QuestionKind.CODE, 10)
ABOUT = Question(QuestionKind.ABOUT_MESSAGE, 1)
ALL = (TOPIC, *LAST.values(), CODE)


def a_message(message_id: str = "m1", hours: float = 24, **fields: Any) -> MessageRow:
    row = MessageRow(message_id, NOW - timedelta(hours=hours), customer_id="anna", to_phone=MOBILE)
    return replace(row, **fields)


def asked(rows: list[MessageRow], observed: Observed = FROM_MOBILE, put: tuple[Question, ...] = ALL) -> Any:
    return rank(observed, rows, NOW, questions=put).question


def test_a_withheld_caller_is_asked_for_the_code_at_once() -> None:
    assert asked([], Observed(WITHHELD)) == CODE
    assert asked([a_message(reference="AB4821")], Observed(WITHHELD)) == CODE


def test_two_topics_are_told_apart_by_one_key() -> None:
    rows = [a_message("m1", topic="power"), a_message("m2", topic="gas")]
    assert asked(rows) == TOPIC


def test_one_topic_tells_nothing_apart() -> None:
    rows = [a_message("m1", topic="power", reference="AB4821"), a_message("m2", topic="power", reference="AB4877")]
    assert asked(rows) == LAST[2]


def test_more_digits_are_asked_for_only_where_fewer_do_not_tell_apart() -> None:
    rows = [a_message("m1", reference="AB48211"), a_message("m2", reference="AB49911")]
    assert asked(rows) == LAST[3]
    rows = [a_message("m1", reference="AB48211"), a_message("m2", reference="AB49211")]
    assert asked(rows) == LAST[4]


def test_without_references_nothing_shorter_than_the_code_settles_it() -> None:
    assert asked([a_message("m1"), a_message("m2")]) == CODE


def test_references_that_end_in_letters_have_no_last_digits() -> None:
    assert asked([a_message("m1", reference="48AB"), a_message("m2", reference="48CD")]) == CODE


def test_nothing_is_asked_where_it_is_settled() -> None:
    row = a_message(code_keyed=True, reference="AB4821")
    assert asked([row], replace(FROM_MOBILE, code="4821390657")) is None


def test_nothing_is_asked_twice_and_nothing_that_is_not_to_be_asked() -> None:
    rows = [a_message("m1", topic="power", reference="AB4821"), a_message("m2", topic="gas", reference="AB4877")]
    assert asked(rows, replace(FROM_MOBILE, topic="")) == LAST[2]
    assert asked(rows, replace(FROM_MOBILE, topic="", last_digits="99")) == CODE
    assert asked(rows, put=(CODE,)) == CODE
    assert asked(rows, put=()) is None
    assert asked([], replace(FROM_MOBILE, code="")) is None, "who has no code has none the second time"
    assert asked([], Observed(WITHHELD, code="4821390658")) == CODE, "a code that was mistyped may be typed again"


def test_who_has_no_reference_at_hand_is_not_asked_for_the_code() -> None:
    rows = [a_message("m1", reference="AB4821"), a_message("m2", reference="AB4877")]
    assert asked(rows, replace(FROM_MOBILE, last_digits="")) is None


def test_one_key_tells_whether_it_is_about_a_message_at_all() -> None:
    rows = [a_message("m1", hours=60)]
    assert asked(rows, put=(ABOUT, *ALL)) == ABOUT
    assert asked(rows, replace(FROM_MOBILE, about_message="no"), (ABOUT, *ALL)) is None
    assert asked(rows, replace(FROM_MOBILE, about_message=""), (ABOUT,)) is None, "it was asked before"


def test_who_calls_about_something_else_is_not_asked_for_a_code() -> None:
    assert asked([], Observed(WITHHELD, about_message="yes")) == CODE
    assert asked([], Observed(WITHHELD, about_message="no")) is None


def test_a_few_digits_are_not_asked_for_where_more_messages_carry_the_number_than_were_read() -> None:
    rows = [a_message(f"m{n}", to_phone=None, service_number="+49305", reference=f"AB{n:04}") for n in range(50)]
    observed = Observed(WITHHELD, "+49305", carriers=300)
    assert asked(rows, observed).kind is QuestionKind.LAST_DIGITS
    assert asked(rows, replace(observed, unread=250)) == CODE


@pytest.mark.parametrize("count", [0, 1, 50, 3000])
def test_any_number_of_candidates(count: int) -> None:
    rows = [a_message(f"m{n}", reference=f"AB{n:05}", topic=("power", "gas")[n % 2]) for n in range(count)]
    assert asked(rows) in (*ALL, None)


def test_whether_it_is_about_a_message_is_not_asked_where_no_message_can_be_found_any_more() -> None:
    assert asked([], Observed(WITHHELD, code=""), (ABOUT, *ALL)) is None


@given(
    rows=st.lists(
        st.tuples(
            st.floats(0.1, 4000),
            st.sampled_from(["power", "gas", None]),
            st.sampled_from(["AB4821", "AB4877", "48211", None]),
            st.booleans(),
        ),
        max_size=25,
    ),
    withheld=st.booleans(),
    about=st.sampled_from([None, "yes", "no", ""]),
    code=st.sampled_from([None, "", "4821390657"]),
    unread=st.integers(0, 3),
)
def test_what_is_not_worked_out_would_not_have_been_asked(
    rows: list[tuple[float, str | None, str | None, bool]],
    withheld: bool,
    about: Any,
    code: str | None,
    unread: int,
) -> None:
    known = [
        a_message(f"m{place}", hours, topic=topic, reference=reference, code_keyed=keyed)
        for place, (hours, topic, reference, keyed) in enumerate(rows)
    ]
    caller = WITHHELD if withheld else Caller(MOBILE)
    observed = Observed(caller, code=code, about_message=about, unread=unread)
    put = (ABOUT, *ALL, Question(QuestionKind.REFERENCE, 8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(questions, "_most", lambda *_: float("inf"))
        all_worked_out = asked(known, observed, put)
    assert asked(known, observed, put) == all_worked_out
