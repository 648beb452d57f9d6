"""What a recogniser is: audio in, ranked readings out."""

from __future__ import annotations

from typing import Protocol

from router.core.hearing import Listening, Reading

RATE = 8000
"""Samples a second of all audio that is listened to: 16-bit signed little-endian, one channel."""


class RecognitionFailed(Exception):
    """The recogniser gave no answer. The message says which and why, never what was said."""


class Recogniser(Protocol):
    """Makes words of audio. ``name`` says whose errors to expect (`router.core.hearing.Heard`)."""

    name: str

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        """The readings of ``audio`` (see `RATE`), likeliest first, their weights at most 1 together; none where nobody
        speaks. Raises `RecognitionFailed`; whoever asks ends the wait, which must leave nothing behind."""
        ...

    async def aclose(self) -> None:
        """End all that was started."""
        ...
