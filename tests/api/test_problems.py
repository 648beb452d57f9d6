"""Every no has one form, and what nobody foresaw says nothing but its number."""

from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message
from structlog.testing import capture_logs

from router.api.problems import install
from router.errors import Refused
from tests.api.service import Service, problem

NUMBER = "+493023125011"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    body: int


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    install(app, incident_id=lambda: "incident-1")

    @app.get("/refused")
    async def refused() -> None:
        raise Refused(409, "Conflict", "why", more={"field": "x"}, headers={"Retry-After": "3"})

    @app.get("/unforeseen")
    async def unforeseen() -> None:
        raise ValueError(f"cannot store {NUMBER}")

    @app.get("/database-away")
    async def database_away() -> None:
        raise OperationalError(f"INSERT {NUMBER}", {"number": NUMBER}, OSError("unable to open"))

    @app.get("/odd")
    async def odd() -> None:
        raise HTTPException(499)

    @app.post("/part")
    async def part(part: Part, number: Annotated[int, Query()] = 1) -> int:
        return part.body + number

    return app


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_a_refusal_keeps_its_members_and_headers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/refused")
    assert problem(answer, 409) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "why",
        "field": "x",
    }
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["cache-control"] == "no-store"


async def test_addresses_and_methods_that_are_not_there(client: httpx.AsyncClient) -> None:
    assert "nothing at this address" in problem(await client.get("/nowhere"), 404)["detail"]
    answer = await client.put("/refused")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET"
    problem(await client.get("/odd"), 499)


async def test_what_nobody_foresaw_is_a_number_outside_and_a_place_in_the_log(client: httpx.AsyncClient) -> None:
    with capture_logs() as logged:
        told = problem(await client.get(f"/unforeseen?number={NUMBER}"), 500)
    assert told["incident"] == "incident-1"
    (entry,) = logged
    assert (entry["incident"], entry["error"], entry["route"]) == ("incident-1", "ValueError", "/unforeseen")
    assert "test_problems.py" in entry["where"][-1]
    assert NUMBER[3:] not in str(told)
    assert NUMBER[3:] not in str(logged)


async def test_a_database_that_is_away_is_worth_another_try(client: httpx.AsyncClient) -> None:
    with capture_logs() as logged:
        answer = await client.get("/database-away")
    assert "Try again" in problem(answer, 503)["detail"]
    assert answer.headers["retry-after"] == "2"
    assert NUMBER[3:] not in str(logged)


async def test_wrong_fields_are_named_without_their_values(client: httpx.AsyncClient) -> None:
    told = problem(await client.post("/part?number=many", json={"body": "0123-secret", "more": 1}), 422)
    assert {error["field"] for error in told["errors"]} == {"number", "body", "more"}
    assert "secret" not in str(told)
    assert "many" not in str(told)
    problem(await client.post("/part", content=b"{", headers={"Content-Type": "application/json"}), 400)


async def test_half_a_character_in_a_name_can_be_told(client: httpx.AsyncClient) -> None:
    body = b'{"body": 1, "\\ud800": 1}'
    told = problem(await client.post("/part", content=body, headers={"Content-Type": "application/json"}), 422)
    assert told["errors"][0]["message"]


@pytest.mark.parametrize("error", [ValueError("late"), ClientDisconnect()])
async def test_an_answer_that_breaks_in_the_middle_is_not_ended_properly(app: FastAPI, error: Exception) -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        raise error

    app.mount("/broken", broken)
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/broken/x", "raw_path": b"/broken/x", "root_path": ""}
    await app({**scope, "query_string": b"", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]


async def test_people_get_a_page_in_their_language(service: Service) -> None:
    async with service.client(Accept="text/html", **{"Accept-Language": "de"}) as browser:
        answer = await browser.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Das ging nicht" in answer.text


async def test_whoever_is_signed_in_gets_it_in_their_own_language_with_the_ways_on(service: Service) -> None:
    async with service.signed_in("agent") as browser:
        await browser.post("/language", data={"language": "de"})
        answer = await browser.get("/admin", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert answer.status_code == 403
    assert "Das dürfen Sie mit dieser Anmeldung nicht" in answer.text
    assert 'href="/desk"' in answer.text and 'href="/supervisor"' not in answer.text


async def test_every_answer_has_the_security_headers_errors_too(service: Service) -> None:
    async with service.client() as client:
        for path in ("/nowhere", "/healthz", "/v1/calls"):
            assert (await client.get(path)).headers["x-content-type-options"] == "nosniff"
