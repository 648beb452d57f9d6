"""Simpler ways to find the reference that was said."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from rapidfuzz.distance import Levenshtein

from bench.speech.listened import Listened
from bench.speech.recordings import Recording
from router.core.hearing import Reading
from router.spoken.numbers import numbers


class Found(StrEnum):
    """What a way without questions comes to."""

    RIGHT = "right"
    WRONG = "wrong"
    NOTHING = "nothing"


def exactly(recording: Recording, listened: Listened, live: Collection[str]) -> Found:
    """The recogniser's text as a number, where that is live."""
    number = _plain(recording, listened)
    return _found(number if number in live else "", recording, live)


def nearest(recording: Recording, listened: Listened, live: Collection[str]) -> Found:
    """The live reference nearest to the recogniser's text by edit distance, the first of several in their order."""
    number = _plain(recording, listened)
    best = min(live, key=lambda each: Levenshtein.distance(number, each)) if number else ""
    return _found(best, recording, live)


def _plain(recording: Recording, listened: Listened) -> str:
    found = numbers((Reading(listened.plain, 1.0),), recording.language, recording.listening)
    return found[0].text if found else ""


def _found(number: str, recording: Recording, live: Collection[str]) -> Found:
    if not number:
        return Found.NOTHING
    return Found.RIGHT if number == recording.truth and recording.truth in live else Found.WRONG
