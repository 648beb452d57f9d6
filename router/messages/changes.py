"""Which fields of a repeated registration differ from what is stored, to tell a sender what clashes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from router.messages.registration import Customer, Registration


def changed_fields(registration: Registration, row: Any, phones: Collection[str]) -> list[str]:
    """The names of the fields that differ, at least one. ``row`` is the message as `store.messages.by_id` gives it,
    ``phones`` what is on file for its customer. Only for registrations whose digests differ."""
    changed = [*_of_message(registration, row), *_of_customer(registration, row, phones)]
    # What is stored may hide a difference: an absent time of sending was filled in, a customer was changed since.
    return changed or ["customer" if registration.customer is not None else "sent_at"]


def _of_message(registration: Registration, row: Any) -> Iterator[str]:
    told: dict[str, object] = {
        "channel": registration.channel,
        "to.phone": registration.to.phone,
        "to.email": registration.to.email,
        "body": registration.body,
        "reference": registration.reference,
        "campaign": registration.campaign,
        "call_to_action": registration.call_to_action,
        "pool": registration.pool,
        "lease": registration.leased_to,
    }
    columns = {"to.phone": "to_phone", "to.email": "to_email"}
    for field, value in told.items():
        if value != getattr(row, columns.get(field, field)):
            yield field
    for name, value in registration.stored_offer().items():
        if (value or None) != (row.offer.get(name) or None):
            yield f"offer.{name}"
    if registration.sent_at is not None and registration.sent_at != row.sent_at:
        yield "sent_at"


def _of_customer(registration: Registration, row: Any, phones: Collection[str]) -> Iterator[str]:
    customer = registration.customer
    if (customer is None) != (row.customer_id is None):
        yield "customer"
    if customer is None or row.customer_id is None:
        return
    for name in ("external_id", "name", "language", "segment"):
        told, value = getattr(customer, name), getattr(row, f"customer_{name}")
        if told != value and (told is not None or name == "external_id"):
            yield f"customer.{name}"
    if customer.phones is not None and not _same_phones(customer, registration, phones):
        yield "customer.phones"


def _same_phones(customer: Customer, registration: Registration, phones: Collection[str]) -> bool:
    return {*(customer.phones or ()), registration.to.phone} - {None} == set(phones)
