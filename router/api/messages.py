"""`/v1/messages`: registering what was sent, reading it again, and its QR code."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from router.api.bodies import Answer, json_bytes
from router.api.description import says, takes
from router.api.keys import Allowed, Asker
from router.api.turns import Turns
from router.errors import not_found
from router.messages.registrar import Registrar
from router.messages.registration import Registration, read
from router.web.reads import Reads

_LONGEST_ID: Final = 32
_SVG_HEADERS: Final = {
    "Content-Disposition": 'inline; filename="callback.svg"',
    "Cache-Control": "private, max-age=3600",
    # On a page of ours the picture is an image; on its own it may bring its own style and nothing else.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


class Handles(BaseModel):
    """What to print in the message so that a call finds it."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(examples=["5b0c3c2f0a8f4b0e9a3d6c1e2f4a5b6c"])
    callback_code: Annotated[str | None, Field(description="Digits to key in.", examples=["4821390657"])]
    reference: Annotated[str | None, Field(description="The one given.", examples=["A-4711"])]
    tel_link: Annotated[
        str | None, Field(description="Dials and keys the code in.", examples=["tel:+493023125000,,,4821390657"])
    ]
    qr_url: Annotated[str | None, Field(description="Path of the link as a QR code, on this service.")]
    service_number: Annotated[str | None, Field(description="The number to call.", examples=["+493023125000"])]


class StoredMessage(Handles):
    """A message with its handles. `offer.facts` come as they were given."""

    external_id: str | None
    channel: str
    to: dict[str, str | None]
    customer: dict[str, Any] | None
    offer: dict[str, Any]
    body: str
    campaign: str | None
    call_to_action: bool | None
    pool: str | None
    lease: Annotated[str | None, Field(description="message or campaign; null where it names no pool")]
    sent_at: str
    code_expires_at: str | None
    delivery: Annotated[str | None, Field(description="sent, delivered, read or failed; null: not told")]
    delivery_at: str | None
    answered_at: Annotated[str | None, Field(description="When somebody had called about it, or it was settled.")]


_EXAMPLE: Final = {
    "external_id": "crm-2026-000123",
    "channel": "sms",
    "to": {"phone": "+491713920011"},
    "customer": {
        "external_id": "K-1001",
        "name": "Anna Beispiel",
        "language": "de",
        "segment": "gold",
        "phones": ["+491713920011", "030/23125-011"],
    },
    "offer": {
        "title": "Ökostrom 12 Monate",
        "summary": "Preisgarantie für zwölf Monate",
        "valid_until": "2026-12-31T23:59:59+01:00",
        "queue": "sales",
        "script": ["Der Preis gilt zwölf Monate fest.", "Ich kann den Wechsel gleich für Sie veranlassen."],
        "facts": {"Preis": "29,90 €", "IBAN": {"value": "DE…4711", "sensitive": True}},
    },
    "body": "Ihr Angebot: Ökostrom 12 Monate. Rufen Sie uns an!",
    "reference": "A-4711",
    "campaign": "autumn",
    "sent_at": "2026-11-20T10:00:00+01:00",
}


def routes(registrar: Registrar, turns: Turns, writers: Allowed, readers: Allowed, reads: Reads) -> APIRouter:
    """Registering for ``writers``, the rest for ``readers``."""
    router = APIRouter(prefix="/v1/messages", tags=["messages"])

    @router.post(
        "",
        operation_id="register_message",
        status_code=201,
        responses={
            200: {"model": Handles, "description": "Registered before with the same content; the same handles again."},
            201: {"model": Handles, "description": "Registered."},
            **says(400, 401, 403, 409, 413, 415, 422, 503),
        },
        openapi_extra=takes(Registration, _EXAMPLE),
        dependencies=[Depends(writers)],
    )
    async def register(request: Request) -> Answer:
        """Register a message that was or will be sent, and get its handles.

        Told twice with the same `external_id` and the same content it is one message; with other content it is refused
        (409). What was answered is stored.
        """
        registration = read(await json_bytes(request), registrar.rules.region)
        async with turns.one():
            registered = await registrar.register(registration)
        headers = {"Location": f"/v1/messages/{registered.id}"}
        return Answer(registered.as_json(), 201 if registered.created else 200, headers)

    @router.get(
        "",
        operation_id="find_message",
        responses={200: {"model": StoredMessage}, **says(401, 403, 404, 422)},
    )
    async def find(
        external_id: Annotated[str, Query(min_length=1, max_length=200, description="The message's id at the sender.")],
        asker: Asker = Depends(readers),
    ) -> Answer:
        """The message that its sender calls `external_id`."""
        async with turns.one():
            found = await registrar.stored_as(external_id.strip())
            if found is not None:
                await reads.note("message.seen", "message", found["id"], **asker.noted)
        return _found(found)

    @router.get(
        "/{message_id}",
        operation_id="read_message",
        responses={200: {"model": StoredMessage}, **says(401, 403, 404)},
    )
    async def one(message_id: str, asker: Asker = Depends(readers)) -> Answer:
        """A message with its handles."""
        _check_id(message_id)
        async with turns.one():
            found = await registrar.stored(message_id)
            if found is not None:
                await reads.note("message.seen", "message", message_id, **asker.noted)
        return _found(found)

    @router.delete(
        "/{message_id}/code",
        operation_id="revoke_code",
        status_code=204,
        response_class=Response,
        responses={204: {"description": "The code is erased, or was before."}, **says(401, 403, 404)},
    )
    async def revoke(message_id: str, asker: Asker = Depends(writers)) -> Response:
        """Erase the callback code of a message, because it was lost or the offer was taken back.

        From now on it sounds like any wrong code. The message and its other handles stay.
        """
        _check_id(message_id)
        async with turns.one():
            found = await registrar.revoke_code(message_id)
        if not found:
            raise not_found("There is no such message.")
        await reads.note("code.revoked", "message", message_id, **asker.noted)
        return Response(status_code=204)

    @router.get(
        "/{message_id}/qr.svg",
        operation_id="message_qr_code",
        response_class=Response,
        responses={
            200: {"content": {"image/svg+xml": {}}, "description": "An SVG document."},
            **says(401, 403, 404),
        },
        dependencies=[Depends(readers)],
    )
    async def qr_code(message_id: str) -> Response:
        """The tel link as a QR code, to be printed. It holds the callback code: keep it as you keep the message."""
        _check_id(message_id)
        async with turns.one():
            drawn = await registrar.qr_code(message_id)
        if drawn is None:
            raise not_found("There is no such message, or it has no tel link: that needs a service number and a code.")
        return Response(drawn, media_type="image/svg+xml", headers=_SVG_HEADERS)

    return router


def _found(message: dict[str, Any] | None) -> Answer:
    if message is None:
        raise not_found("There is no such message.")
    return Answer(message)


def _check_id(message_id: str) -> None:
    if len(message_id) > _LONGEST_ID:
        raise not_found("There is no such message.")
