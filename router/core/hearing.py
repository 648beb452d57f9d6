"""What is heard of a caller who speaks: readings, each with its weight; never one silent choice."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Expected(StrEnum):
    """What an answer is made of. Recognisers that can are held to it."""

    DIGITS = "digits"
    """The digits of a number, however they are said: one by one, in pairs, with "double"."""
    CHARACTERS = "characters"
    """Digits and letters, these as letters or by a spelling alphabet."""
    WORDS = "words"
    """Anything else; `Listening.words` are those that would be understood."""


@dataclass(frozen=True, slots=True)
class Listening:
    """How to listen to an answer. A number has ``shortest`` to ``longest`` characters. ``keep``: the flow has announced
    that the recording is kept, and the caller has agreed."""

    expected: Expected = Expected.WORDS
    shortest: int = 1
    longest: int = 20
    words: tuple[str, ...] = ()
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take what was said. ``weight`` is how likely it is what was said, 0 to 1; those of one hearing add up
    to at most 1, what is missing stands for something else. Of a recogniser ``text`` is as written by it ("4 und 90");
    of a number it is its characters ("94")."""

    text: str = field(repr=False)
    weight: float


@dataclass(frozen=True, slots=True)
class Part:
    """The ``first`` or ``last`` so many characters of a number."""

    end: Literal["first", "last"]
    characters: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A number as it was heard once: its readings, likeliest first, as `Reading.text` of capitals and digits without
    spaces. ``recogniser`` and ``language`` say whose errors to expect; ``keys`` where it was keyed in, ``typed`` where
    a tester typed the words. ``part``: only this much of it was asked for."""

    readings: tuple[Reading, ...]
    recogniser: str
    language: str
    part: Part | None = None


class Verdict(StrEnum):
    """What to do with a number that was heard."""

    ACCEPT = "accept"
    """The evidence is overwhelming; nobody needs to be asked."""
    CONFIRM = "confirm"
    """Read `Understood.number` back and ask whether it is right."""
    PART = "part"
    """Ask for `Understood.part` of it once more; the rest is clear."""
    AGAIN = "again"
    """Nothing fits well enough to be read back: ask for all of it once more."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What matching makes of the hearings of a number. ``number`` is the one to read back, as compared (capitals and
    digits); empty where there is none. It is a live one, or exactly what the caller said."""

    verdict: Verdict
    number: str = field(default="", repr=False)
    part: Part | None = None
