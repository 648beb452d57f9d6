"""Phone numbers in one form, E.164 (`+4930123456`), whatever way they were written, and how to tell a withheld one.

Only libphonenumber's length and pattern data is used (package phonenumbers), never its carrier, geocoder or time zone
data, which would cost a second and 100 MiB at the start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, ValidationResult

LONGEST_TEXT = 200
"""Characters looked at: a `sip:` address with its parameters; longer is no phone number."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIALLED = re.compile(r"\+?[0-9]{3,20}")
_SEPARATORS = dict.fromkeys(map(ord, " -./()\u00a0\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2212"))
_URI = re.compile(r"(tel|sips?):(.*)", re.IGNORECASE)
_CONTEXT = re.compile(r";phone-context=(\+[0-9\-.()]{1,10})(?:;|$)", re.IGNORECASE)
_EXTENSION = re.compile(r";(ext|isub|postd)=", re.IGNORECASE)
_SHORTEST_UNPREFIXED = 10
"""Digits a number needs to be taken for an international one whose `+` got lost."""
_SERVICE_CODE_DIGITS = 6
"""National numbers up to here may be service codes (110, 115, 116117, 11833): they count only when surely ordinary."""

_WITHHELD_WORDS = frozenset(
    {"", "anonymous", "restricted", "private", "unavailable", "unknown", "blocked"},
)
# Letters on a telephone keypad: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE
# (Twilio, "What do the phone numbers with Anonymous or Restricted mean").
_WITHHELD_NUMBERS = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})


def e164(text: str, region: str = "DE") -> str | None:
    """`text` as E.164, or None when it is no possible telephone number in full.

    Understood are national (`030/123456`) and international spellings (`+49 (0)30 …`, `0049 …`), spaces, dashes, dots,
    slashes and brackets, `tel:` addresses (RFC 3966) and the user of `sip:` addresses. `region` (ISO 3166) is where
    national spellings belong. Never a number: emergency and service codes, a local number without its area code,
    extensions, the placeholders of withheld numbers, anything with letters or digits other than ASCII.
    """
    if _E164.fullmatch(text) and _surely_possible(text):
        return None if text in _WITHHELD_NUMBERS else text
    dialled = _dialled(text)
    return None if dialled is None else _parsed(dialled, region)


def masked(number: str) -> str:
    """A number for logs: country and last two digits (`+49…56`); of what is not E.164 nothing at all."""
    if not _E164.fullmatch(number):
        return "…"
    plan = _plan(number[1:4])
    return f"+{plan.country if plan else ''}…{number[-2:]}"


def is_withheld(text: str | None) -> bool:
    """Whether a platform says with this caller number that there is none: absent, empty, a word, or a placeholder.

    Covers the spellings of Twilio and its relatives, of Asterisk (`unknown`) and `sip:anonymous@…`. A number that is
    there may still be withheld by its presentation; that is for the channel to know.
    """
    if text is None or len(text) > LONGEST_TEXT:
        return text is None
    if text[:1] == "+" and text[1:].isdecimal():
        return text in _WITHHELD_NUMBERS
    user = _without_uri(text.strip())
    if user is None:
        return False
    word = user.strip().casefold()
    return word in _WITHHELD_WORDS or f"+{word.removeprefix('+')}" in _WITHHELD_NUMBERS


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is needed of a country's numbering plan to wave ordinary numbers through.

    `lengths` count all digits, country code included; those that service codes may have are left out. What follows the
    country code goes to the full parser when it begins like `trunk_prefix`.
    """

    country: str
    lengths: frozenset[int]
    trunk_prefix: re.Pattern[str] | None


@lru_cache(maxsize=1_000)
def _plan(beginning: str) -> _Plan | None:
    """The plan for numbers with these first three digits; no country code is the beginning of another (ITU-T E.164)."""
    for length in (2, 1, 3):
        code = int(beginning[:length])
        region = phonenumbers.region_code_for_country_code(code)
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        if metadata is not None and metadata.general_desc is not None:
            national = (n for n in metadata.general_desc.possible_length if n > _SERVICE_CODE_DIGITS)
            prefix = metadata.national_prefix_for_parsing
            lengths = frozenset(length + n for n in national)
            return _Plan(beginning[:length], lengths, re.compile(prefix) if prefix else None)
    return None


def _surely_possible(number: str) -> bool:
    """Whether the full parser would give back this E.164 number unchanged; False means ask it."""
    plan = _plan(number[1:4])
    if plan is None or len(number) - 1 not in plan.lengths:
        return False
    return plan.trunk_prefix is None or plan.trunk_prefix.match(number, 1 + len(plan.country)) is None


def _without_uri(text: str) -> str | None:
    """The number part of a `tel:` or `sip:` address ("" when it has none), or the text itself.

    None for an address with an extension: the number before it is somebody else's too.
    """
    uri = _URI.fullmatch(text)
    if uri is None:
        return text
    scheme, rest = uri[1].lower(), uri[2]
    if scheme != "tel":
        # sip:user;user-parameters:password@host;parameters (RFC 3261 section 19.1.1); without @ there is no user.
        rest, at, _ = rest.partition("@")
        rest = rest.partition(":")[0] if at else ""
    if _EXTENSION.search(rest):
        return None
    user = rest.partition(";")[0].replace("%2B", "+").replace("%2b", "+")
    context = _CONTEXT.search(rest)
    # A local number in the context of a country or area (RFC 3966 section 5.1.5) is the two put together.
    return context[1] + user if context and not user.startswith("+") else user


def _dialled(text: str) -> str | None:
    """What one would dial: digits, perhaps after a plus."""
    if len(text) > LONGEST_TEXT:
        return None
    number = _without_uri(text.strip(" "))
    if number is None:
        return None
    dialled = number.translate(_SEPARATORS)
    return dialled if _DIALLED.fullmatch(dialled) else None


def _parsed(dialled: str, region: str) -> str | None:
    if dialled[0] not in "+0" and _writes_trunk_zero(region):
        # A lost plus is common in exports and SIP headers; any other number without prefix lacks its area code.
        if len(dialled) < _SHORTEST_UNPREFIXED or not dialled.startswith(_own_country(region)):
            return None
        return _possible("+" + dialled, region, must_be_valid=True)
    return _possible(dialled, region)


def _possible(dialled: str, region: str, *, must_be_valid: bool = False) -> str | None:
    try:
        number = phonenumbers.parse(dialled, region)
    except NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    short = len(phonenumbers.national_significant_number(number)) <= _SERVICE_CODE_DIGITS
    if (must_be_valid or short) and not phonenumbers.is_valid_number(number):
        return None
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not _E164.fullmatch(written) or written in _WITHHELD_NUMBERS:
        return None
    # One number has one form: what would be read differently the next time (a second trunk zero) is no number.
    if written != dialled and not _surely_possible(written) and _possible(written, region) != written:
        return None
    return written


def _own_country(region: str) -> str:
    return str(phonenumbers.country_code_for_region(region))


def _writes_trunk_zero(region: str) -> bool:
    metadata = PhoneMetadata.metadata_for_region(region)
    return metadata is not None and metadata.national_prefix == "0"
