"""Whether what callers say is understood, for ``threadline doctor`` and ``threadline speech status``."""

from __future__ import annotations

import time

from router.cli.findings import Finding, Health
from router.core.hearing import Expected, Listening
from router.settings import Settings, SettingsRefused
from router.speech.recognition.choice import chosen, recogniser_of
from router.speech.recognition.recogniser import RATE, RecognitionFailed

PART = "speech"
_NUMBER = Listening(Expected.DIGITS, 4, 14)
_BUZZ = bytes(range(256)) * (RATE * 2 // 256)
"""A second of a sound; what is heard in it does not matter."""


async def speech_found(settings: Settings) -> Finding:
    """Who listens, and whether that works."""
    if chosen(settings) is None:
        remedy = "run 'threadline speech install', if callers are to say numbers (docs/speech.md)"
        if settings.recogniser == "none":
            remedy = "THREADLINE_RECOGNISER says so"
        return Finding(PART, Health.OFF, "nobody listens, callers use keys", remedy)
    try:
        recogniser = recogniser_of(settings)
    except SettingsRefused as error:
        return Finding(PART, Health.ILL, str(error), "see docs/speech.md")
    begun = time.monotonic()
    try:
        await recogniser.hear(_BUZZ, "de", _NUMBER)
    except RecognitionFailed as failed:
        return Finding(
            PART, Health.ILL, f"{recogniser.name}: {failed}", "until then callers use keys; see docs/speech.md"
        )
    finally:
        await recogniser.aclose()
    return Finding(PART, Health.WELL, f"{recogniser.name} listens, and answered in {time.monotonic() - begun:.1f} s")
