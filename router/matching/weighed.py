"""A message with what speaks for and against it."""

from __future__ import annotations

from dataclasses import dataclass

from router.core.match import Evidence
from router.matching.observed import MessageRow


@dataclass(frozen=True, slots=True)
class Weighed:
    """A message with its evidence and its posterior probability, 0 to 1."""

    row: MessageRow
    evidence: tuple[Evidence, ...]
    probability: float
