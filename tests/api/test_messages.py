"""Registering messages over HTTP: what is promised to senders."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from router.api.messages import Handles, StoredMessage
from router.core.events import WITHHELD, CallStarted
from tests.api.service import MESSAGE, MOBILE, SERVICE_NUMBER, Service, fields, problem, running


async def test_a_message_gets_its_handles(service: Service) -> None:
    async with service.allowed("messages:write") as client:
        answer = await client.post("/v1/messages", json=MESSAGE)
    assert answer.status_code == 201
    told = answer.json()
    assert list(told) == ["id", "callback_code", "reference", "tel_link", "qr_url", "service_number"]
    Handles.model_validate(told)
    assert len(told["callback_code"]) == 10
    assert told["reference"] == "A-4711"
    assert told["service_number"] == SERVICE_NUMBER
    assert told["tel_link"] == f"tel:{SERVICE_NUMBER},,,{told['callback_code']}"
    assert told["qr_url"] == f"/v1/messages/{told['id']}/qr.svg"
    assert answer.headers["location"] == f"/v1/messages/{told['id']}"


async def test_told_again_it_is_the_same_message(service: Service) -> None:
    async with service.allowed("messages:write") as client:
        first = await client.post("/v1/messages", json=MESSAGE)
        again = await client.post("/v1/messages", json=MESSAGE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]


async def test_told_often_at_once_it_is_one_message(service: Service) -> None:
    async with service.allowed("messages:write") as client:
        answers = await asyncio.gather(*[client.post("/v1/messages", json=MESSAGE) for _ in range(30)])
    assert sorted(answer.status_code for answer in answers) == [200] * 29 + [201]
    assert len({answer.text for answer in answers}) == 1


async def test_another_content_under_the_same_id_is_a_conflict(service: Service) -> None:
    async with service.allowed() as client:
        first = await service.register(client)
        told = problem(await client.post("/v1/messages", json=MESSAGE | {"reference": "A-4712"}), 409)
        assert fields(told) == ["reference"]
        assert (await client.get(f"/v1/messages/{first['id']}")).json()["reference"] == "A-4711"


async def test_a_message_is_read_by_either_id(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
        by_id = await client.get(f"/v1/messages/{handles['id']}")
        by_external_id = await client.get("/v1/messages", params={"external_id": "crm-1"})
    assert by_id.json() == by_external_id.json()
    StoredMessage.model_validate(by_id.json())
    stored = by_id.json()
    assert stored["to"]["phone"] == MOBILE
    assert "+493023125011" in stored["customer"]["phones"]
    assert stored["sent_at"] == "2026-03-02T09:00:00Z"
    assert stored["offer"]["facts"] == MESSAGE["offer"]["facts"]
    assert handles.items() <= stored.items()


async def test_unknown_messages_are_not_found(service: Service) -> None:
    async with service.allowed() as client:
        for path in ("/v1/messages/none", "/v1/messages?external_id=none", f"/v1/messages/{'x' * 5000}"):
            problem(await client.get(path), 404)
        problem(await client.get("/v1/messages/none/qr.svg"), 404)
        assert fields(problem(await client.get("/v1/messages"), 422)) == ["external_id"]


async def test_the_qr_code_is_a_picture_for_readers(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
        answer = await client.get(handles["qr_url"])
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert ElementTree.fromstring(answer.content).tag == "{http://www.w3.org/2000/svg}svg"
    async with service.signed_in("admin") as browser:
        assert (await browser.get(handles["qr_url"])).content == answer.content
    async with service.client() as client:
        problem(await client.get(handles["qr_url"]), 401)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "fax"}, "channel"),
        ({"to": {"phone": "12"}}, "to.phone"),
        ({"to": {"fax": "1"}}, "to.fax"),
        ({"extra": 1}, "extra"),
        ({"sent_at": "2026-03-02T10:00:00"}, "sent_at"),
        ({"sent_at": 1767225600}, "sent_at"),
        ({"offer": {"title": ""}}, "offer.title"),
        ({"offer": {"title": "x", "valid_until": "tomorrow"}}, "offer.valid_until"),
        ({"customer": {"phones": ["030 23125 011", "abc"], "name": "x"}}, "customer.phones.1"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_stored(
    service: Service, change: dict[str, Any], field: str
) -> None:
    async with service.allowed() as client:
        told = problem(await client.post("/v1/messages", json=MESSAGE | change), 422)
        assert fields(told) == [field]
        assert told["detail"].startswith(field)
        problem(await client.get("/v1/messages?external_id=crm-1"), 404)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nonsense", b'{"channel": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000]
)
async def test_what_is_not_json_is_refused(service: Service, body: bytes) -> None:
    async with service.allowed() as client:
        problem(await client.post("/v1/messages", content=body, headers={"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"])
async def test_a_body_of_another_type_is_refused(service: Service, kind: str) -> None:
    async with service.allowed() as client:
        answer = await client.post("/v1/messages", content=b"{}", headers={"Content-Type": kind})
        problem(answer, 415)
        assert answer.headers["accept-post"] == "application/json"


async def test_without_a_service_number_there_is_a_code_and_no_link(folder: Path, database_url: str) -> None:
    async with running(folder, database_url, service_number=None) as service, service.allowed() as client:
        handles = await service.register(client)
        assert handles["callback_code"]
        assert (handles["tel_link"], handles["qr_url"], handles["service_number"]) == (None, None, None)
        told = problem(await client.get(f"/v1/messages/{handles['id']}/qr.svg"), 404)
        assert "service number" in told["detail"]


async def test_a_revoked_code_is_gone_and_revoking_twice_is_harmless(service: Service) -> None:
    async with service.allowed() as client:
        handles = await service.register(client)
        code = {"code": handles["callback_code"]}
        assert (await client.post("/v1/match", json=code)).json()["decision"] == "sure"
        for _ in range(2):
            answer = await client.delete(f"/v1/messages/{handles['id']}/code")
            assert (answer.status_code, answer.content) == (204, b"")
        assert (await client.post("/v1/match", json=code)).json()["decision"] == "none"
        repeated = await client.post("/v1/messages", json=MESSAGE)
        assert repeated.status_code == 200
        assert [repeated.json()[name] for name in ("callback_code", "tel_link", "qr_url")] == [None, None, None]
        assert repeated.json()["id"] == handles["id"]
        problem(await client.delete("/v1/messages/none/code"), 404)
        problem(await client.delete(f"/v1/messages/{'x' * 40}/code"), 404)


async def test_no_code_is_issued_where_the_guessing_budget_would_break(tmp_path: Path, database_url: str) -> None:
    tight = {"code_digits": 13, "code_expected_hits": 1e-12}
    async with running(tmp_path, database_url, **tight) as service, service.allowed() as client:
        told = problem(await client.post("/v1/messages", json=MESSAGE), 503)
    assert told["title"] == "Too many codes"
    assert "THREADLINE_CODE_EXPECTED_HITS" in told["detail"]


async def test_a_message_with_a_number_of_its_own_is_found_by_dialling_it(tmp_path: Path, database_url: str) -> None:
    own = "+493023125101"
    pools = {"spring": ["030 23125 101"], "letters": ["030 23125 110"]}
    async with running(tmp_path, database_url, number_pools=pools) as service, service.allowed() as client:
        handles = await service.register(client, pool="spring", lease="message", call_to_action=True)
        assert handles["service_number"] == own
        assert handles["tel_link"].startswith(f"tel:{own},")
        stored = (await client.get(f"/v1/messages/{handles['id']}")).json()
        StoredMessage.model_validate(stored)
        assert (stored["pool"], stored["lease"], stored["call_to_action"]) == ("spring", "message", True)
        other = await service.register(client, external_id="crm-2", pool="spring")
        assert other["service_number"] == SERVICE_NUMBER, "none is free"
        told = problem(await client.post("/v1/messages", json=MESSAGE | {"external_id": "3", "pool": "sprnig"}), 422)
        assert told["errors"] == [{"field": "pool", "message": "there is no such pool; there is: letters, spring"}]

        match = (await client.post("/v1/match", json={"withheld": True, "to": own})).json()
        assert [each["message_id"] for each in match["candidates"]] == [handles["id"]]
        turn = await service.house.calls.begin("asterisk", "1", CallStarted("asterisk", WITHHELD, own))
        call = (await client.get(f"/v1/calls/{turn.call_id}")).json()
        assert [each["message_id"] for each in call["match"]["candidates"]] == [handles["id"]]
