"""An agent who talks to a caller whom the whole application has recognised."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Table, select

from router.agents.ringing import Ringing
from router.core.events import Caller
from router.store import people
from router.store.tables import cards, desk_events
from tests.api.conftest import folder
from tests.api.service import FLOWS, LANDLINE, MESSAGE, MOBILE, Service, running

__all__ = ["folder"]

QUEUES = """
version: 1
queues:
  default: {}
  sales:
    label: {de: Vertrieb, en: Sales}
    wrap_up: 30
    disposition_needed: true
    dispositions:
      - code: sold
        label: {de: Verkauft, en: Sold}
        fields:
          - {name: contract, label: {de: Vertragsnummer, en: Contract number}, required: true}
          - {name: months, label: {de: Monate, en: Months}, type: number}
          - {name: begins, label: {de: Beginn, en: Begins}, type: date}
          - name: tariff
            label: {de: Tarif, en: Tariff}
            type: choice
            choices: [Fix, {code: Flex, label: {de: Beweglich, en: Flexible}}]
          - {name: paperless, label: {de: Papierlos, en: Paperless}, type: yes_no}
      - {code: no_interest, label: {de: Kein Interesse, en: Not interested}}
"""
TEXTS = """
version: 1
texts:
  hello:
    label: {de: Begrüßung, en: Welcome}
    text:
      de: "Vielen Dank für Ihren Anruf. Ihr Angebot: {{ offer.title }}. Mit freundlichen Grüßen, {{ agent.name }}"
      en: "Thank you. Your offer: {{ offer.title }}. {{ agent.name }}"
  letter:
    label: {de: Ausführlich, en: At length}
    channel: email
    subject: {de: "Ihr Anruf", en: "Your call"}
    text: {de: "Guten Tag", en: "Hello"}
  elsewhere:
    label: {de: Für andere, en: For others}
    text: {de: "Nicht hier", en: "Not here"}
    queues: [default]
  pay:
    label: {de: Zahlung, en: Payment}
    text: {de: "Bitte zahlen Sie {{ payment.amount }}: {{ payment.url }}"}
"""


@dataclass
class Talk:
    """The agent's browser, and the card of the call."""

    service: Service
    browser: httpx.AsyncClient
    ringing: Ringing
    person_id: str
    call_id: str
    card_id: str

    async def post(self, what: str, **fields: str) -> httpx.Response:
        return await self.browser.post(f"/desk/cards/{self.card_id}/{what}", data=fields or {"x": ""})

    async def done(self, what: str, **fields: str) -> None:
        answer = await self.post(what, **fields)
        assert answer.status_code == 204, answer.text

    async def page(self) -> str:
        answer = await self.browser.get("/desk/cards")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def to(self, channel: str = "sms") -> str:
        """The first place the card offers to send to."""
        return str(re.findall(rf'<option value="({channel}:[0-9a-f]+)"', await self.page())[0])

    async def rows(self, table: Table) -> list[Any]:
        async with self.service.house.database.read() as connection:
            return list((await connection.execute(select(table))).all())

    async def events(self) -> list[tuple[str, dict[str, Any]]]:
        return [(row.name, row.data) for row in await self.rows(desk_events) if row.person_id == self.person_id]

    async def texts(self) -> dict[str, tuple[str, bool]]:
        """The canned texts by name, and whether something was left out."""
        answer = await self.browser.get(f"/desk/cards/{self.card_id}/texts")
        assert answer.status_code == 200, answer.text
        found = re.findall(r'data-name="(\w+)" [^>]*data-text="([^"]*)"( data-cut)?', answer.text)
        return {name: (html.unescape(text), bool(cut)) for name, text, cut in found}


@pytest.fixture
def settings() -> dict[str, Any]:
    """What the tests of a file set beside."""
    return {}


@pytest.fixture
async def talk(folder: Path, settings: dict[str, Any], database_url: str) -> AsyncIterator[Talk]:
    flows = folder / "flows"
    (flows / "shared").mkdir(parents=True)
    for name in ("hotline.yaml", "shared/hours.yaml"):
        (flows / name).write_text((FLOWS / name).read_text())
    (flows / "shared" / "queues.yaml").write_text(QUEUES)
    (flows / "shared" / "texts.yaml").write_text(TEXTS)
    sends = {
        "twilio_auth_token": "x" * 32,
        "twilio_account_sid": "AC" + "0" * 32,
        "twilio_text_sender": "+491573599000",
    }
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(running(folder, database_url, flows=flows, **{**sends, **settings}))
        crm = await stack.enter_async_context(service.allowed())
        browser = await stack.enter_async_context(service.signed_in("agent"))
        await service.register(crm)
        customer = MESSAGE["customer"] | {"phones": [LANDLINE, MOBILE]}
        email = {"channel": "email", "to": {"email": "anna@example.net"}, "reference": "A-4712"}
        await service.register(crm, external_id="crm-2", customer=customer, sent_at="2026-02-01T10:00:00Z", **email)
        call_id = await service.call(Caller(MOBILE))
        async with service.house.database.begin() as connection:
            person = await people.by_login(connection, "agent")
            assert person is not None
            await people.change(connection, person.id, {"presence": "ready", "queues": ["sales"]})
        house = service.house
        ringing = Ringing(house.database, house.bus, service.clock, describe=house.queue_book.get)
        await ringing.called(call_id, call_id, person.id, "sales")
        await ringing.answered(call_id, person.id)
        async with service.house.database.read() as connection:
            card = (await connection.execute(select(cards.c.id).where(cards.c.person_id == person.id))).scalar_one()
        yield Talk(service, browser, ringing, person.id, call_id, card)
