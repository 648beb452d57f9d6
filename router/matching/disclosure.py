"""What is shown at which assurance, and the only place that applies it.

==================================  =========================  ======================
the match                           the agent sees             the IVR may say
==================================  =========================  ======================
L0, nothing or nobody named         the campaign dialled       nothing personal
L0, several candidates, none ahead  candidates side by side    nothing personal
L1, caller number or reference      opened, with "probably"    nothing personal
L2, valid callback code, and so on  opened, the history's      nothing personal
                                    words and others too
L3, code and number on file         opened, sensitive too      the offer's title
==================================  =========================  ======================

Which evidence leads to which level stands in `assurance`. With the policy ``strict`` the agent sees below L2 the
campaign only. What does not fit together is shown as the least of what it could mean: a stranger is to learn nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, assert_never

from router.core.assurance import Assurance
from router.core.match import Decision

Policy = Literal["normal", "strict"]


class Shown(IntEnum):
    """How much the agent sees, in ascending order."""

    CAMPAIGN = 0
    """The number dialled and its campaign, nothing of any candidate."""
    SIDE_BY_SIDE = 1
    """The candidates, none opened."""
    PROBABLY = 2
    """Message and offer opened, with "probably" and "check before you say anything personal"."""
    OPENED = 3
    """The same without "probably"."""
    EVERYTHING = 4
    """Sensitive fields too; each opening of one is logged."""


@dataclass(frozen=True, slots=True)
class Visible:
    """What may be shown to the agent, and whether the IVR may say the offer's title."""

    shown: Shown
    say_offer_title: bool = False

    @property
    def candidates(self) -> bool:
        """Candidates may be named at all."""
        return self.shown >= Shown.SIDE_BY_SIDE

    @property
    def opened(self) -> bool:
        """The message and its offer are open."""
        return self.shown >= Shown.PROBABLY

    @property
    def probably(self) -> bool:
        """To be told with "probably", and with the advice to check."""
        return self.shown == Shown.PROBABLY

    @property
    def others(self) -> bool:
        """The customer's other messages may be opened, and what was written and said on every channel is shown."""
        return self.shown >= Shown.OPENED

    @property
    def sensitive(self) -> bool:
        """Fields marked sensitive may be opened without a further check."""
        return self.shown == Shown.EVERYTHING


def visible(assurance: Assurance, decision: Decision, policy: Policy) -> Visible:
    """What may be shown and said for a match with this assurance and decision."""
    if decision is Decision.NONE:
        return Visible(Shown.CAMPAIGN)
    if decision is Decision.UNCLEAR:
        return Visible(Shown.CAMPAIGN if policy == "strict" else Shown.SIDE_BY_SIDE)
    match assurance:
        case Assurance.L0:
            return Visible(Shown.CAMPAIGN)
        case Assurance.L1:
            return Visible(Shown.CAMPAIGN if policy == "strict" else Shown.PROBABLY)
        case Assurance.L2:
            return Visible(Shown.OPENED)
        case Assurance.L3:
            return Visible(Shown.EVERYTHING, say_offer_title=True)
        case _:
            assert_never(assurance)
