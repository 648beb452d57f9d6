"""Stores what was sent and gives each message its handles. Told the same again, it gives the same handles again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.errors import Refused, unprocessable
from router.matching import references
from router.matching.codes import CodeKeys
from router.messages import customers, leasing
from router.messages.changes import changed_fields
from router.messages.fields import is_storable
from router.messages.handles import QR_PATH, HandleRules, qr_svg
from router.messages.issuing import CodeIssuer, random_digits
from router.messages.pools import Claim
from router.messages.registration import Registration, as_sent
from router.store import codes
from router.store import messages as store
from router.store.database import Connection, Database, new_id

_MOST_CODES = 20
"""Codes tried until one is free. With a tenth of all codes in use twenty clashes in a row come once in 10^20."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the sender gets back, to be printed in the message. ``created`` is False for a repeat.

    ``callback_code`` is None when it was revoked, or issued under a secret that is not known any more; ``tel_link`` and
    ``qr_url`` are None without a service number or a code.
    """

    id: str
    external_id: str | None
    callback_code: str | None
    reference: str | None
    tel_link: str | None
    qr_url: str | None
    service_number: str | None
    created: bool

    def as_json(self) -> dict[str, Any]:
        """The answer of `POST /v1/messages`."""
        return {
            "id": self.id,
            "callback_code": self.callback_code,
            "reference": self.reference,
            "tel_link": self.tel_link,
            "qr_url": self.qr_url,
            "service_number": self.service_number,
        }


@dataclass(frozen=True, slots=True)
class _New:
    """A message about to be stored."""

    message_id: str
    code: str
    registration: Registration
    columns: dict[str, Any]


class Registrar:
    """Where messages are registered and looked up by their senders."""

    def __init__(
        self,
        database: Database,
        keys: CodeKeys,
        rules: HandleRules,
        clock: Callable[[], datetime],
        *,
        draw: Callable[[int], str] = random_digits,
        make_id: Callable[[], str] = new_id,
    ) -> None:
        self.database = database
        self.rules = rules
        self._keys = keys
        self._clock = clock
        self._make_id = make_id
        self._codes = CodeIssuer(keys, rules.budget, clock, draw)

    async def prepare(self) -> None:
        """Make ready for registering within a transaction, before it is opened: count live codes where that is due."""
        await self._codes.prepare(self.database)

    async def register(self, registration: Registration) -> Registered:
        """Store the message in a transaction of its own; what it answers is stored.

        Raises `Refused`: 409 when its ``external_id`` stands for a message with other content, 503 when another code
        would break the guessing budget.
        """
        await self.prepare()
        async with self.database.begin() as connection:
            return await self.register_in(connection, registration)

    async def register_in(self, connection: Connection, registration: Registration) -> Registered:
        """`register` within the caller's transaction. A refusal has changed nothing in it."""
        digest = registration.digest()
        for _ in range(_MOST_CODES):
            known = await self._known(connection, registration, digest)
            if known is not None:
                return known
            self._check(registration)
            await leasing.hold(connection, [registration])
            new = self._new(registration, digest, await self._codes.one(connection))
            if await self._codes.taken(connection, [new.code]):
                continue
            leased = await self._lease(connection, [new])
            # The message first and its customer after it: where another transaction was quicker with the same
            # message, nothing was changed.
            if stored := await store.add(connection, [new.columns]):
                await leased.keep(connection, stored)
                await self._keep_customers(connection, [new])
                return self._of_new(new)
        raise Refused(503, "No free code", "All callback codes tried are in use. Set a larger THREADLINE_CODE_DIGITS.")

    async def register_new(
        self, connection: Connection, registrations: Sequence[Registration]
    ) -> list[Registered | None]:
        """Register at one go, within the caller's transaction, what is plainly new, and leave the rest (None) for
        `register_in`: known messages, and a message or customer that came before in ``registrations``."""
        known = await store.known_among(connection, [each.external_id for each in registrations if each.external_id])
        # Also for those left to `register_in`, which come when rows are locked already.
        await leasing.hold(connection, [each for each in registrations if each.external_id not in known])
        plain = [place for place in _plainly_new(registrations, known) if not self.rules.errors(registrations[place])]
        drawn = await self._codes.several(connection, len(plain))
        new = {
            place: self._new(registrations[place], registrations[place].digest(), code)
            for place, code in zip(plain, drawn, strict=False)
            if code is not None
        }
        leased = await self._lease(connection, list(new.values()))
        stored = await store.add(connection, [each.columns for each in new.values()]) if new else set()
        new = {place: each for place, each in new.items() if each.message_id in stored}
        await leased.keep(connection, stored)
        await self._keep_customers(connection, list(new.values()))
        return [self._of_new(new[place]) if place in new else None for place in range(len(registrations))]

    async def stored(self, message_id: str) -> dict[str, Any] | None:
        """A message as JSON, with its fields and handles, or None."""
        if not is_storable(message_id):
            return None
        async with self.database.read() as connection:
            return await self._as_json(connection, await store.by_id(connection, message_id))

    async def stored_as(self, external_id: str) -> dict[str, Any] | None:
        """The message that its sender calls ``external_id`` as JSON, or None."""
        if not is_storable(external_id):
            return None
        async with self.database.read() as connection:
            return await self._as_json(connection, await store.by_external_id(connection, external_id))

    async def qr_code(self, message_id: str) -> bytes | None:
        """The QR code of a message's tel link as SVG; None when there is no such message or link."""
        if not is_storable(message_id):
            return None
        async with self.database.read() as connection:
            row = await store.by_id(connection, message_id)
        link = None if row is None else self._of_row(row).tel_link
        return None if link is None else qr_svg(link)

    async def revoke_code(self, message_id: str) -> bool:
        """Erase a message's code: from now on it sounds like any wrong one, and is not given again. False when there is
        no such message; done twice it is the same."""
        if not is_storable(message_id):
            return False
        async with self.database.begin() as connection:
            return await codes.revoke(connection, message_id)

    def _check(self, registration: Registration) -> None:
        if wrong := self.rules.errors(registration):
            raise unprocessable(f"{wrong[0]['field']}: {wrong[0]['message']}", wrong)

    async def _known(self, connection: Connection, registration: Registration, digest: str) -> Registered | None:
        if registration.external_id is None:
            return None
        row = await store.by_external_id(connection, registration.external_id)
        if row is None:
            return None
        if row.digest == digest:
            return self._of_row(row)
        phones = [] if row.customer_id is None else await store.phones_of(connection, row.customer_id)
        fields = changed_fields(registration, row, phones)
        raise Refused(
            409,
            "Conflict",
            f"external_id: this message is registered already with another {', '.join(fields)}. "
            "Send what was registered, or give the new message an external_id of its own.",
            more={"errors": [{"field": field, "message": "differs from what is registered"} for field in fields]},
        )

    def _new(self, registration: Registration, digest: str, code: str) -> _New:
        message_id = self._make_id()
        now = self._clock()
        sent_at = registration.sent_at or now
        columns = {
            "id": message_id,
            "external_id": registration.external_id,
            "digest": digest,
            "channel": registration.channel,
            "to_phone": registration.to.phone,
            "to_email": registration.to.email,
            "offer": registration.stored_offer(),
            "body": registration.body,
            "reference": registration.reference,
            "reference_key": references.normalise(registration.reference) if registration.reference else None,
            "campaign": registration.campaign,
            "call_to_action": registration.call_to_action,
            "pool": registration.pool,
            "lease": registration.leased_to,
            "service_number": self.rules.service_number,
            "code_hash": self._keys.code_hash(code),
            "code_sealed": self._keys.seal(code, message_id),
            "code_digits": len(code),
            "code_expires_at": self.rules.code_expires_at(registration.offer.valid_until, sent_at),
            "sent_at": sent_at,
            "created_at": now,
        }
        return _New(message_id, code, registration, columns)

    async def _lease(self, connection: Connection, new: Sequence[_New]) -> leasing.Leased:
        """Give the messages that name a pool numbers of it as far as there are any; the others keep the general one."""
        claims = [claim for each in new for claim in self._claim(each)]
        leased = await leasing.lease(connection, self.rules.pools, claims, self._clock())
        for each in new:
            each.columns["service_number"] = leased.numbers.get(each.message_id, each.columns["service_number"])
        return leased

    def _claim(self, new: _New) -> Iterator[Claim]:
        told = new.registration
        if told.pool is not None:
            campaign = told.campaign if told.leased_to == "campaign" else None
            until = self.rules.leased_until(told.offer.valid_until, new.columns["sent_at"])
            yield Claim(new.message_id, told.pool, campaign, until, self._make_id())

    async def _keep_customers(self, connection: Connection, new: Sequence[_New]) -> None:
        addressees = [
            customers.Addressee(each.message_id, each.registration.customer, each.registration.to.phone)
            for each in new
            if each.registration.customer is not None
        ]
        await customers.keep(connection, addressees, self._make_id, self._clock())

    def _of_new(self, new: _New) -> Registered:
        told = new.registration
        return self._registered(
            new.message_id, told.external_id, new.code, told.reference, new.columns["service_number"], True
        )

    def _of_row(self, row: store.MessageRow) -> Registered:
        code = None if row.code_sealed is None else self._keys.unseal(row.code_sealed, row.id)
        return self._registered(row.id, row.external_id, code, row.reference, row.service_number, False)

    def _registered(
        self,
        message_id: str,
        external_id: str | None,
        code: str | None,
        reference: str | None,
        service_number: str | None,
        created: bool,
    ) -> Registered:
        link = self.rules.tel_link(service_number, code)
        qr_url = QR_PATH.format(id=message_id) if link else None
        return Registered(message_id, external_id, code, reference, link, qr_url, service_number, created)

    async def _as_json(self, connection: Connection, row: store.MessageRow | None) -> dict[str, Any] | None:
        if row is None:
            return None
        customer = None
        if row.customer_id is not None:
            customer = {
                "external_id": row.customer_external_id,
                "name": row.customer_name,
                "language": row.customer_language,
                "segment": row.customer_segment,
                "phones": await store.phones_of(connection, row.customer_id),
            }
        return {
            **self._of_row(row).as_json(),
            "external_id": row.external_id,
            "channel": row.channel,
            "to": {"phone": row.to_phone, "email": row.to_email},
            "customer": customer,
            "offer": row.offer,
            "body": row.body,
            "campaign": row.campaign,
            "call_to_action": row.call_to_action,
            "pool": row.pool,
            "lease": row.lease,
            "sent_at": as_sent(row.sent_at),
            "code_expires_at": as_sent(row.code_expires_at),
            "delivery": row.delivery,
            "delivery_at": as_sent(row.delivery_at),
            "answered_at": as_sent(row.answered_at),
        }


def _plainly_new(registrations: Sequence[Registration], known: Collection[str]) -> list[int]:
    """The places of those whose order does not matter: each message and each customer at its first place only, and
    none whose customer has to be looked for by name."""
    plain = []
    seen: set[tuple[str, str]] = {("message", external_id) for external_id in known}
    for place, each in enumerate(registrations):
        keys = set()
        if each.external_id is not None:
            keys.add(("message", each.external_id))
        if each.customer is not None and each.customer.external_id is not None:
            keys.add(("customer", each.customer.external_id))
        nameless = each.customer is not None and each.customer.external_id is None
        if not nameless and not keys & seen:
            plain.append(place)
        seen |= keys
    return plain
