"""The contract that others script against, and its description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.service import Service

pytestmark = pytest.mark.sqlite_only

CONTRACT = {
    ("post", "/v1/messages"),
    ("get", "/v1/messages"),
    ("post", "/v1/messages/import"),
    ("post", "/v1/messages/status"),
    ("post", "/v1/messages/{message_id}/status"),
    ("get", "/v1/messages/{message_id}"),
    ("delete", "/v1/messages/{message_id}/code"),
    ("get", "/v1/messages/{message_id}/qr.svg"),
    ("post", "/v1/match"),
    ("get", "/v1/match/quality"),
    ("get", "/v1/calls"),
    ("get", "/v1/calls/{call_id}"),
    ("get", "/v1/desk/events"),
    ("get", "/v1/supervisor/events"),
    ("post", "/v1/payments/{payment_id}"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
}


async def description(service: Service) -> dict[str, Any]:
    async with service.client() as client:
        answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def test_it_describes_the_contract_and_nothing_else(service: Service) -> None:
    told = await description(service)
    described = {(method, path) for path, operations in told["paths"].items() for method in operations}
    assert described == CONTRACT


async def test_the_fields_are_those_of_the_contract(service: Service) -> None:
    schemas = (await description(service))["components"]["schemas"]
    names = {name: list(schemas[name]["properties"]) for name in ("Registration", "Recipient", "Customer", "Offer")}
    assert names == {
        "Registration": [
            "external_id", "channel", "to", "customer", "offer", "body", "reference", "campaign",
            "call_to_action", "pool", "lease", "sent_at",
        ],
        "Recipient": ["phone", "email"],
        "Customer": ["external_id", "name", "language", "segment", "phones"],
        "Offer": [
            "title", "summary", "valid_from", "valid_until", "queue", "skills", "topic", "url", "script", "facts",
        ],
    }  # fmt: skip
    assert list(schemas["Question"]["properties"]) == [
        "from",
        "withheld",
        "to",
        "code",
        "reference",
        "spoken",
        "last_digits",
        "topic",
        "about_message",
        "attestation",
        "language",
        "at",
    ]
    assert list(schemas["MatchAnswer"]["properties"]) == [
        "decision",
        "assurance",
        "none_probability",
        "candidates",
        "question",
        "code_accepted",
        "understood",
    ]
    assert {"id", "callback_code", "reference", "tel_link", "qr_url", "service_number"} == set(
        schemas["Handles"]["properties"]
    )


def references(value: Any) -> Iterator[str]:
    match value:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)


async def test_everything_it_refers_to_is_there(service: Service) -> None:
    told = await description(service)
    for reference in references(told):
        place: Any = told
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, reference
            place = place[part]


async def test_every_refusal_is_a_problem_document_and_every_operation_says_what_it_does(service: Service) -> None:
    told = await description(service)
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            assert operation["tags"]
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")):
                    assert list(response["content"]) == ["application/problem+json"], (method, path, status)
    assert "HTTPValidationError" not in json.dumps(told)


async def test_the_examples_are_accepted(service: Service) -> None:
    told = await description(service)
    async with service.allowed() as client:
        for path in ("/v1/messages", "/v1/match"):
            content = told["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            for example in content["examples"].values():
                answer = await client.post(path, json=example["value"])
                assert answer.status_code in (200, 201), answer.text
        content = told["paths"]["/v1/messages/import"]["post"]["requestBody"]["content"]
        csv = content["text/csv"]["example"].encode()
        answer = await client.post("/v1/messages/import", content=csv, headers={"Content-Type": "text/csv"})
        assert '"errors"' not in answer.text


async def test_no_page_loads_anything_from_elsewhere(service: Service) -> None:
    async with service.client() as client:
        for path in ("/docs", "/redoc"):
            assert (await client.get(path)).status_code == 404
