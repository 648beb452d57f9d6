"""Where Twilio takes the callers of a queue: what its description says, else the setting `twilio_queues`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from router.core.phone import e164
from router.settings import SettingsRefused

log = structlog.get_logger(__name__)

LONGEST_QUEUE_NAME: Final = 64
"""Characters, by Twilio's reference of `<Enqueue>`."""

_WORKFLOW = re.compile(r"WW[0-9a-fA-F]{32}")
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


@dataclass(frozen=True, slots=True)
class Agents:
    """The phones of the queue's own agents, whom we ring."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow of TaskRouter, which finds an agent."""

    sid: str


Destination = PhoneNumber | SipAddress | TwilioQueue | Agents | Workflow


class Destinations:
    """The destination of each queue; a queue that is not named is Twilio's queue of the same name. ``described`` says
    what the description of a queue has for it (`Queue.twilio`), which comes first."""

    __slots__ = ("_by_queue", "_described", "_region")

    def __init__(
        self,
        by_queue: Mapping[str, Destination],
        described: Callable[[str], str | None] = lambda _: None,
        region: str = "DE",
    ) -> None:
        self._by_queue = dict(by_queue)
        self._described = described
        self._region = region

    def __getitem__(self, queue: str) -> Destination:
        if text := self._described(queue):
            try:
                return destination(text, self._region)
            except ValueError as error:
                log.warning("the description of a queue says nothing for Twilio", queue=queue, reason=str(error))
        return self._by_queue.get(queue) or TwilioQueue(queue[:LONGEST_QUEUE_NAME])

    def way_out(self, queue: str) -> Destination:
        """Where its callers go when we can do nothing more for them: by the settings alone, and nowhere that we would
        be asked again."""
        named = self._by_queue.get(queue)
        return TwilioQueue(queue[:LONGEST_QUEUE_NAME]) if named is None or isinstance(named, Agents) else named


def destination(text: str, region: str) -> Destination:
    """What one value of the setting means: `agents`, `workflow:WW…`, `queue:NAME`, a `sip:` address, or a number,
    national ones in ``region``.

    Raises `ValueError` for anything else.
    """
    scheme, colon, name = text.partition(":")
    if text == "agents":
        return Agents()
    if colon and scheme.lower() == "workflow":
        if not _WORKFLOW.fullmatch(name):
            raise ValueError("a workflow is written workflow:WW and 32 digits")
        return Workflow(name)
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
        raise ValueError("is neither a telephone number, nor sip:NAME@HOST, nor queue:NAME, workflow:WW… or agents")
    return PhoneNumber(number)


def destinations(
    by_queue: Mapping[str, str], region: str, described: Callable[[str], str | None] = lambda _: None
) -> Destinations:
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
    return Destinations(understood, described, region)
