"""Which recogniser the settings mean, and the ear of the house made with it."""

from __future__ import annotations

from typing import Literal

from router.settings import Settings
from router.speech.recognition.ear import Ear

Kind = Literal["whisper", "vosk", "http"]

AT_ONCE = 16
"""Callers whom a recogniser elsewhere hears at one time."""
WAITING = 64
"""Callers who wait for their turn; with more, the deadline would pass anyway."""


def chosen(settings: Settings) -> Kind | None:
    """The recogniser in use; None: nobody listens."""
    return None


def ear_of(settings: Settings) -> Ear | None:
    """The ear, not yet begun with; None where there is no recogniser. Raises `SettingsRefused`."""
    return None
