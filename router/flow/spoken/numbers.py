"""Numbers and amounts of money."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.core import get_global
from babel.numbers import format_currency, format_decimal, get_currency_name, get_currency_precision

from router.flow.spoken.manner import Manner, Unsayable

LARGEST = Decimal(10) ** 15
"""No number as large is said: voices spell it, and nobody could follow."""
CURRENCIES = frozenset(get_global("all_currencies"))

_LONGEST_AMOUNT = 60
"""Characters of an amount with its currency, blanks included."""
_PLAIN_NUMBER = re.compile(r"[+-]?\d+")
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD"}


def decimal(value: Any) -> Decimal:
    """The number as a person would write it: 0.1 + 0.2 is 0.3. Raises `Unsayable`."""
    match value:
        case bool():
            raise Unsayable("is not a number")
        case int() | Decimal():
            number = Decimal(value)
        case float():
            number = Decimal(repr(value)).quantize(Decimal("1e-6")) if abs(value) < LARGEST else Decimal("nan")
        case str():
            number = _read(value.strip())
        case _:
            raise Unsayable("is not a number")
    if not number.is_finite() or abs(number) >= LARGEST:
        raise Unsayable("is too large")
    return number


def _read(text: str) -> Decimal:
    """A number in a text: ``1.234,50`` and ``1,234.50`` alike. ``1.234`` could be either, and is refused."""
    text = text.replace("\xa0", "").replace("'", "").replace("’", "")
    if len(text) > 30 or not text.isascii():
        raise Unsayable("is not a number")
    if _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text)
    found = re.fullmatch(r"([+-]?)(\d{1,3}(?:([.,])\d{3})*|\d+)([.,])(\d+)", text)
    if not found:
        raise Unsayable("is not a number")
    sign, whole, group, point, decimals = found.groups()
    if group == point or (group is None and len(decimals) == 3 and len(whole) <= 3):
        raise Unsayable("could be read as two numbers")
    if group is not None and len(re.findall(r"[.,]", whole)) != whole.count(group):
        raise Unsayable("is not a number")
    return Decimal(f"{sign}{re.sub(r'[.,]', '', whole)}.{decimals}")


def rounded(number: Decimal, places: int) -> Decimal:
    """To so many decimals, halves up."""
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def number(value: Any, manner: Manner) -> str:
    """A number with at most three decimals: ``1.234,5``. Raises `Unsayable`."""
    return figure(rounded(decimal(value), 3), manner)


def figure(number: Decimal, manner: Manner) -> str:
    """The number in the figures of the language."""
    shown = str(format_decimal(abs(number), format="#,##0.###", locale=manner.locale))
    if number.is_signed() and number:
        return f"-{shown}" if manner.written else f"minus {shown}"
    return shown


_MAIN: Mapping[tuple[str, str], tuple[str, str]] = {
    ("de", "EUR"): ("ein Euro", "Euro"),
    ("de", "USD"): ("ein US-Dollar", "US-Dollar"),
    ("de", "GBP"): ("ein Pfund", "Pfund"),
    ("de", "CHF"): ("ein Franken", "Franken"),
    ("en", "EUR"): ("1 euro", "euros"),
    ("en", "USD"): ("1 dollar", "dollars"),
    ("en", "GBP"): ("1 pound", "pounds"),
    ("en", "CHF"): ("1 franc", "francs"),
}
_HUNDREDTH: Mapping[tuple[str, str], tuple[str, str]] = {
    ("de", "EUR"): ("ein Cent", "Cent"),
    ("de", "USD"): ("ein Cent", "Cent"),
    ("de", "GBP"): ("ein Penny", "Pence"),
    ("de", "CHF"): ("ein Rappen", "Rappen"),
    ("en", "EUR"): ("1 cent", "cents"),
    ("en", "USD"): ("1 cent", "cents"),
    ("en", "GBP"): ("1 penny", "pence"),
    ("en", "CHF"): ("1 centime", "centimes"),
}
"""Singular, and what stands behind any other number. Babel has no names for the hundredths."""


def amount(value: Any, manner: Manner) -> str:
    """An amount of money, in the currency that the format or the value itself names. Raises `Unsayable`."""
    number, currency = _money(value, manner.argument)
    number = rounded(number, get_currency_precision(currency))
    if manner.written:
        return str(format_currency(number, currency, locale=manner.locale))
    sign = "minus " if number.is_signed() and number else ""
    whole, rest = divmod(abs(number), 1)
    cents = int(rest * 100)
    key = (manner.language, currency)
    if key not in _MAIN:
        name = get_currency_name(currency, count=abs(number), locale=manner.locale)
        return f"{sign}{figure(abs(number), manner)} {name}"
    parts = [_counted(int(whole), *_MAIN[key], manner)] if whole or not cents else []
    parts += [_counted(cents, *_HUNDREDTH[key], manner)] if cents else []
    return sign + (" und " if manner.german else " and ").join(parts)


def _counted(count: int, one: str, more: str, manner: Manner) -> str:
    return one if count == 1 else f"{figure(Decimal(count), manner)} {more}"


def _money(value: Any, wanted: str | None) -> tuple[Decimal, str]:
    currency = None
    if isinstance(value, str):
        if len(value) > _LONGEST_AMOUNT:
            raise Unsayable("is not an amount")
        found = re.fullmatch(r"\s*([€£$]|[A-Z]{3}\b)?\s*([-+]?[\d.,'’\xa0]+)\s*([€£$]|[A-Z]{3})?\s*", value)
        if not found or (found[1] and found[3]):
            raise Unsayable("is not an amount")
        sign = found[1] or found[3]
        currency, value = _SIGNS.get(sign, sign) if sign else None, found[2]
    if wanted and currency and wanted != currency:
        raise Unsayable("is in another currency")
    named = wanted or currency
    if named is None or named not in CURRENCIES:
        raise Unsayable("has no currency")
    return decimal(value), named
