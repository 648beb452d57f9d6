"""Payment links: asked of the provider once, sent to the number on file, and seen on the card until they are paid."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from router.store.tables import payments, text_messages
from tests.desk.work.conftest import Talk

pytestmark = pytest.mark.sqlite_only

ONCE = "0" * 31 + "2"
LINK = "https://pay.example.com/p/1"


class Provider:
    """Answers as the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {"url": LINK, "ref": "P-1", "expires_at": "2026-03-09T10:00:00+01:00"}
        self.address = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        assert "webhook-signature: v1," in head
        self.asked.append(json.loads(await reader.readexactly(length)))
        body = json.dumps(self.answer).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    made.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


@pytest.fixture
def settings(provider: Provider) -> dict[str, Any]:
    return {
        "webhooks": {"pay": provider.address},
        "webhook_secrets": {"pay": "whsec_" + "A" * 32},
        "payment_webhook": "pay",
    }


async def test_a_link_is_asked_for_once_and_sent(talk: Talk, provider: Provider) -> None:
    fields = {"to": await talk.to(), "amount": "49,90", "purpose": "Anzahlung", "template": "pay", "once": ONCE}
    await talk.done("payment", **fields)
    await talk.done("payment", **fields)
    (asked,) = provider.asked
    assert asked["data"] == {
        "id": ONCE,
        "cents": 4990,
        "currency": "EUR",
        "purpose": "Anzahlung",
        "customer": "K-1",
        "message": "crm-1",
    }
    (row,) = await talk.rows(payments)
    assert (row.state, row.cents, row.url, row.provider_ref) == ("open", 4990, LINK, "P-1")
    (text,) = await talk.rows(text_messages)
    assert (text.body, text.purpose, text.payment_id) == (f"Bitte zahlen Sie 49,90 €: {LINK}", "payment", ONCE)
    assert "noch nicht bezahlt" in await talk.page()
    async with talk.service.allowed("payments:write") as shop:
        answer = await shop.post(f"/v1/payments/{ONCE}", json={"state": "paid"})
        assert answer.json()["state"] == "paid"
        assert (await shop.post(f"/v1/payments/{ONCE}", json={"state": "failed"})).json()["state"] == "paid"
        assert (await shop.post(f"/v1/payments/{'f' * 32}", json={"state": "paid"})).status_code == 404
        assert (await shop.post(f"/v1/payments/{ONCE}", json={"state": "free"})).status_code == 422
    assert "<strong>bezahlt</strong>" in await talk.page()
    assert ("work", {"card": talk.card_id}) in await talk.events()


NO_LINKS: tuple[dict[str, Any], ...] = (
    {"url": "http://pay.example.com/1", "ref": "P"},
    {"url": "https://user@evil.example/1", "ref": "P"},
    {"url": "javascript:alert(1)", "ref": "P"},
    {"url": LINK},
    {"url": LINK + " x", "ref": "P"},
    {},
)


async def test_an_answer_that_is_no_link_is_not_sent(talk: Talk, provider: Provider) -> None:
    to = await talk.to()
    for nth, answer in enumerate(NO_LINKS):
        provider.answer = answer
        refused = await talk.post("payment", to=to, amount="10", purpose="Probe", once=f"{nth:032x}")
        assert refused.status_code == 409, answer
    assert [row.state for row in await talk.rows(payments)] == ["failed"] * len(NO_LINKS)
    assert await talk.rows(text_messages) == []


async def test_a_link_that_came_at_the_second_try_is_what_the_card_shows(talk: Talk, provider: Provider) -> None:
    fields = {"to": await talk.to(), "amount": "49,90", "purpose": "Anzahlung", "once": ONCE}
    provider.answer = {}
    assert (await talk.post("payment", **fields)).status_code == 409
    provider.answer = {"url": LINK, "ref": "P-1"}
    await talk.done("payment", **fields)
    await talk.done("payment", **fields)
    (row,) = await talk.rows(payments)
    assert (row.state, row.url, row.provider_ref, row.settled_at) == ("open", LINK, "P-1", None)
    assert len(await talk.rows(text_messages)) == 1
    assert "noch nicht bezahlt" in await talk.page()


async def test_a_link_goes_out_beside_a_text_of_the_same_page(talk: Talk, provider: Provider) -> None:
    to = await talk.to()
    await talk.done("send", to=to, text="Gleich kommt ein Link.", once=ONCE)
    for _ in range(2):
        await talk.done("payment", to=to, amount="49,90", purpose="Anzahlung", once=ONCE)
    assert sorted(text.purpose for text in await talk.rows(text_messages)) == ["desk", "payment"]


async def test_an_amount_has_to_be_one(talk: Talk, provider: Provider) -> None:
    to = await talk.to()
    for amount in ("", "0", "-5", "1e3", "12,345", "1000000", "zehn"):
        refused = await talk.post("payment", to=to, amount=amount, purpose="")
        assert refused.status_code == 422, amount
        assert {each["field"] for each in refused.json()["errors"]} == {"amount", "purpose"}
    assert provider.asked == []
