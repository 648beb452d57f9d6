"""JSON that is none, or that two readers could read otherwise, sent to whatever takes JSON: refused, and said why."""

from __future__ import annotations

import httpx

from tests.api.service import Service
from tests.api.test_entrances import EXPECTED, filled
from tests.core.test_json_text import REFUSED

TAKE_JSON = {
    "POST /v1/messages",
    "POST /v1/messages/status",
    "POST /v1/messages/{message_id}/status",
    "POST /v1/match",
    "POST /v1/payments/{payment_id}",
    "POST /testphone/calls",
    "POST /testphone/calls/{call_id}/events",
    "POST /admin/flows/check/{path:path}",
    "POST /admin/flows/save/{path:path}",
    "POST /admin/flows/throw-away/{path:path}",
    "POST /admin/flows/publish/{path:path}",
    "POST /admin/flows/roll-back/{path:path}",
    "POST /admin/flows/scenarios/{path:path}",
    "POST /admin/flows/replay/{path:path}",
}
"""The others take forms, files or sound."""


async def sent(client: httpx.AsyncClient, name: str, body: bytes) -> int:
    method, path = name.split()
    answer = await client.request(method, filled(path), content=body, headers={"Content-Type": "application/json"})
    return answer.status_code


async def test_whatever_takes_json_refuses_what_can_be_read_in_two_ways(service: Service) -> None:
    wrong = {}
    async with service.signed_in("admin") as admin, service.allowed() as program:
        for name in sorted(TAKE_JSON):
            for what, body in REFUSED.items():
                answered = await sent(program if "/v1/" in name else admin, name, body)
                if answered not in (400, 422):
                    wrong[name, what] = answered
    assert not wrong


async def test_nothing_else_takes_json(service: Service) -> None:
    """So that no new page is left out above."""
    read = []
    async with service.signed_in("admin") as admin, service.allowed() as program:
        for name in sorted(name for name in EXPECTED if name.startswith("POST") and name not in TAKE_JSON):
            client = program if "/v1/" in name else admin
            if name != "POST /sign-out" and await sent(client, name, b"{}") != await sent(client, name, b"{"):
                read.append(name)
    assert read == []


async def test_a_row_of_an_import_with_a_name_twice_is_refused_and_the_others_stored(service: Service) -> None:
    good = b'{"external_id": "%d", "channel": "sms", "to": {"phone": "+491713920011"}, "offer": {"title": "x"}}'
    bad = [
        body for what, body in REFUSED.items() if body and "UTF" not in what and what != "half a character, as bytes"
    ]
    rows = [good % 1, *bad, good % 2]
    async with service.allowed() as client:
        answer = await client.post(
            "/v1/messages/import", content=b"\n".join(rows), headers={"Content-Type": "application/x-ndjson"}
        )
    lines = answer.text.splitlines()
    assert [number for number, line in enumerate(lines, 1) if '"errors"' not in line] == [1, len(rows)], answer.text
