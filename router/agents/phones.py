"""Agents' phones: an Asterisk's (``PJSIP/101``), or one that Twilio dials, a number in E.164 or a ``sip:`` address."""

from __future__ import annotations

import re
from typing import Final

from router.core.destinations import Destinations
from router.settings import Settings, SettingsRefused

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SIP: Final = re.compile(r"sips?:[A-Za-z0-9._~!$&'()*+=%-]{1,32}@[A-Za-z0-9.\[\]:-]{1,40}(;[a-z]+=[A-Za-z0-9]+)?")


def is_dialled(phone: str) -> bool:
    """Whether Twilio dials this phone, so that Asterisk's queues know nothing of it."""
    return phone.startswith(("+", "sip:", "sips:"))


def asterisk_phones(settings: Settings) -> tuple[str, ...]:
    """The phones that Asterisk rings."""
    return tuple(phone for phone in settings.phones if not is_dialled(phone))


def may_ring(phone: str, reach: Destinations) -> bool:
    """Whether this phone may be dialled on our account."""
    return bool(_SIP.fullmatch(phone)) if phone.startswith("sip") else reach.may_be_called(phone)


def asks_for_key(phone: str, settings: Settings) -> bool:
    """Whether who answers this phone is to press a key before they are connected with the caller."""
    return settings.twilio_accept_phones.get(phone, settings.twilio_accept_numbers and phone.startswith("+"))


def check_phones(settings: Settings, reach: Destinations) -> None:
    """Raises `SettingsRefused` for a phone that Twilio is to dial and cannot, or must not, and for one that is none."""
    for phone in filter(is_dialled, settings.phones):
        written = _NUMBER if phone.startswith("+") else _SIP
        if not written.fullmatch(phone):
            raise SettingsRefused("THREADLINE_PHONES (phones): a number is written in E.164, an address sip:NAME@HOST")
        if not may_ring(phone, reach):
            raise SettingsRefused("THREADLINE_PHONES (phones): has a number that `destinations` does not allow")
    if set(settings.twilio_accept_phones) - {phone for phone in settings.phones if is_dialled(phone)}:
        raise SettingsRefused(
            "THREADLINE_TWILIO_ACCEPT_PHONES (twilio_accept_phones): names a phone that is none of those in `phones` "
            "which Twilio dials"
        )
