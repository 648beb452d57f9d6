"""In which language something is said, and that it cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

_LOCALES = {"de": "de_DE", "en": "en_GB"}


class Unsayable(ValueError):
    """The value cannot be said in this way. The text never holds the value."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to say something: in which ``language``, times in which ``zone``, for the ear or ``written``; ``argument`` is
    what stands behind the format."""

    language: str = "de"
    zone: tzinfo = UTC
    written: bool = False
    argument: str | None = None

    @property
    def locale(self) -> str:
        """The name by which Babel knows the language."""
        return _LOCALES.get(self.language, self.language)

    @property
    def german(self) -> bool:
        """Whether German is spoken."""
        return self.language == "de"
