"""The body of a webhook: form fields as they were sent, with nothing guessed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl

MOST_FIELDS: Final = 200
"""Twilio sends about 30; SIP headers may add some."""


class Misunderstood(ValueError):
    """A request that cannot be understood; the text says which part and why, and holds nothing of what was sent."""


class Form:
    """Form fields in the order sent. A name may come several times, as the signature covers each value of it; asking
    for the one value of such a field is refused."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._fields = tuple(fields)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def getlist(self, name: str) -> list[str]:
        """All values of a field, under the name by which twilio's validator asks for them."""
        return [value for each, value in self._fields if each == name]

    def get(self, name: str) -> str | None:
        """The value of a field, or None. Raises `Misunderstood` when it was sent more than once."""
        values = self.getlist(name)
        if len(values) > 1:
            raise Misunderstood(f"the field {name} was sent more than once")
        return values[0] if values else None


def read(body: bytes) -> Form:
    """The fields of an `application/x-www-form-urlencoded` body; empty values are kept, for they are signed as well.

    Raises `Misunderstood` for text that is not UTF-8, and for too many fields.
    """
    try:
        return Form(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS))
    except UnicodeDecodeError:
        raise Misunderstood("the body is not UTF-8") from None
    except ValueError:
        raise Misunderstood(f"the body has more than {MOST_FIELDS} fields") from None
