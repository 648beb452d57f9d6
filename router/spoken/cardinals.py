"""Numbers that are said as a whole: "achtundvierzig", "4 und 90", "zwölfhundert", "sixty four".

The library text2num knows what single words are worth. What recognisers write in several words, and half in figures, is
put together here, since each way to do so is one of several: "60, 4" is 604 or 64.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from text_to_num import text2num  # type: ignore[import-untyped]

from router.spoken.tokens import Gap, Token
from router.spoken.words.vocabulary import Odds, Vocabulary

_SURE: Odds = 60.0
"""Hardly anybody means the parts one by one."""
_LONGEST_WORD = 60
_GERMAN_WORD = re.compile(
    "(?:und|null|eins?|zwei|zwo|zwan|drei|vier|fuenf|sechs|sech|sieben|sieb|acht|neun|zehn|elf|zwoelf"
    "|zig|ssig|hundert|tausend)+"
)
_ENGLISH_WORD = re.compile(
    "(?:eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|ten"
    "|(?:twen|thir|four|for|fif|six|seven|eigh|nine)ty|hundred|thousand)"
)
_FIGURES = re.compile("[1-9][0-9]{0,3}")
_SPELT = (("fuenf", "fünf"), ("zwoelf", "zwölf"))


@dataclass(frozen=True, slots=True)
class Cardinal:
    """A number from one token to ``end`` (exclusive). ``odds`` is how likely it is one number, against its parts."""

    end: int
    value: int
    odds: Odds


def cardinals_at(tokens: Sequence[Token], start: int, words: Vocabulary) -> Iterator[Cardinal]:
    """The numbers that begin at ``start``, from 10 to 999,999, of one word or several; figures alone are none."""
    for each in _below_million(tokens, start, words):
        alone = each.end == start + 1
        if each.value >= 10 and not (alone and tokens[start].figures):
            yield each


def worth(token: Token, words: Vocabulary) -> int | None:
    """What a token is worth: figures up to 9999 and words; None for a token that is no number."""
    if token.figures:
        return int(token.text) if _FIGURES.fullmatch(token.text) else None
    if digit := words.digits.get(token.text):
        return int(digit)
    return _worth(token.text, words.language)


@lru_cache(maxsize=512)
def _worth(word: str, language: str) -> int | None:
    known = _GERMAN_WORD if language == "de" else _ENGLISH_WORD
    if len(word) > _LONGEST_WORD or not known.fullmatch(word) or word.startswith("und") or word.endswith("und"):
        return None
    for long, umlaut in _SPELT:
        word = word.replace(long, umlaut)
    value = _by_library(word, language)
    if value is None and "hundert" in word:  # "dreiundzwanzighundert" is beyond the library
        head, _, tail = word.partition("hundert")
        tens, rest = _by_library(head, language), _by_library(tail.removeprefix("und"), language) if tail else 0
        value = tens * 100 + rest if tens and rest is not None and max(tens, rest) < 100 else None
    return value if value is not None and 0 < value < 1_000_000 else None


def _by_library(word: str, language: str) -> int | None:
    try:
        return int(text2num(word, language))
    except ValueError:
        return None


def _below_million(tokens: Sequence[Token], at: int, words: Vocabulary) -> Iterator[Cardinal]:
    for first in _below_thousand(tokens, at, words):
        yield first
        if _is(tokens, first.end, words.thousands) and first.value < 1000:
            yield from _with_rest(tokens, Cardinal(first.end + 1, first.value * 1000, _SURE), 1000, words)
        elif first.value and first.value % 1000 == 0:
            yield from _joined(tokens, at, first, 1000, words)


def _below_thousand(tokens: Sequence[Token], at: int, words: Vocabulary) -> Iterator[Cardinal]:
    for first in _below_hundred(tokens, at, words):
        yield first
        if _is(tokens, first.end, words.hundreds) and first.value < 100:
            yield from _with_rest(tokens, Cardinal(first.end + 1, first.value * 100, _SURE), 100, words)
        elif first.value % 100 == 0 and first.value % 1000:
            yield from _joined(tokens, at, first, 100, words)


def _below_hundred(tokens: Sequence[Token], at: int, words: Vocabulary) -> Iterator[Cardinal]:
    """What one token is worth, whatever it is, and pairs of unit and ten."""
    if at >= len(tokens):
        return
    value = worth(tokens[at], words)
    if value is None and tokens[at].text in words.ones and _goes_on(tokens, at + 1, words):
        value = 1
    if value is None:
        return
    yield Cardinal(at + 1, value, 1.0)
    second = worth(tokens[at + 1], words) if at + 1 < len(tokens) else None
    if second is not None and _is_ten(value) and 1 <= second <= 9:
        yield Cardinal(at + 2, value + second, _ten_then_unit(tokens[at], tokens[at + 1], words))
    if words.unit_first and second == 10 and 3 <= value <= 9:
        yield Cardinal(at + 2, 10 + value, 0.3 if tokens[at + 1].figures else 1.0)
    if words.unit_first and second is not None and _is_ten(second) and 1 <= value <= 9:  # "4, 90": "und" was swallowed
        yield Cardinal(at + 2, second + value, 0.3)
    if _is(tokens, at + 1, words.joining) and at + 2 < len(tokens) and 1 <= value <= 9:
        yield from _unit_and_ten(at + 3, value, worth(tokens[at + 2], words), words)


def _unit_and_ten(end: int, unit: int, ten: int | None, words: Vocabulary) -> Iterator[Cardinal]:
    if not words.unit_first or ten is None:
        return
    if _is_ten(ten):
        yield Cardinal(end, ten + unit, _SURE)
    elif 13 <= ten <= 19:  # "9 und 15", "9 und 5": hardly anybody says so, the end of "fünfzig" was lost
        yield Cardinal(end, (ten - 10) * 10 + unit, 1.5)
    elif 2 <= ten <= 9:
        yield Cardinal(end, ten * 10 + unit, 1.5)


def _ten_then_unit(ten: Token, unit: Token, words: Vocabulary) -> Odds:
    if unit.gap is Gap.PAUSE:
        return 0.5
    if ten.figures or unit.figures or words.unit_first:
        return 0.5 if unit.gap is Gap.SPACE else 0.3
    return 6.0 if unit.gap is Gap.SPACE else _SURE


def _with_rest(tokens: Sequence[Token], whole: Cardinal, below: int, words: Vocabulary) -> Iterator[Cardinal]:
    """``whole``, and with what is said behind "hundert" or "tausend"."""
    yield whole
    yield from _joined(tokens, whole.end - 1, whole, below, words)


def _joined(tokens: Sequence[Token], last: int, whole: Cardinal, below: int, words: Vocabulary) -> Iterator[Cardinal]:
    linked = _is(tokens, whole.end, words.joining)
    after = whole.end + 1 if linked else whole.end
    rests = _below_hundred(tokens, after, words) if below == 100 else _below_thousand(tokens, after, words)
    for rest in rests:
        if not 0 < rest.value < below:
            continue
        paused = tokens[after].gap is Gap.PAUSE
        odds = 10.0 if linked else 0.3 if tokens[last].figures else 0.5 if paused else 4.0
        yield Cardinal(rest.end, whole.value + rest.value, whole.odds * odds * max(rest.odds, 1.0))


def _goes_on(tokens: Sequence[Token], at: int, words: Vocabulary) -> bool:
    """Whether "ein" before this is a one: "ein hundert", "ein und vierzig"."""
    return _is(tokens, at, words.hundreds | words.thousands) or (words.unit_first and _is(tokens, at, words.joining))


def _is(tokens: Sequence[Token], at: int, among: frozenset[str]) -> bool:
    return at < len(tokens) and tokens[at].text in among


def _is_ten(value: int) -> bool:
    return value in range(20, 100, 10)
