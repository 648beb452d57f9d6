"""How likely a message draws a call now, before anything is known of the call: time, delivery, offer, what came before.

One small function for each, like those of `router.matching.evidence`; each answers None where nothing is known.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from math import exp, log, log10, pi, sqrt

from router.core.match import Evidence, EvidenceKind
from router.matching.circumstances import Circumstances
from router.matching.observed import Delivery, MessageRow
from router.matching.parameters import Parameters

_DAY = timedelta(days=1)
_CHANNELS = {"sms": "as a text message", "email": "by e-mail", "letter": "as a letter", "call": "as a recorded call"}


def timing(row: MessageRow, around: Circumstances) -> Evidence:
    """The rate of calls about a message of this age against that of all unrelated calls; every candidate has it."""
    parameters = around.parameters
    age = around.now - row.sent_at
    rate = calls_a_day(row.channel, age, parameters)
    how = _CHANNELS.get(row.channel, "by another channel")
    if age / _DAY < -parameters.clock_slack:
        detail = f"Planned {how} for later; hardly anybody calls about what was not sent yet."
    else:
        sent = f"Sent {_ago(age)} ago {how}"
        detail = f"{sent}; of {_rounded(1 / rate)} such messages one draws a call on such a day."
    return Evidence(EvidenceKind.TIMING, log(rate / parameters.unrelated_calls), detail)


def calls_a_day(channel: str, age: timedelta, parameters: Parameters) -> float:
    """Calls a day that one message of this age draws, always above 0; before it is sent, hardly any."""
    curve = parameters.curves.get(channel) or parameters.curves["sms"]
    if age / _DAY < -parameters.clock_slack:
        return parameters.unsent * curve.share
    days = max(age / _DAY, parameters.soonest)
    distance = log(days / curve.median) / curve.spread
    soon = exp(-distance * distance / 2) / (days * curve.spread * sqrt(2 * pi))
    half = parameters.late_half
    late = half / (half + days) ** 2  # the delays' distribution is t / (half + t)
    return curve.share * ((1 - parameters.late_share) * soon + parameters.late_share * late)


def delivery(row: MessageRow, around: Circumstances) -> Evidence | None:
    """How far the message got."""
    parameters = around.parameters
    match row.delivery:
        case Delivery.FAILED:
            factor, detail = parameters.failed, "The message could not be delivered."
        case Delivery.DELIVERED:
            factor, detail = parameters.delivered, "The message was delivered."
        case Delivery.READ:
            factor, detail = parameters.read, "The message was read."
        case Delivery.SENT | None:
            return None
    return Evidence(EvidenceKind.DELIVERY, log(factor), detail)


def offer_ended(row: MessageRow, around: Circumstances) -> Evidence | None:
    """The offer has ended, and interest fades from then on."""
    if row.valid_until is None or around.now < row.valid_until:
        return None
    parameters, since = around.parameters, around.now - row.valid_until
    weight = log(parameters.offer_ended) - log(2) * (since / _DAY / parameters.offer_ended_half_life)
    return Evidence(EvidenceKind.OFFER_ENDED, weight, f"The offer ended {_ago(since)} before.")


def answered(row: MessageRow, around: Circumstances) -> Evidence | None:
    """It was settled before this call."""
    if row.answered_at is None or around.now < row.answered_at:
        return None
    return Evidence(EvidenceKind.ANSWERED, log(around.parameters.answered), "The matter was settled before.")


def call_to_action(row: MessageRow, around: Circumstances) -> Evidence | None:
    """Whether the message asks to call."""
    if row.call_to_action is None:
        return None
    if row.call_to_action:
        return Evidence(EvidenceKind.CALL_TO_ACTION, log(around.parameters.asks_to_call), "The message asks to call.")
    detail = "The message does not ask to call."
    return Evidence(EvidenceKind.CALL_TO_ACTION, log(around.parameters.asks_not_to_call), detail)


def _ago(age: timedelta) -> str:
    """A length of time in one unit, for people."""
    minutes = max(round(age / timedelta(minutes=1)), 1)
    return _length(minutes if minutes < 2 * 1440 else round(minutes / 1440) * 1440)


# Each message of each call is told in words; the same few are used again and again.
@lru_cache(maxsize=10_000)
def _length(minutes: int) -> str:
    for unit, size, most in (("minute", 1, 90), ("hour", 60, 48 * 60), ("day", 1440, 60 * 1440)):
        if minutes < most:
            return _counted(round(minutes / size), unit)
    return _counted(round(minutes / 43830), "month")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _rounded(number: float) -> str:
    """A large number to one digit, as people say it."""
    digits = min(int(log10(max(number, 1.0))), 12)
    return _thousands(min(round(number / 10**digits), 10) or 1, digits)


@lru_cache
def _thousands(leading: int, digits: int) -> str:
    return f"{leading * 10**digits:,}"
