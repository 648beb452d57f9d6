"""Which numbers the house may send a text message to or call back: of a country that is allowed, and never one that
costs more than a plain call or is answered by no person."""

from __future__ import annotations

from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

_TEXTS = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_CALLS = frozenset({*_TEXTS, PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP})


@dataclass(frozen=True, slots=True)
class Destinations:
    """``allowed`` are countries (ISO 3166: ``DE``) and beginnings of numbers (``+4366``)."""

    allowed: tuple[str, ...]

    def allow(self, number: str) -> bool:
        """Whether ``number`` (E.164) is of an allowed country. One country code may be that of several countries: +1 is
        that of islands whose calls are dear."""
        parsed = _parsed(number)
        if parsed is None:
            return False
        country = phonenumbers.region_code_for_number(parsed)
        return any(entry == country or (entry[0] == "+" and number.startswith(entry)) for entry in self.allowed)

    def may_be_called(self, number: str) -> bool:
        """Whether somebody may call ``number`` (E.164) on our account."""
        return _kind(number) in _CALLS and self.allow(number)


def takes_texts(number: str) -> bool:
    """Whether ``number`` (E.164) can be that of a mobile phone."""
    return _kind(number) in _TEXTS


def _kind(number: str) -> int:
    parsed = _parsed(number)
    return PhoneNumberType.UNKNOWN if parsed is None else phonenumbers.number_type(parsed)


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number)
    except NumberParseException:
        return None
