"""What ``threadline doctor`` finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How a part is."""

    WELL = "well"
    OFF = "off"
    """Not set up, which may be meant so."""
    ILL = "ill"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part, and the way out where it is not well."""

    part: str
    health: Health
    found: str
    remedy: str = ""
