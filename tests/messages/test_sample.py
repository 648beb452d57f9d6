"""The samples of the demo: each call they invite shows what they promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from router.calls.lookup import find_matches
from router.core.assurance import Assurance
from router.core.events import WITHHELD, Caller
from router.core.match import Decision, Match, Question, QuestionKind
from router.matching.codes import CodeKeys
from router.matching.observed import Observed
from router.messages.pools import Pools
from router.messages.registrar import Registrar
from router.messages.sample import FRESH, Sample, register_samples
from router.messages.sample_texts import POOL


async def call(registrar: Registrar, keys: CodeKeys, now: datetime, observed: Observed, *questions: Question) -> Match:
    async with registrar.database.read() as connection:
        return await find_matches(connection, observed, now + timedelta(minutes=10), keys, questions=questions)


async def by_id(registrar: Registrar, now: datetime) -> dict[str, Sample]:
    samples = await register_samples(registrar, now)
    return {sample.registration.external_id or "": sample for sample in samples}


@pytest.mark.parametrize(
    ("name", "decision"),
    [
        ("sample-anna-power", Decision.LIKELY),
        ("sample-jonas-gas", Decision.UNCLEAR),
        ("sample-emma-power", Decision.LIKELY),
        ("sample-meryem-instalment", Decision.UNCLEAR),
        ("sample-oliver-boiler", Decision.LIKELY),
        ("sample-petra-expired", Decision.LIKELY),
        ("sample-lena-power", Decision.UNCLEAR),
        ("sample-thomas-reminder", Decision.LIKELY),
    ],
)
async def test_a_call_from_its_number_finds_it(
    registrar: Registrar, keys: CodeKeys, now: datetime, name: str, decision: Decision
) -> None:
    sample = (await by_id(registrar, now))[name]
    match = await call(registrar, keys, now, Observed(Caller(sample.call_from)))
    assert match.decision is decision
    if match.best is not None:
        assert match.best.message_id == sample.registered.id
        assert match.assurance is Assurance.L1
    else:
        assert sample.registered.id in {candidate.message_id for candidate in match.candidates}


@pytest.mark.parametrize("name", ["sample-jonas-gas", "sample-lena-power"])
async def test_two_of_them_are_told_apart_by_the_topic_and_by_the_last_digits(
    registrar: Registrar, keys: CodeKeys, now: datetime, name: str
) -> None:
    samples = await by_id(registrar, now)
    gas = samples[name.replace("power", "gas")]
    topic = Question(QuestionKind.TOPIC, 1, ("power", "gas"))
    digits = Question(QuestionKind.LAST_DIGITS, 2)
    seen = Observed(Caller(gas.call_from))
    for question in (topic, digits):
        match = await call(registrar, keys, now, seen, question)
        assert (len(match.candidates), match.question) == (2, question)
    ending = (gas.registered.reference or "")[-2:]
    for answered in (replace(seen, topic="gas"), replace(seen, last_digits=ending)):
        match = await call(registrar, keys, now, answered)
        assert match.best is not None
        assert match.best.message_id == gas.registered.id


async def test_a_letter_with_a_number_of_its_own_is_found_by_it(
    registrar: Registrar, keys: CodeKeys, now: datetime
) -> None:
    own = "+493023125110"
    registrar.rules = replace(registrar.rules, pools=Pools({POOL: (own,)}))
    letter = (await by_id(registrar, now))["sample-meryem-instalment"]
    assert letter.registered.service_number == own
    anew = (await by_id(registrar, now + FRESH + timedelta(minutes=1)))["sample-meryem-instalment"]
    assert anew.registered.service_number == own, "what is replaced gives its number back"
    later = now + FRESH + timedelta(minutes=10)
    async with registrar.database.read() as connection:
        observed = Observed(Caller(anew.call_from), own)
        match = await find_matches(connection, observed, later, keys, pool_numbers={own})
    assert match.best is not None
    assert match.best.message_id == anew.registered.id


async def test_every_code_is_taken_also_that_of_an_offer_that_has_just_ended(
    registrar: Registrar, keys: CodeKeys, now: datetime
) -> None:
    for name, sample in (await by_id(registrar, now)).items():
        match = await call(registrar, keys, now, Observed(WITHHELD, code=sample.registered.callback_code))
        assert match.code_accepted, name


async def test_samples_stay_until_they_are_old(registrar: Registrar, now: datetime) -> None:
    first = await by_id(registrar, now)
    again = await by_id(registrar, now + FRESH - timedelta(minutes=1))
    assert {name: sample.registered.id for name, sample in again.items()} == {
        name: sample.registered.id for name, sample in first.items()
    }
    assert not any(sample.registered.created for sample in again.values())
    later = await by_id(registrar, now + FRESH + timedelta(minutes=1))
    assert all(sample.registered.created for sample in later.values())
    assert later["sample-anna-power"].registration.sent_at == now + FRESH + timedelta(minutes=1) - timedelta(hours=3)


async def test_texts_name_the_end_of_the_offer(registrar: Registrar, now: datetime) -> None:
    samples = await by_id(registrar, now)
    assert "bis 07.03.2026" in samples["sample-anna-power"].registration.body
    assert "Until 5 March 2026" in samples["sample-emma-power"].registration.body
