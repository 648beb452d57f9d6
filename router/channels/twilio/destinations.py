"""Where Twilio takes the callers of a queue: the setting `twilio_queues`, understood. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.core.phone import e164
from router.settings import SettingsRefused

LONGEST_QUEUE_NAME: Final = 64
"""Characters, by Twilio's reference of `<Enqueue>`."""

_SIP = re.compile(r"sips?:[^\s@<>\"]{1,100}@[^\s@<>\"]{1,150}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number in E.164, to be dialled."""

    number: str


@dataclass(frozen=True, slots=True)
class SipAddress:
    """A `sip:` address, to be dialled; an Asterisk, for instance."""

    address: str


@dataclass(frozen=True, slots=True)
class TwilioQueue:
    """A queue at Twilio, made by Twilio where there is none of the name yet."""

    name: str


Destination = PhoneNumber | SipAddress | TwilioQueue


class Destinations:
    """The destination of each queue; a queue that is not named is Twilio's queue of the same name."""

    __slots__ = ("_by_queue",)

    def __init__(self, by_queue: Mapping[str, Destination]) -> None:
        self._by_queue = dict(by_queue)

    def __getitem__(self, queue: str) -> Destination:
        return self._by_queue.get(queue) or TwilioQueue(queue[:LONGEST_QUEUE_NAME])


def destination(text: str, region: str) -> Destination:
    """What one value of the setting means: `queue:NAME`, a `sip:` address, or a number, national ones in ``region``.

    Raises `ValueError` for anything else.
    """
    scheme, colon, name = text.partition(":")
    if colon and scheme.lower() == "queue":
        if not 1 <= len(name) <= LONGEST_QUEUE_NAME or not name.isprintable() or name != name.strip():
            raise ValueError(f"a queue's name has 1 to {LONGEST_QUEUE_NAME} characters and no spaces around it")
        return TwilioQueue(name)
    if scheme.lower() in ("sip", "sips"):
        if not _SIP.fullmatch(text):
            raise ValueError("a SIP address is written sip:NAME@HOST")
        return SipAddress(text)
    number = e164(text, region)
    if number is None:
        raise ValueError("is neither a telephone number, nor sip:NAME@HOST, nor queue:NAME")
    return PhoneNumber(number)


def destinations(by_queue: Mapping[str, str], region: str) -> Destinations:
    """The setting `twilio_queues`, understood. Raises `SettingsRefused` naming each queue whose value means nothing."""
    understood: dict[str, Destination] = {}
    wrong: list[str] = []
    for queue, text in by_queue.items():
        try:
            understood[queue] = destination(text, region)
        except ValueError as error:
            wrong.append(f"THREADLINE_TWILIO_QUEUES (twilio_queues): {queue}: {error}")
    if wrong:
        raise SettingsRefused("\n".join(wrong))
    return Destinations(understood)
