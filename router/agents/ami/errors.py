"""What can go wrong when Asterisk is asked to do something."""

from __future__ import annotations


class AmiError(Exception):
    """Base of both; the text is for people and holds no secret."""


class AmiDown(AmiError):
    """Asterisk was not reached, or did not answer in time. What was asked for may or may not have happened."""


class AmiRefused(AmiError):
    """Asterisk answered and said no, or what was asked for cannot be sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
