"""The kinds of values a registration is made of, each with its limits. Everything from outside is hostile until here.

Telephone numbers are read with the region in the validation context; without one only international numbers count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, Strict, ValidationInfo, WithJsonSchema

from router.core.phone import e164
from router.core.times import rfc3339

MOST_PHONES, MOST_SKILLS, MOST_FACTS = 20, 20, 50
LARGEST_NUMBER = 10**15
"""Beyond, JSON readers disagree about a number's digits."""

LONGEST_FACT = 500
"""Characters of a fact that is a text."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff\ufeff]")
_EMAIL = re.compile(r"[^@\s<>,;:\"()]{1,64}@[^@\s<>,;:\"()]{1,250}\.[^@\s.<>,;:\"()]{2,63}")
_NO_REGION = "ZZ"


def is_storable(text: str) -> bool:
    """Whether a database takes the text at all, and a registration could have held it."""
    return _CONTROL.search(text) is None


def _clean(text: str) -> str:
    if found := _CONTROL.search(text):
        character = ord(found[0])
        if 0xDC80 <= character <= 0xDCFF:
            raise ValueError("holds bytes that are not UTF-8; save the file as UTF-8")
        raise ValueError(f"holds the character U+{character:04X}, which has no place in a text")
    return text.strip()


def _single_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("must be a single line")
    return text


def _if_text(check: Callable[[str], object]) -> Callable[[object], object]:
    return lambda value: check(value) if isinstance(value, str) else value


_CLEANED, _ONE_LINE = BeforeValidator(_if_text(_clean)), AfterValidator(_single_line)
# Cleaned before pydantic looks: it cannot take lone surrogates, and blanks around a text do not count.


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


BlankIsNone = BeforeValidator(_none_if_blank)
"""An optional text that is blank was not given."""

Summary = Annotated[str, Field(max_length=2000), _CLEANED]
Body = Annotated[str, Field(max_length=20_000), _CLEANED]
"""Texts of several lines."""


def _phone(text: str, info: ValidationInfo) -> str:
    region = (info.context or {}).get("region", _NO_REGION)
    number = e164(text, region)
    if number is None:
        raise ValueError("is not a telephone number in full; write it like +4930123456 or 030 123456")
    return number


Phone = Annotated[str, Field(max_length=200), AfterValidator(_phone)]
"""A telephone number in any spelling; E.164 once read."""


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("is not an e-mail address")
    return text


Email = Annotated[str, Field(max_length=320), _CLEANED, AfterValidator(_email)]

Moment = Annotated[
    datetime,
    Strict(),
    BeforeValidator(_if_text(rfc3339)),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-31T18:00:00+02:00"]}),
]
"""RFC 3339 with an offset, 2000 to 2100; UTC once read."""

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", examples=["de"])]
Topic = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["power"])]
"""One of the topics that flows ask for."""
PoolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", examples=["spring"])]
QueueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", examples=["sales"])]


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#\"<>\\][^\s\"<>\\]*", text, re.IGNORECASE):
        raise ValueError("is not a web address; it begins with https:// or http://")
    return text


WebAddress = Annotated[str, Field(max_length=2000), _CLEANED, AfterValidator(_web_address)]

Segment = Annotated[str, Field(min_length=1, max_length=40, examples=["gold"]), _CLEANED, _ONE_LINE]
Short = Annotated[str, Field(min_length=1, max_length=64), _CLEANED, _ONE_LINE]
Name = Annotated[str, Field(min_length=1, max_length=200), _CLEANED, _ONE_LINE]
FactName = Annotated[str, Field(min_length=1, max_length=60), _CLEANED, _ONE_LINE]


MOST_SENTENCES = 10
Sentence = Annotated[str, Field(min_length=1, max_length=300), _CLEANED, _ONE_LINE]


def _sentences(value: object) -> object:
    """A text is a sentence a line; ``|`` separates them, too."""
    if isinstance(value, str):
        return [part.strip() for part in re.split(r"[\n|]", value.replace("\r", "\n")) if part.strip()]
    return () if value is None else value


Script = Annotated[
    tuple[Sentence, ...],
    Field(max_length=MOST_SENTENCES),
    BeforeValidator(_sentences),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string", "maxLength": 300}, "maxItems": MOST_SENTENCES},
                {"type": "string"},
                {"type": "null"},
            ],
            "examples": [["Das Angebot gilt noch bis Ende der Woche.", "Der Wechsel kostet nichts."]],
        }
    ),
]
"""What to say, sentence by sentence: a list, or one text with a sentence a line."""


def _fact(value: object) -> object:
    """A text, number or yes/no; or ``{"value": …, "sensitive": true}`` for what stays closed until a check."""
    if isinstance(value, dict):
        if not set(value) <= {"value", "sensitive"} or "value" not in value:
            raise ValueError('has to be a text, a number, true or false, or {"value": …, "sensitive": true}')
        if not isinstance(value.get("sensitive", True), bool):
            raise ValueError('"sensitive" has to be true or false')
        plain = _plain(value["value"])
        return {"value": plain, "sensitive": True} if value.get("sensitive", True) else plain
    return _plain(value)


def _plain(value: object) -> str | bool | int | float:
    match value:
        case bool():
            return value
        case int() | float():
            if not abs(value) <= LARGEST_NUMBER:  # NaN compares as false
                raise ValueError("is too large a number; write it as a text")
            return value
        case str():
            text = _single_line(_clean(value))
            if len(text) > LONGEST_FACT:
                raise ValueError(f"is longer than {LONGEST_FACT} characters")
            return text
        case _:
            raise ValueError("has to be a text, a number, true or false")


_PLAIN_SCHEMA = {"type": ["string", "number", "boolean"]}
_FACT_SCHEMA = {
    "anyOf": [
        _PLAIN_SCHEMA,
        {
            "type": "object",
            "properties": {"value": _PLAIN_SCHEMA, "sensitive": {"type": "boolean"}},
            "required": ["value"],
            "additionalProperties": False,
        },
    ]
}
Fact = Annotated[Any, BeforeValidator(_fact), WithJsonSchema(_FACT_SCHEMA)]
"""Something the agent needs to know about an offer."""
