"""Telling over HTTP what became of messages: one at a time and in lists, each with an outcome of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.api.messages import StoredMessage
from router.api.statuses import ReportedMessage, ReportOutcome
from tests.api.service import Service, fields, problem


async def test_a_report_changes_what_is_known_of_a_message(service: Service) -> None:
    async with service.allowed("messages:write", "messages:read") as client:
        handles = await service.register(client)
        path = f"/v1/messages/{handles['id']}"
        answer = await client.post(f"{path}/status", json={"status": "delivered", "at": "2026-03-02T10:30:00+01:00"})
        assert answer.status_code == 200
        ReportedMessage.model_validate(answer.json())
        assert answer.json() == {
            "id": handles["id"],
            "external_id": "crm-1",
            "delivery": "delivered",
            "delivery_at": "2026-03-02T09:30:00Z",
            "answered_at": None,
        }
        late = await client.post(f"{path}/status", json={"status": "sent"})
        assert (late.status_code, late.json()) == (200, answer.json())
        await client.post(f"{path}/status", json={"status": "answered"})
        stored = (await client.get(path)).json()
        StoredMessage.model_validate(stored)
        assert (stored["delivery"], stored["answered_at"]) == ("delivered", "2026-03-02T10:00:00Z")
        again = await client.post(f"{path}/status", json={"status": "reopened"})
        assert again.json()["answered_at"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "lost"}, "status"),
        ({"status": "read", "at": "yesterday"}, "at"),
        ({"status": "read", "at": "2026-03-02T12:00:00Z"}, "at"),
        ({"status": "read", "external_id": "crm-1"}, "external_id"),
        ([], "message"),
    ],
)
async def test_wrong_reports_are_refused_by_field(service: Service, body: Any, field: str) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
        answer = await client.post(f"/v1/messages/{handles['id']}/status", json=body)
        assert fields(problem(answer, 422)) == [field]
        assert (await client.get(f"/v1/messages/{handles['id']}")).json()["delivery"] is None


async def test_unknown_messages_and_lacking_rights(service: Service) -> None:
    async with service.allowed("messages:write") as client:
        for name in ("none", "crm-1", "x" * 3000, "%ED%A0%80", "a%0Ab"):
            problem(await client.post(f"/v1/messages/{name}/status", json={"status": "read"}), 404)
    async with service.allowed("messages:read") as client:
        problem(await client.post("/v1/messages/none/status", json={"status": "read"}), 403)
        problem(await client.post("/v1/messages/status", json=[{"id": "none", "status": "read"}]), 403)


async def test_a_list_has_an_outcome_for_each_report(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
        reports = [
            {"external_id": "crm-1", "status": "sent"},
            {"id": handles["id"], "status": "read"},
            {"external_id": "crm-2", "status": "read"},
            {"external_id": "crm-1", "status": "lost"},
            {"status": "read"},
            {"external_id": "crm-1", "id": handles["id"], "status": "read"},
            {"external_id": "crm-1", "status": "read", "at": "2026-03-02T12:00:00Z"},
            "nonsense",
            {"external_id": "a\x00b", "status": "read"},
        ]
        answer = await client.post("/v1/messages/status", json=reports)
    assert answer.status_code == 200
    outcomes = answer.json()
    for outcome in outcomes:
        ReportOutcome.model_validate(outcome)
    assert [outcome.get("delivery") for outcome in outcomes] == ["sent", "read", *[None] * 7]
    assert [[error["field"] for error in outcome.get("errors", [])] for outcome in outcomes] == [
        [], [], ["external_id"], ["status"], ["message"], ["message"], ["at"], ["message"], ["external_id"],
    ]  # fmt: skip
    assert outcomes[2]["errors"][0]["message"] == "there is no such message"
    assert outcomes[3]["external_id"] == "crm-1"
    assert outcomes[8]["external_id"] is None


@pytest.mark.parametrize("body", [{}, [], 1, "x", [{"id": "a", "status": "read"}] * 1001])
async def test_what_is_no_list_of_reports_is_refused_whole(service: Service, body: Any) -> None:
    async with service.allowed() as client:
        assert fields(problem(await client.post("/v1/messages/status", json=body), 422)) == ["body"]


async def test_a_thousand_reports_are_taken(service: Service) -> None:
    async with service.allowed() as client:
        await service.register(client)
        reports = [{"external_id": "crm-1", "status": "read"}] * 1000
        answer = await client.post("/v1/messages/status", json=reports)
    assert len(answer.json()) == 1000
    assert {outcome["delivery"] for outcome in answer.json()} == {"read"}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.sampled_from(["read", "crm-1", "2026-03-02T09:00:00Z", "\ud800", "\0", "x" * 300]) | SCALARS


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.dictionaries(st.sampled_from(["id", "external_id", "status", "at", "x"]), VALUES) | VALUES))
async def test_whatever_is_reported_the_answer_is_a_clear_one(service: Service, reports: list[Any]) -> None:
    async with service.allowed("messages:write") as client:
        answer = await client.post(
            "/v1/messages/status", content=json.dumps(reports), headers={"Content-Type": "application/json"}
        )
        one = await client.post(
            "/v1/messages/none/status", content=json.dumps(reports[:1]), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or len(answer.json()) == len(reports)
    assert one.status_code in (400, 404, 422)
