"""Listening to a caller through Twilio's `<Gather>`: what it is told beforehand, and what it says it has heard. Pure.

By Twilio's documentation of `<Gather>`: of the generic models the `experimental_` ones (general, in spite of the name)
know German and British English; when one provider fails, Twilio goes to another, which it does not for a named
provider. `utterances` ends with the first pause, so numbers, which are read out in groups, get `conversations`.
A model needs a ``speechTimeout`` in whole seconds. `enhanced` and the models of Google's first version are deprecated.

Class tokens (`$OOV_CLASS_DIGIT_SEQUENCE`) are Google's and count as a mistake with another provider; instead the hints
name the digits. No number that somebody has is among them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from router.core.events import SpeechHeard
from router.core.hearing import Expected, Listening, Reading

RECOGNISER: Final = "twilio"

LONGEST_SPEECH: Final = 2000
MOST_HINTS: Final = 500
LONGEST_HINT: Final = 100

_UNSURE: Final = 0.5
"""The weight of what Twilio says nothing about; some models say 0 of all they hear."""
_LONGEST_CONFIDENCE: Final = 20

_LOCALES: Final[Mapping[str, str]] = {"de": "de-DE", "en": "en-GB"}

_NUMBERS, _WORDS = "experimental_conversations", "experimental_utterances"
_PAUSES: Final[Mapping[str, int]] = {_NUMBERS: 2, _WORDS: 1}
"""Seconds of silence that end what is spoken. Digits read out from a letter come with pauses."""

_DIGITS: Final[Mapping[str, tuple[str, ...]]] = {
    "de": ("null", "eins", "zwei", "zwo", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "doppel"),
    "en": ("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double"),
}


def locale_of(language: str) -> str | None:
    """The BCP 47 tag by which Twilio knows ``language``; None: the account's own setting decides."""
    return _LOCALES.get(language)


def gather_attributes(listening: Listening, language: str) -> dict[str, str | int | bool | None]:
    """The attributes of a `<Gather>` that listens to somebody who speaks ``language``."""
    model = _WORDS if listening.expected is Expected.WORDS else _NUMBERS
    return {
        "language": locale_of(language),
        "speechTimeout": _PAUSES[model],
        "speechModel": model if locale_of(language) else None,
        "hints": _hints(listening, language),
        "profanityFilter": False,
    }


def heard(said: str, confidence: str | None) -> SpeechHeard | None:
    """What was said (`SpeechResult`), with Twilio's `Confidence` in it, 0 to 1; None where that is nothing."""
    text = said.strip()[:LONGEST_SPEECH]
    if not text:
        return None
    return SpeechHeard(text, (Reading(text, _weight(confidence)),), RECOGNISER)


def _hints(listening: Listening, language: str) -> str | None:
    words: Iterable[str] = listening.words if listening.expected is Expected.WORDS else _DIGITS.get(language, ())
    # A comma parts hints, so none may be in one.
    phrases = (" ".join(word.replace(",", " ").split()) for word in words)
    fitting = dict.fromkeys(phrase for phrase in phrases if 0 < len(phrase) <= LONGEST_HINT)
    return ", ".join(list(fitting)[:MOST_HINTS]) or None


def _weight(confidence: str | None) -> float:
    try:
        weight = float(confidence[:_LONGEST_CONFIDENCE]) if confidence else 0.0
    except ValueError:
        return _UNSURE
    # Also what is no number at all (nan, inf).
    return min(weight, 1.0) if math.isfinite(weight) and weight > 0 else _UNSURE
