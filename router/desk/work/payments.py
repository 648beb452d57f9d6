"""Payment links out of a call: the agent says how much and what for, the customer gets the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import structlog
from babel.numbers import format_currency

from router.calls.outbox import Unsendable
from router.calls.payments import LONGEST_PURPOSE, Link, NoLink, Payments, cents_of
from router.desk.work.canned import Filling, offered, pays
from router.desk.work.sending import Sender, refusal
from router.desk.work.whom import Whom
from router.errors import Refused, conflict, unprocessable
from router.flow.model import Flow
from router.store import audit
from router.store import payments as store
from router.store.database import Connection, Database
from router.store.text_messages import EMAIL
from router.web.person import Person
from router.web.texts import Texts

log = structlog.get_logger(__name__)

_LOCALES = {"de": "de_DE", "en": "en_GB"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be paid."""

    cents: int
    purpose: str


def amount(cents: int, currency: str, language: str) -> str:
    """An amount as people write it in this language."""
    return format_currency(cents / 100, currency, locale=_LOCALES.get(language, "en_GB")).replace("\xa0", " ")


def wish_of(fields: Mapping[str, str], t: Texts) -> Wish:
    """What the form says. Raises `Refused` (422) with each field that is wrong."""
    cents, purpose = cents_of(fields.get("amount", "")), " ".join(fields.get("purpose", "").split())
    wrong = []
    if cents is None:
        wrong.append({"field": "amount", "message": t("work.payment.amount_wrong")})
    if not purpose or len(purpose) > LONGEST_PURPOSE or not purpose.isprintable():
        wrong.append({"field": "purpose", "message": t("work.payment.purpose_wrong", most=LONGEST_PURPOSE)})
    if wrong or cents is None:
        raise unprocessable(wrong[0]["message"], wrong)
    return Wish(cents, purpose)


def _text_of(payment_id: str) -> str:
    """The id of the text with its link: another one than what else a page sends under the id that it has."""
    return sha256(f"payment {payment_id}".encode()).hexdigest()[:32]


class PaymentLinks:
    """Asks for a link with no transaction open, and has it sent. ``currency`` is that of all of them (ISO 4217)."""

    def __init__(self, database: Database, payments: Payments, sender: Sender, currency: str) -> None:
        self._database = database
        self._payments = payments
        self._sender = sender
        self.currency = currency

    @property
    def provided(self) -> bool:
        """Whether payment links can be sent."""
        return self._payments.provided

    async def send(
        self,
        whom: Whom,
        flow: Flow | None,
        person: Person,
        fields: Mapping[str, str],
        once: str,
        clock: Callable[[], datetime],
    ) -> None:
        """Ask for a link, and store what is to be sent with it. ``once`` is the payment's id: the form sent again goes
        on where it stopped, and nothing is asked or sent twice. Raises `Refused` in the agent's language."""
        t = Texts(person.language)
        wish = wish_of(fields, t)
        if not self.provided:
            raise conflict(t("work.payment.no_provider"))
        async with self._database.begin() as connection:
            reach = await self._sender.reach(connection, whom, fields, t)
            if not self._sender.outbox.provided(reach.channel, test=whom.test):
                raise refusal(Unsendable.NO_PROVIDER, t)
            await store.add(connection, self._row(once, whom, wish, person, clock()))
            row = await store.by_id(connection, once)
        if row is None or (row.call_id, row.person_id) != (whom.call_id, person.id):
            raise conflict(t("work.payment.failed"))
        link = await self._link(row, whom, clock, t)
        await self._sent(row, link, whom, flow, person, fields, clock(), t)

    async def _link(self, row: store.PaymentRow, whom: Whom, clock: Callable[[], datetime], t: Texts) -> Link:
        """The provider's link. Where it makes none, the payment has failed."""
        if row.state != store.ASKED and row.url:
            return Link(row.url, row.provider_ref, None)
        asked = {
            "cents": row.cents,
            "currency": row.currency,
            "purpose": row.purpose,
            "customer": whom.customer.external_id if whom.customer is not None else None,
            "message": whom.message.external_id if whom.message is not None else None,
        }
        try:
            return await self._payments.link(row.id, whom.call_id, asked, clock())
        except NoLink as error:
            log.warning("no payment link", call=whom.call_id, payment=row.id, reason=str(error))
            async with self._database.begin() as connection:
                await store.change(connection, row.id, {"state": store.FAILED, "settled_at": clock()})
        raise conflict(t("work.payment.failed"))

    async def _sent(
        self,
        row: store.PaymentRow,
        link: Link,
        whom: Whom,
        flow: Flow | None,
        person: Person,
        fields: Mapping[str, str],
        now: datetime,
        t: Texts,
    ) -> None:
        try:
            async with self._database.begin() as connection:
                kept = await store.by_id(connection, row.id, lock=True)
                if kept is not None and kept.url is None and kept.state in (store.ASKED, store.FAILED):
                    found = {"state": store.OPEN, "settled_at": None, "url": link.url, "provider_ref": link.ref}
                    await store.change(connection, row.id, {**found, "expires_at": link.expires_at})
                    detail = {"cents": row.cents, "currency": row.currency}
                    await audit.note(
                        connection, now, "payment.asked", "call", whom.call_id, person_id=person.id, detail=detail
                    )
                told = await self._text(connection, row, link, whom, flow, person, fields, now, t)
                await self._sender.send(connection, whom, person.id, fields, _text_of(row.id), now, t, lambda _: told)
        except Refused:
            raise
        except Exception as error:  # its name for the payment is another one's, or the database went away
            log.error("payment link not stored", call=whom.call_id, payment=row.id, error=type(error).__name__)
            raise conflict(t("work.payment.failed")) from None

    async def _text(
        self,
        connection: Connection,
        row: store.PaymentRow,
        link: Link,
        whom: Whom,
        flow: Flow | None,
        person: Person,
        fields: Mapping[str, str],
        now: datetime,
        t: Texts,
    ) -> dict[str, str]:
        """What is sent: the canned text chosen, or a plain sentence."""
        language = whom.language(person.language)
        sum_ = amount(row.cents, row.currency, language)
        places = {"payment.url": link.url, "payment.amount": sum_, "payment.purpose": row.purpose}
        channel = fields.get("to", "").partition(":")[0]
        texts = offered(flow, whom.card.queue)
        canned = texts.get(fields.get("template", ""))
        if flow is not None and canned is not None and pays(canned) and canned.channel == channel:
            filling = await Filling.of(connection, flow, whom, person.name, person.language, now)
            filled = filling.filled(fields["template"], canned, places)
            if link.url in filled.text:
                return {"text": filled.text, "subject": filled.subject, "payment_id": row.id}
        theirs = Texts(language)
        text = theirs("work.payment.text", amount=sum_, purpose=row.purpose, url=link.url)
        subject = theirs("work.payment.subject", purpose=row.purpose) if channel == EMAIL else ""
        return {"text": text, "subject": subject, "payment_id": row.id}

    def _row(self, once: str, whom: Whom, wish: Wish, person: Person, now: datetime) -> dict[str, Any]:
        return {
            "id": once,
            "call_id": whom.call_id,
            "message_id": whom.message_id,
            "customer_id": whom.customer_id,
            "person_id": person.id,
            "cents": wish.cents,
            "currency": self.currency,
            "purpose": wish.purpose,
            "created_at": now,
        }
