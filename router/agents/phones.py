"""Agents' phones: an Asterisk's (``PJSIP/101``), or one that Twilio dials, a number in E.164 or a ``sip:`` address."""

from __future__ import annotations

import re
from typing import Final

from router.core.destinations import Destinations
from router.core.events import TEST_PHONE
from router.settings import Settings, SettingsRefused

TWILIO: Final = "twilio"
"""What calls that come over Twilio have as their channel."""

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SIP: Final = re.compile(r"sips?:[A-Za-z0-9._~!$&'()*+=%-]{1,32}@[A-Za-z0-9.\[\]:-]{1,40}(;[a-z]+=[A-Za-z0-9]+)?")


def is_dialled(phone: str) -> bool:
    """Whether Twilio dials this phone, so that Asterisk's queues know nothing of it."""
    return phone.startswith(("+", "sip:", "sips:"))


def can_be_given(phone: str | None, channel: str) -> bool:
    """Whether a caller of this channel can reach whoever sits at ``phone`` (None: at their page alone): Asterisk's at
    its phones, Twilio's at those that it dials, test calls on the page. Of TaskRouter's workers no phone is known."""
    if channel == TEST_PHONE:
        return phone is None
    if channel == TWILIO:
        return phone is None or is_dialled(phone)
    return phone is not None and not is_dialled(phone)


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
