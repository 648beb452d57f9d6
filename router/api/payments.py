"""`POST /v1/payments/{id}`: what became of a payment link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from router.api.bodies import Answer, json_body
from router.api.description import says, takes
from router.api.keys import Allowed, Asker
from router.api.turns import Turns
from router.errors import not_found
from router.messages.fields import is_storable
from router.store import audit, cards
from router.store import payments as store
from router.store.bus import Bus
from router.store.database import Connection, Database

_LONGEST_ID: Final = 200
_EXAMPLE: Final = {"state": "paid"}


class PaymentReport(BaseModel):
    """What the payment provider tells of a payment link."""

    model_config = ConfigDict(extra="forbid")

    state: Annotated[Literal["paid", "failed", "expired"], Field(description="What became of it.")]


class ReportedPayment(BaseModel):
    """What is known of a payment after a report."""

    model_config = ConfigDict(extra="forbid")

    id: str
    state: Annotated[str, Field(description="asked, open, paid, failed or expired")]
    settled_at: str | None


def routes(database: Database, bus: Bus, clock: Callable[[], datetime], turns: Turns, writers: Allowed) -> APIRouter:
    """Reports by ``writers``."""
    router = APIRouter(prefix="/v1/payments", tags=["payments"])

    @router.post(
        "/{payment_id}",
        operation_id="report_payment",
        responses={200: {"model": ReportedPayment}, **says(400, 401, 403, 404, 413, 415, 422)},
        openapi_extra=takes(PaymentReport, _EXAMPLE),
    )
    async def report(request: Request, payment_id: str, asker: Asker = Depends(writers)) -> Answer:
        """Tell what became of a payment link. Repeats and late reports do no harm: what was paid stays paid."""
        told = await json_body(request, PaymentReport)
        row, person_id = None, None
        if is_storable(payment_id) and len(payment_id) <= _LONGEST_ID:
            async with turns.one(), database.begin() as connection:
                row, person_id = await settle(connection, payment_id, told.state, asker.id, clock())
        if row is None:
            raise not_found("There is no such payment.")
        if person_id is not None:
            bus.announce(f"desk:{person_id}")
        settled = row.settled_at.isoformat() if row.settled_at else None
        return Answer({"id": row.id, "state": row.state, "settled_at": settled})

    return router


async def settle(
    connection: Connection, payment_id: str, state: str, key_id: str, now: datetime
) -> tuple[Any | None, str | None]:
    """Store it, and tell the desk of whoever sent the link: the payment as it is now, and whose desk is to be woken
    after the commit."""
    row = await store.by_id(connection, payment_id, lock=True)
    if row is None or row.state == state or row.state == store.PAID:
        return row, None
    await store.change(connection, payment_id, {"state": state, "settled_at": now})
    await audit.note(connection, now, "payment.told", "call", row.call_id, key_id=key_id, detail={"state": state})
    told = await cards.tell_of_work(connection, row.call_id, row.person_id, now) if row.call_id else None
    return await store.by_id(connection, payment_id), told
