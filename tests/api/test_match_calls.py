"""Explaining matches, and what calls did."""

from __future__ import annotations

from typing import Any

import pytest

from router.api.calls import CallDetail, CallPage
from router.api.match import MatchAnswer
from router.api.turns import WRONG_CODES
from router.core.events import WITHHELD, Caller, CallerHungUp, DigitsEntered
from router.matching.codes import make
from tests.api.service import LANDLINE, MOBILE, SERVICE_NUMBER, Service, fields, problem


async def asked(service: Service, **question: Any) -> dict[str, Any]:
    async with service.allowed("match") as client:
        answer = await client.post("/v1/match", json=question)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    MatchAnswer.model_validate(told)
    return told


async def test_the_recipient_is_recognised_with_the_evidence(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
    told = await asked(service, **{"from": "0171 / 39200-11", "to": SERVICE_NUMBER})
    assert list(told) == [
        "decision",
        "assurance",
        "none_probability",
        "candidates",
        "question",
        "code_accepted",
        "understood",
    ]
    assert (told["decision"], told["assurance"]) == ("likely", "L1")
    (candidate,) = told["candidates"]
    assert list(candidate) == ["message_id", "probability", "evidence"]
    assert candidate["message_id"] == handles["id"]
    assert list(candidate["evidence"][0]) == ["kind", "log_odds", "detail"]
    assert candidate["probability"] + told["none_probability"] == pytest.approx(1)


async def test_a_withheld_number_counts_for_nothing_and_a_code_for_all(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
    assert (await asked(service, **{"from": MOBILE, "withheld": True}))["decision"] == "none"
    spoken = " ".join(handles["callback_code"])
    for code in ({"code": handles["callback_code"]}, {"spoken": spoken}):
        told = await asked(service, withheld=True, **code)
        assert (told["decision"], told["assurance"]) == ("sure", "L2")
        assert handles["callback_code"] not in str(told)


async def test_the_time_of_the_call_counts(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
    late = await asked(service, code=handles["callback_code"], at="2026-05-01T00:00:00+02:00")
    assert late["decision"] == "none"


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"from": "x"}, "from"),
        ({"to": "1"}, "to"),
        ({"at": "now"}, "at"),
        ({"at": 5}, "at"),
        ({"language": "Deutsch"}, "language"),
        ({"withheld": "perhaps"}, "withheld"),
        ({"code": 12}, "code"),
        ({"callers": []}, "callers"),
        ({"spoken": "x" * 201}, "spoken"),
    ],
)
async def test_a_wrong_question_is_refused_by_field(service: Service, question: dict[str, Any], field: str) -> None:
    async with service.allowed("match") as client:
        assert fields(problem(await client.post("/v1/match", json=question), 422)) == [field]


async def test_codes_cannot_be_guessed_by_asking(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
        for number in range(WRONG_CODES):
            wrong = make(10, lambda count, number=number: f"{10**8 + number:0{count}d}")  # type: ignore[misc]
            assert (await client.post("/v1/match", json={"code": wrong})).status_code == 200
        answer = await client.post("/v1/match", json={"code": handles["callback_code"]})
        problem(answer, 429)
        assert answer.headers["retry-after"] == "86401"
        spoken = " ".join(handles["callback_code"])
        problem(await client.post("/v1/match", json={"spoken": spoken}), 429)
        assert (await client.post("/v1/match", json={"from": MOBILE})).status_code == 200
        other = await service.beside()
        async with other.client(Authorization=client.headers["Authorization"]) as elsewhere:
            problem(await elsewhere.post("/v1/match", json={"code": handles["callback_code"]}), 429)
        assert (await asked(service, code=handles["callback_code"]))["decision"] == "sure"
        service.clock.move(hours=24)
        assert (await client.post("/v1/match", json={"code": handles["callback_code"]})).status_code == 200


async def test_a_slip_is_no_guess(service: Service) -> None:
    async with service.allowed("match") as client:
        for _ in range(WRONG_CODES + 1):
            assert (await client.post("/v1/match", json={"code": "123"})).status_code == 200


async def test_a_call_is_told_with_steps_match_evidence_and_outcome(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
        call_id = await service.call(Caller(LANDLINE))
        await service.house.calls.handle(call_id, CallerHungUp())
        listed = (await client.get("/v1/calls")).json()
        told = (await client.get(f"/v1/calls/{call_id}")).json()
    CallPage.model_validate(listed)
    CallDetail.model_validate(told)
    assert listed["calls"][0].items() <= told.items()
    assert (told["from"], told["withheld"], told["to"]) == (LANDLINE, False, SERVICE_NUMBER)
    assert (told["state"], told["message_id"]) == ("ended", handles["id"])
    assert told["outcome"] in ("hung_up", "left_queue")
    assert [step["step"] for step in told["steps"]]
    assert told["match"]["candidates"][0]["evidence"][0]["kind"] == "customer_number"
    assert told["started_at"] == told["ended_at"] == "2026-03-02T10:00:00Z"


async def test_a_withheld_caller_and_the_code_are_told_nowhere(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
        call_id = await service.call(WITHHELD)
        await service.house.calls.handle(call_id, DigitsEntered(handles["callback_code"]))
        answer = await client.get(f"/v1/calls/{call_id}")
        assert answer.headers["cache-control"] == "no-store"
        page = await client.get("/v1/calls")
    told = answer.json()
    assert (told["from"], told["withheld"]) == (None, True)
    assert told["match"]["decision"] == "sure"
    assert handles["callback_code"] not in answer.text + page.text


async def test_pages_follow_each_other_without_a_gap(service: Service) -> None:
    for number in range(7):
        await service.call(Caller(LANDLINE), f"ref-{number}")
        if number % 3 == 0:
            service.clock.move(seconds=1, microseconds=1)
    seen: list[str] = []
    cursor: str | None = ""
    async with service.allowed("calls:read") as client:
        whole = [call["id"] for call in (await client.get("/v1/calls")).json()["calls"]]
        while cursor is not None:
            page = (await client.get("/v1/calls", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            seen += [call["id"] for call in page["calls"]]
            cursor = page["next"]
            await service.call(WITHHELD, f"later-{len(seen)}")  # new ones do not shift the pages
    assert seen == whole
    assert len(set(seen)) == 7


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "cursor=", "cursor=x", "cursor=99999999999999999-" + "0" * 32, "cursor=1-0"],
)
async def test_a_wrong_page_is_refused(service: Service, query: str) -> None:
    async with service.allowed("calls:read") as client:
        assert fields(problem(await client.get(f"/v1/calls?{query}"), 422)) == [query.partition("=")[0]]


@pytest.mark.parametrize("call_id", ["none", "x" * 5000, "..%2f..", "'--"])
async def test_an_unknown_call_is_not_found(service: Service, call_id: str) -> None:
    async with service.allowed("calls:read") as client:
        problem(await client.get(f"/v1/calls/{call_id}"), 404)


@pytest.mark.parametrize(
    ("spoken", "language", "verdict"),
    [
        ("vier acht zwei, eins drei neun, null vier", "de", "accept"),
        ("meine Nummer ist achtundvierzig einundzwanzig neununddreißig null vier", "de", "accept"),
        ("four eight two one three nine oh four", "en", "accept"),
        ("vier und achtzig zwei eins drei neun null vier", "de", None),  # 4 80 … or 84 …: both are looked at
        ("eins zwei drei vier fünf sechs sieben", "de", "again"),
        ("ich rufe wegen der Rechnung an", "de", None),
    ],
)
async def test_what_was_said_is_understood_in_all_its_readings(
    service: Service, spoken: str, language: str, verdict: str | None
) -> None:
    async with service.allowed() as client:
        handles = await service.register(client, reference="48213904")
    told = await asked(service, withheld=True, spoken=spoken, language=language)
    found = [each["message_id"] for each in told["candidates"]]
    if verdict is not None:
        assert told["understood"]["verdict"] == verdict
        assert found == ([handles["id"]] if verdict == "accept" else [])
    assert "48213904" not in str(told), "whom we would recognise is told, the number is not"


async def test_a_number_that_was_said_in_doubt_is_asked_for_again_in_part(service: Service) -> None:
    async with service.allowed() as client:
        for number, reference in enumerate(("63057412", "63057413")):
            await service.register(client, external_id=f"crm-{number}", reference=reference)
    told = await asked(service, withheld=True, spoken="sechs drei null fünf sieben vier eins", language="de")
    assert told["understood"] == {"verdict": "part", "part": {"end": "last", "characters": 3}}
    assert (await asked(service, withheld=True))["understood"] is None
