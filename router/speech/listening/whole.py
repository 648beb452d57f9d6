"""Whether what was heard so far is all that was asked for. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from router.core.events import SpeechHeard
from router.core.hearing import Expected, Listening, Reading
from router.spoken.numbers import numbers

_LOST: Final = 2
"""Characters that a recogniser may well have lost; where more are missing the caller has not said them yet."""
_AROUND_WORDS: Final = " .,!?"


def whole(language: str, listening: Listening) -> Callable[[SpeechHeard], bool | None]:
    """Judges answers in ``language``: True where no more is to be expected, False where too little was said to be
    all, None where nobody knows."""
    anything = replace(listening, shortest=1)

    def judge(heard: SpeechHeard) -> bool | None:
        readings = heard.readings or (Reading(heard.text, 1.0),)
        if listening.expected is Expected.WORDS:
            words = {word.casefold() for word in listening.words}
            return True if readings[0].text.casefold().strip(_AROUND_WORDS) in words else None
        found = numbers(readings, language, anything)
        if not found:
            return None
        length = len(found[0].text)
        if length >= listening.longest:
            return True
        return False if length < listening.shortest - _LOST else None

    return judge
