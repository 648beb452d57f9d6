"""The samples of the demo: each call they invite shows what they promise."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from router.calls.lookup import find_matches
from router.core.assurance import Assurance
from router.core.events import WITHHELD, Caller
from router.core.match import Decision, Match
from router.matching.codes import CodeKeys
from router.matching.observed import Observed
from router.messages.registrar import Registrar
from router.messages.sample import FRESH, Sample, register_samples


async def call(registrar: Registrar, keys: CodeKeys, now: datetime, observed: Observed) -> Match:
    async with registrar.database.read() as connection:
        return await find_matches(connection, observed, now + timedelta(minutes=10), keys)


async def by_id(registrar: Registrar, now: datetime) -> dict[str, Sample]:
    samples = await register_samples(registrar, now)
    return {sample.registration.external_id or "": sample for sample in samples}


@pytest.mark.parametrize(
    ("name", "decision"),
    [
        ("sample-anna-power", Decision.LIKELY),
        ("sample-jonas-gas", Decision.UNCLEAR),
        ("sample-emma-power", Decision.LIKELY),
        ("sample-meryem-instalment", Decision.LIKELY),
        ("sample-oliver-boiler", Decision.LIKELY),
        ("sample-petra-expired", Decision.LIKELY),
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
        assert len(match.candidates) == 2


async def test_every_code_but_the_expired_one_is_taken(registrar: Registrar, keys: CodeKeys, now: datetime) -> None:
    for name, sample in (await by_id(registrar, now)).items():
        match = await call(registrar, keys, now, Observed(WITHHELD, code=sample.registered.callback_code))
        assert match.code_accepted is (name != "sample-petra-expired")


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
