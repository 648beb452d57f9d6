"""A transfer's legs, as far as Twilio can tell them apart: one stretch for each destination. Pure.

Legs that go to the same destination one after the other are one stretch, but for agents whom we ring ourselves: there
each leg counts within its stretch. One person can be waited for only there, and in TaskRouter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from router.channels.twilio.destinations import Agents, Destination, Workflow
from router.core.commands import Leg, Transfer


@dataclass(frozen=True, slots=True)
class Stretch:
    """``legs`` that one document covers, one after the other, ``seconds`` in all."""

    destination: Destination
    legs: tuple[Leg, ...]

    @property
    def seconds(self) -> int:
        """How long the stretch lasts at most."""
        return sum(leg.seconds for leg in self.legs)

    def leg_at(self, elapsed: float) -> Leg | None:
        """The leg that the caller is in after so many seconds, None when their time is up."""
        for leg in self.legs:
            if elapsed < leg.seconds:
                return leg
            elapsed -= leg.seconds
        return None

    def left_of_leg(self, elapsed: float) -> int:
        """Seconds until the leg's time is up."""
        for leg in self.legs:
            if elapsed < leg.seconds:
                return int(leg.seconds - elapsed)
            elapsed -= leg.seconds
        return 0


def stretches(transfer: Transfer, destination_of: Callable[[str], Destination]) -> tuple[Stretch, ...]:
    """The stretches of a transfer, at least one."""
    made: list[Stretch] = []
    carried = 0
    for leg in transfer.legs or (Leg(transfer.queue, transfer.timeout),):
        to = destination_of(leg.queue)
        if leg.person is not None and not isinstance(to, Agents | Workflow):
            carried += leg.seconds  # what follows may last longer
            continue
        longer = Leg(leg.queue, leg.seconds + carried, leg.skills, leg.person)
        carried = 0
        if made and made[-1].destination == to:
            made[-1] = Stretch(to, (*made[-1].legs, longer))
        else:
            made.append(Stretch(to, (longer,)))
    return tuple(made) or (Stretch(destination_of(transfer.queue), (Leg(transfer.queue, transfer.timeout),)),)
