"""The service keeps to its own description: what schemathesis makes of it, right and wrong, is sent by whoever can be
signed in, and by nobody; no answer is an error of ours, or one that the description does not tell of.

`DESCRIBED=500` sends so many requests of each kind to each operation; `make fuzz` does.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from router.api.keys import SCOPES
from router.core.events import Caller
from router.store import payments
from tests.api.service import LANDLINE, MESSAGE, ORIGIN, Service
from tests.api.test_entrances import EXPECTED, is_let_in

SEED = 20261128
EACH = int(os.environ.get("DESCRIBED", "12"))
"""Requests of each kind to each operation."""
CHECKS: list[CheckFunction] = [
    status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
STORED_ONE_BY_ONE = {"report_messages", "import_messages"}
"""Each report and row has an outcome of its own, so wrong ones are no refusal of the request."""
KNOWN_QUERIES = {"find_message": {"external_id": MESSAGE["external_id"]}}
Request = Case[Any]
PROGRAM = "program"
Askers = dict[str, httpx.AsyncClient]


@pytest.fixture
async def askers(service: Service) -> AsyncIterator[Askers]:
    service.stopping.set()  # else a stream of events never ends
    async with AsyncExitStack() as stack:
        people = {
            role: await stack.enter_async_context(service.signed_in(role)) for role in ("agent", "supervisor", "admin")
        }
        program = await stack.enter_async_context(service.allowed())
        yield {"nobody": await stack.enter_async_context(service.client(Origin=ORIGIN)), PROGRAM: program, **people}


async def known(service: Service, askers: Askers) -> dict[str, str]:
    """What there is, by the name it has in addresses."""
    message = await service.register(askers[PROGRAM])
    call = await service.call(Caller(LANDLINE))
    payment = {"id": "f" * 32, "person_id": "anna", "cents": 4990, "currency": "EUR", "purpose": "Fee"}
    async with service.house.database.begin() as connection:
        await payments.add(connection, {**payment, "created_at": service.clock()})
    return {"message_id": message["id"], "call_id": call, "payment_id": str(payment["id"])}


async def without_sign_in(service: Service) -> dict[str, Any]:
    """The description; who asks is ours to choose."""
    async with service.client() as client:
        description: dict[str, Any] = (await client.get("/openapi.json")).json()
    for operations in description["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return description


def requests_to(operation: APIOperation[Any, Any, Any, Any], ids: dict[str, str]) -> Iterator[Request]:
    """Right and wrong ones, also about what there is."""
    name = operation.definition.raw["operationId"]
    there = {each.name: ids[each.name] for each in operation.path_parameters}
    about: list[dict[str, Any]] = [{}, *([{"path_parameters": there}] if there else [])]
    about += [{"query": query} for key, query in KNOWN_QUERIES.items() if key == name]
    for fixed in about:
        for mode in GenerationMode:
            with suppress(Unsatisfiable):  # an operation without anything in it has no wrong request
                yield from drawn(operation.as_strategy(generation_mode=mode, **fixed))


def drawn(strategy: Any) -> list[Request]:
    cases: list[Request] = []

    @seed(SEED)
    @settings(
        max_examples=EACH, database=None, phases=[Phase.generate], deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def draw(case: Request) -> None:
        cases.append(case)

    draw()
    return cases


async def answer_to(case: Request, client: httpx.AsyncClient) -> httpx.Response:
    asked = case.as_transport_kwargs(base_url=ORIGIN)
    headers = {name: value for name, value in asked["headers"].items() if name.lower() == "content-type"}
    content = asked.get("data")
    if "json" in asked:  # as other programs write it, with half characters as they are
        content, headers = json.dumps(asked["json"]).encode(), {"Content-Type": "application/json", **headers}
    return await client.request(asked["method"], asked["url"], params=asked["params"], content=content, headers=headers)


@pytest.mark.timeout(20 * EACH)
async def test_no_answer_is_an_error_of_ours_or_one_that_is_not_described(service: Service, askers: Askers) -> None:
    description = await without_sign_in(service)
    ids, chance, wrong, sent = await known(service, askers), random.Random(SEED), [], 0
    print(f"seed {SEED}, {EACH} of each kind")
    for found in schemathesis.openapi.from_dict(description).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        for case in requests_to(operation, ids):
            who = chance.choice([PROGRAM, PROGRAM, *askers])
            answer = await answer_to(case, askers[who])
            sent += 1
            wrong += [f"{operation.label} by {who}: {problem}" for problem in problems_of(case, answer, who)]
    print(f"{sent} requests")
    assert sent > 20 * EACH
    assert not wrong, "\n\n".join(wrong[:10])


def problems_of(case: Request, answer: httpx.Response, who: str) -> Iterator[str]:
    name = case.operation.definition.raw["operationId"]
    takes_it = name in STORED_ONE_BY_ONE or has_blank(case.body)
    try:
        case.validate_response(answer, checks=[*CHECKS, *([] if takes_it else [negative_data_rejection])])
    except FailureGroup as failures:
        yield "\n".join(f"{each.title}: {each.message}" for each in failures.exceptions) + f"\n{case.as_curl_command()}"
    if answer.status_code >= 500 and name != "readyz":  # we are stopping, see `askers`
        yield f"an error of ours: {answer.status_code}"
    expected = EXPECTED[f"{case.method} {case.path}"]
    may = bool(expected & set(SCOPES)) or len(expected) > len(SCOPES) if who == PROGRAM else who in expected
    unread = answer.status_code == 400 and b"%00" in answer.request.url.raw_path  # before anybody is asked who they are
    if is_let_in(answer.status_code) and not may and not unread:
        yield f"is let in: {answer.status_code}"
    if answer.status_code == 422 and not answer.json()["errors"]:
        yield "does not say what is wrong"
    if answer.headers.get("content-type") == "application/x-ndjson":
        yield from wrong_lines(case, answer.text)


def has_blank(body: Any) -> bool:
    """Whether a text in it is blank, which counts as left out."""
    return isinstance(body, dict) and any(isinstance(each, str) and not each.strip() for each in body.values())


def wrong_lines(case: Request, text: str) -> Iterator[str]:
    document = case.operation.schema.raw_schema
    row = {"$ref": "#/components/schemas/ImportedRow", "components": document["components"]}
    for line in text.splitlines():
        yield from (error.message for error in Draft202012Validator(row).iter_errors(json.loads(line)))


async def test_what_an_address_takes_is_told_where_it_does_not_take_something(service: Service, askers: Askers) -> None:
    async with service.client() as client:
        description = (await client.get("/openapi.json")).json()
    for path, operations in description["paths"].items():
        answer = await askers[PROGRAM].request("PATCH", path)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].lower().split(", ")) >= set(operations), path
