"""Anna talks to a caller; what her card says, and what she does on it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from router.agents.ringing import Ringing
from router.core.assurance import Assurance
from router.core.events import WITHHELD
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match
from router.desk.card import Card
from router.desk.cards import cards_for
from router.engine.session import Session, State, session_to_json
from router.matching.disclosure import Policy
from router.store import messages as message_rows
from router.store.tables import audit_log, messages
from tests.agents.house import START, House

BY_NUMBER = Evidence(EvidenceKind.RECIPIENT_NUMBER, 8.0, "The caller number is the one the message went to.")
MOBILE = "+491711234567"


def named(message_id: str, assurance: Assurance = Assurance.L1, *others: str) -> Match:
    candidates = [Candidate(each, 0.9 / (place + 1), (BY_NUMBER,)) for place, each in enumerate((message_id, *others))]
    return Match(Decision.SURE, assurance, 0.02, tuple(candidates))


class Talking:
    """A house with two customers, Erika and Max, and Anna at her desk."""

    def __init__(self, house: House, policy: Policy = "normal") -> None:
        self.house = house
        self.policy: Policy = policy
        self.ringing = Ringing(house.database, house.bus, house.clock)

    async def open(self) -> None:
        async with self.house.database.begin() as connection:
            rows = [
                {"id": f"id-{key}", "external_id": key, "name": name, "language": "de", "created_at": START}
                for key, name in (("K-E", "Erika Muster"), ("K-M", "Max Müller"))
            ]
            await message_rows.keep_customers(connection, rows)
            await message_rows.put_on_file(connection, {"id-K-E": [MOBILE]}, [])
        self.anna, self.ben = await self.house.person("anna"), await self.house.person("ben")

    async def sent(self, message_id: str, customer: str | None = "id-K-E", days: float = 1, **values: Any) -> None:
        row = {
            "id": message_id,
            "digest": message_id,
            "channel": "sms",
            "customer_id": customer,
            "offer": {
                "title": f"Offer {message_id}",
                "facts": {"tariff": "M", "iban": {"value": "DE02 1203", "sensitive": True}},
                "script": ["It costs nothing."],
            },
            "body": f"Body of {message_id}",
            "sent_at": START - timedelta(days=days),
            "created_at": START,
        }
        async with self.house.database.begin() as connection:
            await connection.execute(messages.insert().values(row | values))

    async def call(self, found: Match | None, *, talking: bool = True, **values: Any) -> Card:
        """A call with this match that Anna has on her desk."""
        session = Session("c", "hotline", "r", "testphone", WITHHELD, None, "de", state=State.QUEUE, match=found)
        self.call_id = await self.house.call(
            channel="testphone",
            match=asdict(found) if found else None,
            message_id=found.best.message_id if found and found.best else None,
            **{"session": session_to_json(session), **values},
        )
        await self.ringing.called(self.call_id, self.call_id, self.anna, "sales")
        if talking:
            await self.ringing.answered(self.call_id, self.anna)
        return await self.card()

    async def card(self, person_id: str | None = None) -> Card:
        async with self.house.database.read() as connection:
            (card,) = await cards_for(connection, person_id or self.anna, self.house.clock(), self.policy)
        return card

    async def audited(self) -> list[tuple[str, str | None, dict[str, Any]]]:
        """What the audit log holds of what was done on cards, oldest first."""
        async with self.house.database.read() as connection:
            rows = (await connection.execute(select(audit_log).order_by(audit_log.c.id))).all()
        return [(row.action, row.subject_id, row.detail) for row in rows if row.subject != "person"]
