"""What a caller hears while the recogniser takes long, so that nobody takes us for gone."""

from __future__ import annotations

import asyncio
from typing import Final

import numpy as np
import structlog

from router.speech.failures import PromptFailed
from router.speech.listening.voice import RATE
from router.speech.prompts import PromptStore
from router.speech.wav import HEADER_SIZE

_log = structlog.get_logger(__name__)

TEXTS: Final = {"de": "Einen Moment bitte.", "en": "One moment, please."}
RECORDING: Final = "one_moment"
"""The recorded file that is played instead of the text, where it exists."""

_NOTES: Final = ((523.25, 0.25), (659.25, 0.35))
_LOUDNESS: Final = 2500


class Comfort:
    """Words by language; two soft notes until they are made, and where they cannot be."""

    def __init__(self) -> None:
        self._made: dict[str, bytes] = {}
        self._notes = notes()

    async def prepare(self, store: PromptStore) -> None:
        """Have the words made; what is wrong is logged."""
        for language, text in TEXTS.items():
            try:
                audio = await store.ensure(text, language, RECORDING)
                content = await asyncio.to_thread(audio.path.read_bytes)
            except (PromptFailed, OSError) as error:
                _log.warning("comfort_not_made", language=language, reason=type(error).__name__)
            else:
                self._made[language] = content[HEADER_SIZE:]

    def sound(self, language: str) -> bytes:
        """16-bit samples, 8,000 a second."""
        return self._made.get(language, self._notes)


def notes() -> bytes:
    """Two soft notes, one after the other."""
    parts = []
    for hertz, seconds in _NOTES:
        at = np.arange(int(RATE * seconds))
        parts.append(_LOUDNESS * np.sin(2 * np.pi * hertz * at / RATE) * np.sin(np.pi * at / len(at)))
    samples: bytes = np.rint(np.concatenate(parts)).astype("<i2").tobytes()
    return samples
