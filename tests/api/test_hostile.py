"""Whatever comes in, the answer is a clear one, and never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.service import MESSAGE, ORIGIN, Service, problem

HOSTILE = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=30),
    st.sampled_from(["+493023125011", "2026-03-31T18:00:00+02:00", "0001-01-01T00:00:00Z", "\ud800", "\0", "9" * 400]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
QUESTION_FIELDS = ("from", "withheld", "to", "code", "reference", "spoken", "language", "at")


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A message with some of its fields, at any depth, replaced by anything."""
    message: dict[str, Any] = json.loads(json.dumps(MESSAGE))
    for _ in range(draw(st.integers(1, 3))):
        place = message
        key = draw(st.sampled_from(sorted(place)))
        while isinstance(place.get(key), dict) and place[key] and draw(st.booleans()):
            place = place[key]
            key = draw(st.sampled_from(sorted(place)))
        place[key] = draw(ANYTHING)
    return message


async def post(service: Service, path: str, body: bytes, kind: str = "application/json") -> int:
    async with service.allowed() as client:
        answer = await client.post(path, content=body, headers={"Content-Type": kind})
    assert answer.status_code in (200, 201, 400, 409, 413, 415, 422), answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    return answer.status_code


@HOSTILE
@given(damaged())
async def test_damaged_messages(service: Service, message: dict[str, Any]) -> None:
    await post(service, "/v1/messages", json.dumps(message).encode())


@HOSTILE
@given(ANYTHING)
async def test_anything_for_a_message(service: Service, content: Any) -> None:
    assert await post(service, "/v1/messages", json.dumps(content).encode()) in (400, 422)


@HOSTILE
@given(st.dictionaries(st.sampled_from(QUESTION_FIELDS) | st.text(max_size=5), ANYTHING, max_size=4))
async def test_anything_for_a_question(service: Service, question: dict[str, Any]) -> None:
    await post(service, "/v1/match", json.dumps(question).encode())


@HOSTILE
@given(st.sampled_from(["/v1/messages", "/v1/match", "/testphone/calls"]), st.binary(max_size=200))
async def test_any_bytes_for_json(service: Service, path: str, body: bytes) -> None:
    assert await post(service, path, body) in (400, 422)


@HOSTILE
@given(st.sampled_from(["text/csv", "application/x-ndjson"]), st.binary(max_size=300), st.booleans())
async def test_any_bytes_for_a_file(service: Service, kind: str, body: bytes, with_header: bool) -> None:
    header = b"external_id,channel,offer_title,to_phone\n" if with_header else b""
    await post(service, "/v1/messages/import", header + body, kind)


@HOSTILE
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=10))
async def test_any_address(service: Service, path: str, external_id: str, limit: str) -> None:
    async with service.allowed() as client:
        for answer in (
            await client.get("/v1/messages", params={"external_id": external_id}),
            await client.get("/v1/calls", params={"limit": limit, "cursor": external_id}),
            await client.get("/v1/calls/" + path.encode("utf-8", "replace").hex()),
        ):
            assert answer.status_code in (200, 400, 404, 422)


@HOSTILE
@given(st.dictionaries(st.sampled_from(["from", "withheld", "to", "at"]), ANYTHING, max_size=3))
async def test_anything_for_a_test_call(service: Service, call: dict[str, Any]) -> None:
    await post(service, "/testphone/calls", json.dumps(call).encode())


@pytest.mark.parametrize("to", ["x" * 41, "\0", "\x1b[2J"])
async def test_a_number_dialled_that_no_database_would_take(service: Service, to: str) -> None:
    assert await post(service, "/testphone/calls", json.dumps({"to": to}).encode()) == 422


async def test_nul_in_a_form(service: Service) -> None:
    async with service.client(Origin=ORIGIN) as client:
        problem(await client.post("/sign-in", data={"login": "a\0", "password": "x"}), 400)
