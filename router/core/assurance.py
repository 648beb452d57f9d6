"""How far we may trust who is calling; it decides what may be shown to the agent or said to the caller.

The table of levels stands in ``docs/assurance.md``; `router.matching.disclosure` is the only place that applies it.
"""

from __future__ import annotations

from enum import IntEnum


class Assurance(IntEnum):
    """Levels in ascending order of trust; comparable (``level >= Assurance.L2``)."""

    L0 = 0
    """No evidence, a withheld number without a code, or several candidates with none ahead."""
    L1 = 1
    """The caller number alone (it can be forged), or a reference alone (it is not secret)."""
    L2 = 2
    """A valid callback code, or a caller number the network attests."""
    L3 = 3
    """Code and number on file together, a one-time code to the number on file, or the agent's own check."""
