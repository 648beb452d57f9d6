"""What a sender tells us about a message: the fields of `POST /v1/messages` and of a row of a file."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from router.core.json_text import strict_json
from router.errors import bad_request, unprocessable
from router.messages.fields import (
    MOST_FACTS,
    MOST_PHONES,
    MOST_SKILLS,
    BlankIsNone,
    Body,
    Email,
    Fact,
    FactName,
    Language,
    Moment,
    Name,
    Phone,
    PoolName,
    QueueName,
    Script,
    Segment,
    Short,
    Summary,
    Topic,
    WebAddress,
)

MOST_ERRORS = 20
"""Field errors told at one time."""

FieldErrors = list[dict[str, str]]
"""One ``{"field": "offer.title", "message": "is missing"}`` for each wrong field."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recipient(_Part):
    """Where the message went."""

    phone: Annotated[Phone | None, BlankIsNone] = None
    email: Annotated[Email | None, BlankIsNone] = None


class Customer(_Part):
    """Whom the message went to. ``phones`` are all numbers on file: they replace those known for this customer, and
    where it is left out, those known stay."""

    external_id: Annotated[Name | None, BlankIsNone, Field(description="The customer's id at the sender.")] = None
    name: Annotated[Name | None, BlankIsNone] = None
    language: Annotated[Language | None, BlankIsNone] = None
    segment: Annotated[
        Segment | None, BlankIsNone, Field(description="What the sender counts the customer among; flows may go by it.")
    ] = None
    phones: Annotated[tuple[Phone, ...] | None, Field(max_length=MOST_PHONES)] = None

    @model_validator(mode="after")
    def _somebody(self) -> Customer:
        if self.external_id is None and self.name is None and not self.phones:
            raise ValueError("names nobody; give external_id, name or phones")
        return self


class Offer(_Part):
    """What the message proposes. ``facts`` is what the agent needs to know."""

    title: Name
    summary: Annotated[Summary | None, BlankIsNone] = None
    valid_from: Annotated[Moment | None, BlankIsNone] = None
    valid_until: Annotated[Moment | None, BlankIsNone] = None
    queue: Annotated[QueueName | None, BlankIsNone, Field(description="The queue its callers go to.")] = None
    skills: Annotated[tuple[Short, ...], Field(max_length=MOST_SKILLS)] = ()
    topic: Annotated[Topic | None, BlankIsNone, Field(description="What it is about, in a topic of the flow.")] = None
    url: Annotated[WebAddress | None, BlankIsNone] = None
    script: Annotated[
        Script, Field(description="What the agent can say about it: sentences, or a text with one a line.")
    ] = ()
    facts: Annotated[dict[FactName, Fact], Field(max_length=MOST_FACTS)] = {}

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Offer:
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise ValueError("ends before it begins; valid_until has to be later than valid_from")
        return self


def _none_is_empty(value: object) -> object:
    return {} if value is None else value


class Registration(_Part):
    """A message that was sent. Read it with `read`, which knows the region of national telephone numbers."""

    external_id: Annotated[
        Name | None, BlankIsNone, Field(description="The message's id at the sender; told twice, it is one message.")
    ] = None
    channel: Literal["sms", "email", "letter", "call"]
    to: Annotated[Recipient, BeforeValidator(_none_is_empty)] = Recipient()
    customer: Customer | None = None
    offer: Offer
    body: Annotated[Body, Field(description="The text as it was sent.")] = ""
    reference: Annotated[
        Short | None, BlankIsNone, Field(description="The sender's own identifier printed in the message.")
    ] = None
    campaign: Annotated[Name | None, BlankIsNone] = None
    call_to_action: Annotated[
        StrictBool | None, Field(description="Whether the message asks to call; left out: not known.")
    ] = None
    pool: Annotated[
        PoolName | None, BlankIsNone, Field(description="The pool that its service number is to come from.")
    ] = None
    lease: Annotated[
        Literal["message", "campaign"] | None,
        BlankIsNone,
        Field(description="What has that number to itself; the campaign, where there is one and this is left out."),
    ] = None
    sent_at: Annotated[Moment | None, BlankIsNone, Field(description="Now, where it is left out.")] = None

    @field_validator("lease")
    @classmethod
    def _of_something(cls, lease: str | None, info: ValidationInfo) -> str | None:
        told = info.data
        if lease is not None and "pool" in told and told["pool"] is None:
            raise ValueError("says what has a number of a pool to itself; give pool, too")
        if lease == "campaign" and "campaign" in told and told["campaign"] is None:
            raise ValueError("is the campaign, but there is none; give campaign, too")
        return lease

    @model_validator(mode="after")
    def _to_somebody(self) -> Registration:
        if self.to.phone is None and self.to.email is None and self.customer is None:
            raise ValueError("nobody to tie a call to; give to.phone, to.email or customer")
        return self

    @property
    def leased_to(self) -> Literal["message", "campaign"] | None:
        """What has its number of a pool to itself; None where it names no pool."""
        return None if self.pool is None else self.lease or self._usual_lease

    @property
    def _usual_lease(self) -> Literal["message", "campaign"]:
        return "message" if self.campaign is None else "campaign"

    def digest(self) -> str:
        """64 hexadecimal digits by which a repeat is told from a clash: what means the same has the same digest."""
        # Without what was left out, so that a field added to this model one day changes no digest.
        content = self.model_dump(mode="json", exclude_defaults=True)
        if self.lease == self._usual_lease:
            del content["lease"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def stored_offer(self) -> dict[str, Any]:
        """The offer as it is stored: every field of `Offer`, times in RFC 3339."""
        return self.offer.model_dump(mode="json")


def read(data: object, region: str) -> Registration:
    """The registration in ``data``: JSON as bytes, or what JSON was read into. ``region`` (ISO 3166) is where
    national telephone numbers belong.

    Raises `Refused`: 400 for what is not JSON, 422 with one entry in ``errors`` for each wrong field.
    """
    if isinstance(data, bytes):
        try:
            data = strict_json(data)
        except ValueError as error:
            raise bad_request(f"This is not JSON: {error}") from None
    try:
        return Registration.model_validate(data, context={"region": region})
    except ValidationError as error:
        wrong = field_errors(error)
        raise unprocessable(f"{wrong[0]['field']}: {wrong[0]['message']}", wrong) from None


def field_errors(error: ValidationError) -> FieldErrors:
    """What is wrong, field by field, in words for people and without the values given."""
    details = error.errors(include_url=False, include_input=False)
    return [{"field": _field(detail["loc"]), "message": _message(detail)} for detail in details[:MOST_ERRORS]]


def _field(location: tuple[int | str, ...]) -> str:
    parts = (str(part)[:60] for part in location if part != "[key]")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in ".".join(parts)) or "message"


def _message(detail: ErrorDetails) -> str:
    limits = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "there is no such field"
        case "model_type" | "dict_type" | "model_attributes_type":
            return "has to be an object"
        case "string_type":
            return "has to be a text"
        case "bool_type":
            return "has to be true or false"
        case "datetime_type":
            return "has to be a time with an offset; write it like 2026-03-31T18:00:00+02:00"
        case "string_too_short":
            return "is empty"
        case "string_too_long":
            return f"is longer than {limits['max_length']} characters"
        case "too_long":
            return f"has more than {limits['max_length']} entries"
        case "literal_error":
            return f"has to be {limits['expected']}"
        case "string_pattern_mismatch":
            return f"does not have the form {limits['pattern']}"
        case _:
            text = detail["msg"].removeprefix("Value error, ")
            return text[:1].lower() + text[1:]


def as_sent(moment: datetime | None) -> str | None:
    """A time for JSON, in RFC 3339."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
