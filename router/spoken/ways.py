"""All ways to take what stands at one place: as characters, or as nothing.

The plain way takes one word for itself, with odds of 1; the odds of the others are against it. A word that means
nothing in a number is skipped, and that is the only way there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from router.spoken.cardinals import cardinals_at, worth
from router.spoken.tokens import Gap, Token
from router.spoken.words.vocabulary import Odds, Vocabulary

_SURE: Odds = 60.0
_ALONE: Odds = 0.2
"""What is left of the odds of a word that sounds like a digit, where there is none beside it."""
_NO_LETTER: Odds = 0.1
_PERHAPS: Odds = 0.5
"""That what is mostly a word ("SMS") are letters, where it is written in capitals beside figures."""
_ARTICLE: Odds = 0.5
"""That an English "a" is no letter where letters are said."""
_MOST_TIMES = 6
_MOST_LETTERS = 4
"""Letters that are written as one word."""
_ALIKE = 0.7
"""How alike (0 to 1) a word must be to a name of a spelling alphabet that a recogniser misspelt."""


@dataclass(frozen=True, slots=True)
class Way:
    """The tokens up to ``end`` (exclusive) taken as ``characters``."""

    end: int
    characters: str
    odds: Odds = 1.0


class Ways:
    """The ways at each place of some tokens. ``letters``: whether the number may have any."""

    def __init__(self, tokens: Sequence[Token], words: Vocabulary, letters: bool) -> None:
        self._tokens, self._words, self._letters = tokens, words, letters

    def at(self, start: int) -> list[Way]:
        """The ways that begin at ``start``, at least one."""
        if aside := self._aside(start):
            return [Way(aside, "")]
        ways = [*self._alone(start), *self._several(start), *self._cardinals(start), *self._chain(start)]
        if self._letters:
            ways += self._spelt(start)
        return ways or [Way(start + 1, "")]

    def _token(self, at: int) -> Token | None:
        return self._tokens[at] if at < len(self._tokens) else None

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _follows(self, phrase: Sequence[str], at: int) -> bool:
        return all(self._text(at + n) == word for n, word in enumerate(phrase))

    def _aside(self, start: int) -> int:
        """The end of the longest aside that begins here, 0 for none."""
        for length in range(self._words.longest_aside, 0, -1):
            if tuple(self._text(start + n) for n in range(length)) in self._words.asides:
                return start + length
        return 0

    # -- one token

    def _alone(self, at: int) -> Iterator[Way]:
        token = self._tokens[at]
        if digits := self._digits(token):
            yield Way(at + 1, digits)
        elif sounding := self._words.sounding.get(token.text):
            digit, odds = sounding
            yield Way(at + 1, "")
            yield Way(at + 1, digit, odds if self._beside_digits(at) else odds * _ALONE)

    def _digits(self, token: Token) -> str:
        """The digits that a token is, whatever stands beside it; "" for none."""
        if token.figures:
            return token.text
        return self._words.digits.get(token.text) or self._words.plurals.get(token.text, "")

    def _beside_digits(self, at: int) -> bool:
        beside = (self._tokens[at - 1] if at else None, self._token(at + 1))
        return any(token is not None and self._counts(token) for token in beside)

    def _counts(self, token: Token) -> bool:
        sounding = self._words.sounding.get(token.text, ("", 0.0))[1] >= 1
        return sounding or bool(self._digits(token) or self._letter(token))

    # -- several tokens that are one number

    def _cardinals(self, start: int) -> Iterator[Way]:
        for each in cardinals_at(self._tokens, start, self._words):
            yield Way(each.end, str(each.value), each.odds)

    def _chain(self, start: int) -> Iterator[Way]:
        """Units that belong to the next ten, as Whisper writes German pairs: "1 und 42 und 65 und 90" is 41 62 95, and
        "21 und 40" may be 2 41."""
        first = self._text(start)
        if not self._words.unit_first or not first.isdigit() or first[-1] == "0":
            return
        taken, unit, at = first[:-1], first[-1], start + 1
        pairs = 0
        while self._text(at) in self._words.joining and _is_pair(self._text(at + 1)):
            ten = self._text(at + 1)
            taken, unit, at, pairs = taken + ten[0] + unit, ten[1], at + 2, pairs + 1
            odds = (3.0 if len(first) == 1 else 1.0) * 4.0 ** (pairs - 1)
            if unit == "0":
                if pairs > 1 or len(first) > 1:
                    yield Way(at, taken, odds)
                return
        if pairs:
            yield Way(at, taken + unit, 0.6)

    # -- doppel, dreimal, zwei Siebenen

    def _several(self, start: int) -> Iterator[Way]:
        text = self._text(start)
        if number := self._words.several.get(text):
            yield from self._repeated(start, start + 1, number, _SURE)
            yield Way(start + 1, "", 0.5)
            return
        count = self._digits(self._tokens[start])
        if len(count) != 1 or not 2 <= int(count) <= _MOST_TIMES:
            return
        following = self._text(start + 1)
        if following in self._words.plurals:
            yield Way(start + 2, self._words.plurals[following] * int(count), _SURE)
        if following in self._words.times:
            article = self._text(start + 2) in self._words.articles
            yield from self._repeated(start, start + 2, int(count), _SURE if article else 1.2)

    def _repeated(self, start: int, at: int, number: int, odds: Odds) -> Iterator[Way]:
        """What stands at ``at``, said ``number`` times. Of figures it may be the first alone: "doppel 34"."""
        if self._text(at) in self._words.articles and at + 1 < len(self._tokens):
            at += 1
        token = self._token(at)
        if token is None:
            return
        if digits := self._digits(token):
            yield Way(at + 1, digits[0] * number + digits[1:], odds)
            if len(digits) == 2:
                yield Way(at + 1, digits * number, odds / 2)
            return
        sounding = self._words.sounding.get(token.text)
        if sounding and not self._letters:
            yield Way(at + 1, sounding[0] * number, odds)
        for each in cardinals_at(self._tokens, at, self._words):
            yield Way(each.end, str(each.value) * number, odds * each.odds)
        if self._letters:
            for way in self._spelt(at):
                if way.characters:
                    yield Way(way.end, way.characters * number, odds * way.odds)

    # -- letters

    def _spelt(self, at: int) -> Iterator[Way]:
        token = self._tokens[at]
        if token.figures:
            return
        if self._printed(at):
            yield Way(at + 1, token.written, _SURE)
        yield from self._like(at)
        for phrase, letters in self._words.letters_in_words.items():
            if self._follows(phrase, at):
                yield Way(at + len(phrase), letters, 10 * _SURE if phrase[0] in self._words.several else _SURE)
        name = self._words.names.get(token.text)
        if name:
            yield Way(at + 1, name)
            if len(name) > 1:
                yield Way(at + 1, name[0])
        elif letter := self._letter(token):
            yield from self._a_letter(at, letter)
        elif letter := self._words.letter_like.get(token.text, ""):
            yield Way(at + 1, letter, 1.0 if self._beside_digits(at) else _ALONE)
            if token.text not in self._words.sounding:
                yield Way(at + 1, "")
        elif not self._known(token):
            yield from self._guessed(at)
        elif token.text in self._words.others and self._in_capitals(token) and self._beside_digits(at):
            yield Way(at + 1, token.written, _PERHAPS)
            yield Way(at + 1, "")

    def _known(self, token: Token) -> bool:
        """Whether a word means something else than a letter."""
        text, words = token.text, self._words
        known = (words.sounding, words.others, words.several, words.times, words.articles, words.joining)
        return bool(self._digits(token)) or any(text in each for each in known) or worth(token, words) is not None

    def _a_letter(self, at: int, letter: str) -> Iterator[Way]:
        yield Way(at + 1, letter)
        yield Way(at + 1, "", _ARTICLE if self._text(at) in self._words.articles else _NO_LETTER)

    def _letter(self, token: Token) -> str:
        """The letter that a token is in a number that has letters; "" for none."""
        if not self._letters or token.figures:
            return ""
        if len(token.text) == 1:
            return token.text.upper() if token.text.isascii() else ""
        return self._words.letters.get(token.text, "")

    def _like(self, at: int) -> Iterator[Way]:
        """ "A wie Anton", "B for Bravo": one letter; where the two differ, the word is the likelier."""
        letter = self._letter(self._tokens[at]) or self._words.letter_like.get(self._text(at), "")
        if not letter:
            return
        if self._words.names.get(self._text(at + 1), "")[:1] == letter:
            yield Way(at + 2, letter, 4.0)
        phrase = max((each for each in self._words.like if self._follows(each, at + 1)), key=len, default=())
        word = self._token(at + 1 + len(phrase))
        if not phrase or word is None or word.figures or not word.text.isascii():
            return
        end, initial = self._name(at + 1 + len(phrase), word)
        if initial == letter:
            yield Way(end, letter, 20 * _SURE)
        elif word.text in self._words.names:
            yield Way(end, initial, 10 * _SURE)
            yield Way(end, letter, 5 * _SURE)

    def _name(self, at: int, word: Token) -> tuple[int, str]:
        """Where the name of a letter ends, and its letter: "X-ray" are two words."""
        for phrase, letters in self._words.letters_in_words.items():
            if self._follows(phrase, at):
                return at + len(phrase), letters[0]
        return at + 1, self._words.names.get(word.text, word.text.upper())[0]

    def _guessed(self, at: int) -> Iterator[Way]:
        """Letters written as a word ("HN"), or a name that was misspelt ("Nordpohl")."""
        token = self._tokens[at]
        text = token.text
        sure = token.written.isupper() or self._touches_figures(at)
        if text.isascii() and len(text) <= _MOST_LETTERS and (sure or not set(text) & set("aeiouy")):
            yield Way(at + 1, text.upper())
            yield Way(at + 1, "", _NO_LETTER if sure else 1.0)
        elif name := _misspelt(text, self._words):
            yield Way(at + 1, name[0])
            yield Way(at + 1, "")

    def _printed(self, at: int) -> bool:
        """Whether letters are written as references are printed, with their figures ("ST-2041"): no word then, though
        they may look like one."""
        token = self._tokens[at]
        as_one = self._touches_figures(at, Gap.NONE, Gap.HYPHEN)
        return as_one and self._in_capitals(token) and not self._digits(token)

    def _in_capitals(self, token: Token) -> bool:
        text = token.written
        return text.isascii() and text.isupper() and 1 < len(text) <= _MOST_LETTERS

    def _touches_figures(self, at: int, *gaps: Gap) -> bool:
        """Whether figures stand beside, with nothing between, or one of ``gaps``."""
        before, after = self._token(at - 1) if at else None, self._token(at + 1)
        gaps = gaps or (Gap.NONE,)
        return bool(
            (before and before.figures and self._tokens[at].gap in gaps)
            or (after and after.figures and after.gap in gaps)
        )


def _is_pair(text: str) -> bool:
    return len(text) == 2 and text.isdigit() and text[0] not in "01"


def _misspelt(text: str, words: Vocabulary) -> str:
    """The letters of the name that ``text`` is much alike, "" for none."""
    if not 5 <= len(text) <= 14:
        return ""
    alike = [(_alike(text, name), name) for name in words.names_by_initial.get(text[0], ())]
    best = max(alike, default=(0.0, ""))
    return words.names[best[1]] if best[0] >= _ALIKE else ""


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
