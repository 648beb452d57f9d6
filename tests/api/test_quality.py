"""How good matches were, over the API."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from router.api.quality import QualityAnswer
from router.calls import learning
from router.core.assurance import Assurance
from router.core.events import Caller
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match
from router.matching.outcomes import Verdict
from router.store import calls
from tests.api.service import LANDLINE, Service, fields, problem

BY_NUMBER = Evidence(EvidenceKind.RECIPIENT_NUMBER, 8.0, "…")
NAMED = Match(Decision.LIKELY, Assurance.L1, 0.2, (Candidate("m1", 0.8, (BY_NUMBER,)),))
NOBODY = Match(Decision.NONE, Assurance.L0, 1.0)


async def taken(service: Service, number: int, found: Match, verdict: str | None, agent: str = "anna") -> None:
    """A call that an agent took, and what was said of it."""
    call_id = await service.call(Caller(LANDLINE), f"ref-{number}")
    async with service.house.database.begin() as connection:
        stored = TypeAdapter(Match).dump_python(found, mode="json")
        await calls.change(connection, call_id, {"agent_id": agent or None, "match": stored})
        row = await calls.by_id(connection, call_id)
        if verdict is not None:
            await learning.say(connection, row, Verdict(verdict), None, agent, service.clock())


async def asked(service: Service, **period: str) -> dict[str, Any]:
    async with service.allowed("calls:read") as client:
        answer = await client.get("/v1/match/quality", params=period)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    QualityAnswer.model_validate(told)
    return told


async def test_rates_are_told_by_decision_assurance_and_evidence(service: Service) -> None:
    for number, verdict in enumerate(["right", "right", "right", "none", None]):
        await taken(service, number, NAMED, verdict)
    await taken(service, 5, NOBODY, "none")
    await taken(service, 6, NAMED, None, agent="")
    service.clock.move(minutes=1)
    told = await asked(service)
    assert told["complete"] is True
    total = told["total"]
    assert [total[name] for name in ("judged", "right", "wrong", "not_judged")] == [5, 3, 1, 1]
    assert total["wrong_rate"] == 0.25
    assert total["low"] < 0.25 < total["high"]
    assert set(told["by_decision"]) == {"likely", "none"}
    assert set(told["by_assurance"]) == {"L0", "L1"}
    assert told["by_evidence"]["recipient_number"]["wrong"] == 1
    assert told["wrong_disclosures"] == 1
    assert sum(each["calls"] for each in told["reliability"]) == 4


async def test_only_calls_of_the_period_count(service: Service) -> None:
    await taken(service, 1, NAMED, "right")
    service.clock.move(days=10)
    await taken(service, 2, NAMED, "none")
    service.clock.move(days=25)
    assert (await asked(service))["total"]["judged"] == 1
    assert (await asked(service, since="2026-03-01T00:00:00Z"))["total"]["judged"] == 2
    early = await asked(service, since="2026-03-01T00:00:00+01:00", until="2026-03-05T00:00:00+01:00")
    assert (early["total"]["right"], early["total"]["wrong"]) == (1, 0)
    assert early["since"] == "2026-02-28T23:00:00Z"


async def test_the_work_is_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST_CALLS", 4)
    monkeypatch.setattr(learning, "_PAGE", 2)
    for number in range(4):
        await taken(service, number, NAMED, "right")
    service.clock.move(minutes=1)
    assert (await asked(service))["complete"] is True
    for number in range(4, 9):
        await taken(service, number, NAMED, "none")
    service.clock.move(minutes=1)
    told = await asked(service)
    assert told["complete"] is False
    assert told["total"]["judged"] == 4


@pytest.mark.parametrize(
    ("period", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-03-01"}, "until"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "since"),
        ({"since": "x" * 41}, "since"),
    ],
)
async def test_a_wrong_period_is_refused_by_field(service: Service, period: dict[str, str], field: str) -> None:
    async with service.allowed("calls:read") as client:
        assert fields(problem(await client.get("/v1/match/quality", params=period), 422)) == [field]


async def test_it_is_for_those_who_may_see_calls(service: Service) -> None:
    async with service.allowed("match") as client:
        problem(await client.get("/v1/match/quality"), 403)
    async with service.client() as stranger:
        problem(await stranger.get("/v1/match/quality"), 401)
