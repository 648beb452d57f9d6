"""The body of a webhook: form fields as they were sent, with nothing guessed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote

MOST_FIELDS: Final = 200
"""Twilio sends about 30; SIP headers may add some."""


class Misunderstood(ValueError):
    """A request that cannot be understood; the text says which part and why, and holds nothing of what was sent."""


class Form:
    """Form fields in the order sent. A name may come several times, as the signature covers each value of it; asking
    for the one value of such a field is refused."""

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._fields = tuple(fields)
        self._values: dict[str, list[str]] = {}
        for name, value in self._fields:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    @property
    def signed(self) -> str:
        """What a signature covers: names and values run together, in order, each pair once."""
        return "".join(
            name + value
            for name, values in sorted(self._values.items())
            for value in (values if len(values) == 1 else sorted(set(values)))
        )

    def getlist(self, name: str) -> list[str]:
        """All values of a field, under the name by which twilio's validator asks for them."""
        return list(self._values.get(name, ()))

    def get(self, name: str) -> str | None:
        """The value of a field, or None. Raises `Misunderstood` when it was sent more than once."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise Misunderstood(f"the field {name} was sent more than once")
        return values[0]


def read(body: bytes) -> Form:
    """The fields of an `application/x-www-form-urlencoded` body; empty values are kept, for they are signed as well.

    Raises `Misunderstood` for text that is not UTF-8, and for too many fields.
    """
    try:
        text = body.decode()
        if text.count("&") >= MOST_FIELDS:
            raise Misunderstood(f"the body has more than {MOST_FIELDS} fields")
        pairs = (field.partition("=") for field in text.split("&") if field)
        return Form([(_plain(name), _plain(value)) for name, _, value in pairs])
    except UnicodeDecodeError:
        raise Misunderstood("the body is not UTF-8") from None


def _plain(encoded: str) -> str:
    """As `urllib.parse.parse_qsl` reads it, without its way through what has nothing to be read."""
    spaced = encoded.replace("+", " ")
    return unquote(spaced, errors="strict") if "%" in spaced else spaced
