"""What the weight of a fact depends on beside the fact itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from router.matching.hearing import Hearings
from router.matching.live import LiveSet
from router.matching.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Circumstances:
    """``now`` is the time of the call, ``sharers`` how many customers use the caller number as far as we know, at least
    1. ``somebodys``: it is on file for one of the messages or customers looked at. ``hearings`` are those of a number
    that was said; ``live`` is what is known of all live references; ``tied``: something beside a number that was said
    ties the call to one of the messages looked at. ``own``: of calls about none of them, the share in which one of
    their customers, with another matter, gives what was given, being a message's reference."""

    now: datetime
    sharers: int
    somebodys: bool
    parameters: Parameters
    hearings: Hearings | None = None
    live: LiveSet | None = None
    tied: bool = False
    own: float = 0.0

    @property
    def unrelated_from_number(self) -> float:
        """Calls a day about other matters from a number on file that one customer uses."""
        return self.parameters.unrelated_per_customer * self.parameters.unrelated_share + self.parameters.strangers
