"""What holds of whom we name for any call and any messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import fsum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.core.assurance import Assurance
from router.core.events import WITHHELD, Attestation, Caller
from router.core.match import Decision, Question, QuestionKind
from router.matching.observed import Delivery, MessageRow, Observed
from router.matching.parameters import DEFAULT
from router.matching.rank import MOST_CANDIDATES, posterior, rank
from router.matching.references import normalise

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MOBILE, LANDLINE, OTHER = "+4917139200001", "+493023125001", "+493023125099"
FROM_LANDLINE = Observed(Caller(LANDLINE))
CODE = "4821390657"

numbers = st.sampled_from([MOBILE, LANDLINE, OTHER])
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
near = st.integers(-60 * 24 * 200, 60 * 24 * 3).map(lambda minutes: NOW + timedelta(minutes=minutes))


@st.composite
def message_rows(draw: st.DrawFn, most: int = 8) -> list[MessageRow]:
    ids = draw(st.lists(st.integers(0, 10**6), unique=True, max_size=most))
    return [
        MessageRow(
            f"m{number}",
            draw(near | moments),
            customer_id=draw(st.sampled_from([None, "anna", "ben", "cem"])),
            to_phone=draw(st.none() | numbers),
            customer_phones=draw(st.frozensets(numbers, max_size=3)),
            service_number=draw(st.sampled_from([None, "+4930555000"])),
            code_keyed=draw(st.integers(0, 9)) == 0,
            code_expires_at=draw(st.none() | near),
            valid_until=draw(st.none() | near | moments),
            language=draw(st.sampled_from([None, "de", "en"])),
            channel=draw(st.sampled_from(["sms", "email", "letter", "call", "fax"])),
            reference=draw(st.sampled_from([None, "AB4821", "AB4822", "482139", "X", "ABCDEF"])),
            topic=draw(st.sampled_from([None, "power", "gas"])),
            delivery=draw(st.none() | st.sampled_from(list(Delivery))),
            answered_at=draw(st.none() | near),
            call_to_action=draw(st.none() | st.booleans()),
            switchboard=draw(st.booleans()),
            called_at=draw(st.none() | near),
        )
        for number in ids
    ]


attestations = st.none() | st.sampled_from(list(Attestation))
callers = st.builds(Caller, st.none() | numbers, attestation=attestations) | st.just(WITHHELD)
observations = st.builds(
    Observed,
    callers,
    st.sampled_from([None, "+4930555000"]),
    st.sampled_from([None, CODE]),
    st.sampled_from([None, "de", "en"]),
    reference=st.sampled_from([None, "", "AB 4821", "AB4812", "nonsense!"]),
    spoken=st.booleans(),
    last_digits=st.sampled_from([None, "", "821", "39", "9999", "x"]),
    topic=st.sampled_from([None, "", "power", "gas", "water"]),
    carriers=st.none() | st.integers(0, 10**6),
)
CALLED_AND_ANOTHERS = [
    MessageRow("m1", NOW, customer_id="ben", called_at=NOW),
    MessageRow("m4", NOW, customer_id="anna", customer_phones=frozenset({LANDLINE})),
]
"""Ben has called from the number that Anna has on file."""
QUESTIONS = (
    Question(QuestionKind.TOPIC, 1, ("power", "gas", "other")),
    *(Question(QuestionKind.LAST_DIGITS, digits) for digits in (2, 3, 4)),
    Question(QuestionKind.CODE, 10),
)


@given(observations, message_rows(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(observed: Observed, rows: list[MessageRow], shuffler: object) -> None:
    shuffled = list(rows)
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]
    answer = rank(observed, rows, NOW, questions=QUESTIONS)
    assert rank(observed, shuffled, NOW, questions=QUESTIONS) == answer
    assert rank(observed, rows + shuffled, NOW) == rank(observed, rows, NOW), "a row twice counts once"


@given(observations, message_rows(most=30))
def test_probabilities_sum_to_one(observed: Observed, rows: list[MessageRow]) -> None:
    weighed, none_probability = posterior(observed, rows, NOW)
    assert fsum([none_probability, *(each.probability for each in weighed)]) == pytest.approx(1.0)
    assert all(0.0 <= each.probability <= 1.0 for each in weighed)
    assert len(weighed) == len(rows)
    match = rank(observed, rows, NOW)
    listed = [candidate.probability for candidate in match.candidates]
    assert listed == sorted(listed, reverse=True)
    assert len(listed) <= MOST_CANDIDATES
    assert fsum([match.none_probability, *listed]) <= 1.0 + 1e-9


def with_more_evidence(row: MessageRow, observed: Observed) -> list[MessageRow]:
    """The message with one fact more that speaks for it, or one fewer against it. Another reference has other last
    digits, so it is that only where nobody asked for these."""
    given = normalise(observed.reference or "") if observed.last_digits is None else None
    return [
        replace(row, service_number=observed.service_number),
        replace(row, code_keyed=True, code_expires_at=None),
        replace(row, to_phone=observed.caller.number or row.to_phone),
        replace(row, customer_phones=row.customer_phones | {observed.caller.number or LANDLINE}),
        replace(row, reference=given or row.reference),
        replace(row, topic=observed.topic or row.topic),
        replace(row, called_at=row.called_at or max(row.sent_at, NOW - timedelta(days=1)))
        if row.sent_at < NOW
        else row,
        replace(row, delivery=Delivery.READ),
        replace(row, call_to_action=True),
        replace(row, answered_at=None),
        replace(row, valid_until=None),
    ]


@given(observations, message_rows(), st.integers(0, 7), st.integers(0, 10))
@example(FROM_LANDLINE, CALLED_AND_ANOTHERS, 0, 3)
def test_more_evidence_never_lowers_a_candidate(
    observed: Observed, rows: list[MessageRow], which: int, more: int
) -> None:
    if not rows:
        return
    row = rows[which % len(rows)]
    better = with_more_evidence(row, observed)[more]

    def probability(which: MessageRow) -> float:
        others = [each for each in rows if each.message_id != row.message_id]
        weighed, _ = posterior(observed, [*others, which], NOW)
        return next(each.probability for each in weighed if each.row.message_id == row.message_id)

    assert probability(better) >= probability(row) - 1e-12


@given(observations, message_rows())
def test_withholding_never_reveals(observed: Observed, rows: list[MessageRow]) -> None:
    withheld = rank(replace(observed, caller=WITHHELD), rows, NOW)
    assert withheld == rank(replace(observed, caller=Caller(None)), rows, NOW)
    stripped = [
        replace(row, to_phone=None, customer_phones=frozenset(), switchboard=False, called_at=None) for row in rows
    ]
    assert withheld == rank(replace(observed, caller=WITHHELD), stripped, NOW), "no number had any part in it"
    if observed.code is None and not observed.reference:
        assert withheld.assurance is Assurance.L0
        if observed.carriers is None:
            assert withheld.decision is Decision.NONE


@given(observations, message_rows())
def test_nobody_is_named_who_does_not_lead(observed: Observed, rows: list[MessageRow]) -> None:
    match = rank(observed, rows, NOW)
    if match.best is None:
        assert match.assurance is Assurance.L0
    elif len(match.candidates) > 1:
        assert match.best.probability >= DEFAULT.lead * match.candidates[1].probability
    if match.decision is Decision.NONE and observed.caller.attestation is not Attestation.FAILED:
        assert match.candidates == ()
