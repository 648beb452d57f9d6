"""Every weight and threshold of matching, in one table, each with its reason. Nothing else in the room holds a number.

Weights are natural logarithms of likelihood ratios: how many times likelier the fact is when the call is about the
message than when it is not. They are judgements until there are calls enough to fit them to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import log


@dataclass(frozen=True, slots=True)
class Parameters:
    """Log weights are dimensionless, probabilities 0 to 1, ratios above 1."""

    prior: float = log(1e-4)
    """Log odds, before any evidence, that a call is about one given message just sent: a service number gets far more
    calls about other things, and about other messages."""

    recipient_number: float = log(3e5)
    """Somebody who answers a text mostly calls from the same phone, anybody else has that number once in a million
    calls. Together with the prior 30 to 1, not more: the same people call about other things, and caller numbers can
    be forged."""

    customer_number: float = log(1.5e5)
    """Another number on file says as surely who is calling, but only half as surely about which message."""

    callback_code: float = log(5e8)
    """Nobody keys in a live code of ten digits by chance (nine of them random); half of those who have one do."""

    service_number: float = log(1.2)
    """The number printed in the message was dialled. As long as most messages carry the same number nearly every
    caller dials it, so it says little."""

    response_time: timedelta = timedelta(days=3)
    """Most answers come within days, some after weeks: the prior falls as 1 / (1 + age / response_time). A message
    loses half in three days, and nine tenths in four weeks."""

    expired: float = log(0.3)
    """People still call about an offer that has just ended, but less."""

    expiry_half_life: timedelta = timedelta(days=7)
    """After its end the interest in an offer halves in this time."""

    unsent: float = log(0.01)
    """A message planned for later can hardly be the reason for a call; clocks and queues may be off a little."""

    clock_slack: timedelta = timedelta(hours=1)
    """How far ahead of us the sender's clock may be."""

    sure: float = 0.98
    """From here the call is about this message. A caller number alone does not reach it, a code does."""

    likely: float = 0.6
    """From here the agent may have the message opened as "probably"."""

    lead: float = 2.5
    """How many times likelier than the second the first must be; below, the two are a near tie and none is named.
    Of two messages to the same number one of an hour ago leads one of five days ago; one of yesterday does not lead one
    of three days ago."""

    plausible: float = 0.1
    """A candidate below is not worth an agent's look and is left out."""


DEFAULT = Parameters()
