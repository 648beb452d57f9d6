"""How recognisers and callers err, in figures, each with its unit and its reason. Nothing of it is fitted to
recordings: it is judgement and phonetics; `threadline match calibrate` re-estimates it from what callers confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


def _figure(value: Any, unit: str, reason: str) -> Any:
    return field(default=value, metadata={"unit": unit, "reason": reason})


@dataclass(frozen=True, slots=True)
class Figures:
    """The table of one way of hearing. Shares are of characters that were said, if nothing else is said of them."""

    wrong: float = _figure(0.035, "share", "heard as another character")
    alike: float = _figure(0.6, "share", "of those heard as another, the ones heard as one that sounds alike")
    crossed: float = _figure(0.04, "share", "of those heard as another, digits heard as letters and the reverse")
    lost: float = _figure(0.02, "share", "not heard at all: words that are none (sieben: lieben), breaks of the line")
    lost_repeat: float = _figure(0.09, "share", "the same, where the character before is the same: 3 3 heard as 3")
    added: float = _figure(0.006, "a place", "heard between two characters, where nothing was said")
    doubled: float = _figure(0.012, "share", "heard twice, or said twice by a caller who begins again")
    swapped: float = _figure(
        0.003, "share", "of neighbours, those heard or said the other way round; more where units come before tens"
    )
    something_else: float = _figure(
        0.03, "share", "of all hearings, those of anything else: another number, words, a voice in the background"
    )


WHISPER = Figures()
VOSK = Figures(wrong=0.05, lost=0.03, lost_repeat=0.05, added=0.012, doubled=0.008, something_else=0.04)
TYPED = Figures(wrong=0.006, alike=0.0, lost=0.004, lost_repeat=0.01, added=0.002, doubled=0.004, something_else=0.005)
KEYS = Figures(
    wrong=0.006, crossed=0.0, lost=0.004, lost_repeat=0.008, added=0.001, doubled=0.004, swapped=0.002,
    something_else=0.01,
)  # fmt: skip

BY_RECOGNISER: Mapping[str, Figures] = MappingProxyType({"whisper": WHISPER, "typed": TYPED, "keys": KEYS})
"""By the recogniser's name; any other is heard as `VOSK` hears."""

SWAPPED: Mapping[str, float] = MappingProxyType({"de": 0.015})
"""Share of neighbours swapped in languages that say the unit before the ten (48 is "achtundvierzig"); only for what is
spoken."""


def figures_of(recogniser: str, language: str) -> Figures:
    """The table for numbers heard by ``recogniser`` from callers who speak ``language`` (``de``)."""
    found = BY_RECOGNISER.get(recogniser, VOSK)
    swapped = SWAPPED.get(language, found.swapped) if recogniser not in ("typed", "keys") else found.swapped
    return found if swapped == found.swapped else _swapping(found, swapped)


def _swapping(figures: Figures, swapped: float) -> Figures:
    values = {name: getattr(figures, name) for name in Figures.__slots__}
    return Figures(**values | {"swapped": swapped})


_GERMAN = (
    # zwei, drei and eins share their vowel; fünf and vier their f; neun, fünf and null the n; sechs, sieben the s
    "1:23 2:31 3:21 4:5 5:49 6:78 7:6 8:6 9:50 0:9 "
    # be, ce, de, e, ge, pe, te, we rhyme, so do ha, ka, a; ef, es, el, em, en, er, ix are vowel and consonant
    "A:HK B:DPWGE C:TZEDG D:BTGPE E:BCDGPTW F:SX G:DBKE H:AK I:J J:I K:AHG L:MNR M:NL N:ML O:U P:BTDKE Q:U R:LA S:FXC "
    "T:DPCE U:OQ V:FW W:BVE X:SF Y:I Z:CT"
)
_ENGLISH = (
    # nine, five and one share vowel or n; four and five the f; six and seven the s; eight, a and h the vowel
    "1:95 2:38 3:2 4:50 5:94 6:78 7:6 8:63A 9:51 0:O4 "
    "A:8HJK B:DPVEG C:ZTEDG D:BTGPE E:BCDGPTVZ F:SX G:DTJE H:A8 I:YR J:GK K:JA L:MNO M:N N:M O:0 P:BTDE Q:U R:IL S:FX "
    "T:DPCE U:QW V:BEZ W:U X:SF Y:I Z:CVE"
)
_KEYPAD = "1:24 2:135 3:26 4:157 5:2468 6:359 7:48 8:5790 9:68 0:8"


def _pairs(table: str) -> Mapping[str, str]:
    return MappingProxyType(dict(each.split(":") for each in table.split()))


_ALIKE = {"de": _pairs(_GERMAN), "en": _pairs(_ENGLISH)}
_BESIDE = _pairs(_KEYPAD)
_NONE: Mapping[str, str] = MappingProxyType({})


def alike(recogniser: str, language: str) -> Mapping[str, str]:
    """What each character is most easily taken for: what sounds alike; of keys, those beside it."""
    match recogniser:
        case "typed":
            return _NONE
        case "keys":
            return _BESIDE
        case _:
            return _ALIKE.get(language, _NONE)
