"""Somebody who says numbers in every way that people do, and recognisers write: what the grammar has to understand."""

from __future__ import annotations

import re
from typing import NamedTuple

from hypothesis import strategies as st

from router.spoken.tokens import plain

DIGITS = {
    "de": [["null"], ["eins"], ["zwei", "zwo"], ["drei"], ["vier"], ["fünf", "fuenf"], ["sechs"], ["sieben"],
           ["acht"], ["neun"]],
    "en": [["zero", "oh", "nought"], ["one"], ["two"], ["three"], ["four"], ["five"], ["six"], ["seven"], ["eight"],
           ["nine", "niner"]],
}  # fmt: skip
PLURALS = {
    "de": "Nullen Einsen Zweien Dreien Vieren Fünfen Sechsen Siebenen Achten Neunen".split(),
    "en": "zeros ones twos threes fours fives sixes sevens eights nines".split(),
}
_TEENS = {
    "de": "zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn".split(),
    "en": ("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen").split(),
}
_TENS = {
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split(),
    "en": "twenty thirty forty fifty sixty seventy eighty ninety".split(),
}
_UNITS = {
    "de": ". ein zwei drei vier fünf sechs sieben acht neun".split(),
    "en": ". one two three four five six seven eight nine".split(),
}
ALPHABETS = {
    "de": [
        "Anton Berta Cäsar Dora Emil Friedrich Gustav Heinrich Ida Julius Kaufmann Ludwig Martha Nordpol Otto Paula "
        "Quelle Richard Samuel Theodor Ulrich Viktor Wilhelm Xanthippe Ypsilon Zacharias",
        "Aachen Berlin Chemnitz Düsseldorf Essen Frankfurt Goslar Hamburg Ingelheim Jena Köln Leipzig München Nürnberg "
        "Offenbach Potsdam Quickborn Rostock Salzwedel Tübingen Unna Völklingen Wuppertal Xanten Ypsilon Zwickau",
    ],
    "en": [
        "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec "
        "Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu",
        "Apple Boy Cat Dog Edward Frank George Henry Ida John King London Mary Nancy Orange Peter Queen Robert Sugar "
        "Tom Uncle Victor William Xmas Yellow Zebra",
    ],
}  # fmt: skip
LETTERS = {
    "de": "ah beh zeh deh eeh eff geh hah ih jot kah ell emm enn o peh kuh err ess teh uh vau weh iks ypsilon zett",
    "en": "ay bee cee dee ee eff gee aitch eye jay kay ell em en o pee cue ar ess tee you vee W ex wye zed",
}
LIKE = {"de": ["wie", "wie in", "von"], "en": ["as in", "for", "like"]}
CARRIERS = {
    "de": ["", "Meine Nummer ist ", "Das ist die ", "Die Referenz lautet: ", "Ja, guten Tag, also, äh, ",
           "Moment, hier steht ", "Es ist die ", "Nein, "],
    "en": ["", "My number is ", "It's ", "The reference is: ", "Uh, let me see, ", "Yes, hello, it is ", "No, "],
}  # fmt: skip
TAILS = {
    "de": ["", ".", ", danke.", ", bitte", ", äh, das war's"],
    "en": ["", ".", ", thanks.", ", please", ", that's all"],
}
FILLERS = {"de": [", äh, ", " ähm ", ", Moment, ", ", also ", "... "], "en": [", uh, ", " um ", ", well, ", "... "]}
BREAKS = {
    "de": [" ", ", ", " - ", ". ", " Strich ", " Bindestrich "],
    "en": [" ", ", ", " - ", ". ", " dash ", " hyphen "],
}

_SEVERAL = {
    "de": {2: ["doppel", "Doppel-", "zweimal", "zweimal die"], 3: ["dreimal", "dreimal die", "dreifach"]},
    "en": {2: ["double", "twice"], 3: ["triple", "treble"]},
}
_TIMES = {"de": "mal", "en": "times"}


def cardinal(value: int, language: str) -> str:
    """10 to 9999 in words, as one says it."""
    if value >= 1000:
        rest = cardinal_rest(value % 1000, language)
        return f"{_UNITS[language][value // 1000]}{'tausend' if language == 'de' else ' thousand '}{rest}".strip()
    if value >= 100:
        rest = cardinal_rest(value % 100, language)
        return f"{_UNITS[language][value // 100]}{'hundert' if language == 'de' else ' hundred '}{rest}".strip()
    if value < 20:
        return _TEENS[language][value - 10]
    ten, unit = _TENS[language][value // 10 - 2], _UNITS[language][value % 10]
    if value % 10 == 0:
        return ten
    return f"{unit}und{ten}" if language == "de" else f"{ten}-{unit}"


def cardinal_rest(value: int, language: str) -> str:
    """What stands behind "hundert"."""
    if value >= 10:
        return cardinal(value, language)
    return ("eins" if value == 1 and language == "de" else _UNITS[language][value]) if value else ""


@st.composite
def single_digits(draw: st.DrawFn, number: str, language: str) -> str:
    """Digit by digit, in words or figures, in groups or not, with fillers and what is said around a number."""
    said = draw(st.sampled_from(CARRIERS[language]))
    for place, digit in enumerate(number):
        if place:
            said += draw(st.sampled_from([*BREAKS[language], *FILLERS[language]]))
        said += draw(st.sampled_from([*DIGITS[language][int(digit)], digit]))
    return said + draw(st.sampled_from(TAILS[language]))


@st.composite
def any_way(draw: st.DrawFn, number: str, language: str) -> str:
    """A number in any mixture of ways, of which at most two can well be taken for something else."""
    said, place, unclear = draw(st.sampled_from(CARRIERS[language])), 0, 2
    while place < len(number):
        ways = [way for way in _ways(number[place:], language) if way.clear or unclear]
        way = draw(st.sampled_from(ways))
        place, unclear = place + way.length, unclear - (not way.clear)
        between = draw(st.sampled_from([" ", ", ", *FILLERS[language]])) if place < len(number) else ""
        said += way.words + between
    return said + draw(st.sampled_from(TAILS[language]))


class Way(NamedTuple):
    """How the first ``length`` characters can be said; ``clear``: it can hardly be taken for anything else."""

    length: int
    words: str
    clear: bool = True


def _ways(number: str, language: str) -> list[Way]:
    first = number[0]
    if first.isalpha():
        return [*_letter(first, language), *_doubled(number, language)]
    digits = re.match("[0-9]+", number)
    run = digits.group() if digits else ""
    ways = [Way(1, word) for word in (*DIGITS[language][int(first)], first)]
    ways += [Way(len(run[:size]), run[:size]) for size in (2, 3, 4) if len(run) >= size]
    return [*ways, *_pair(run, language), *_cardinals(run, language), *_doubled(number, language)]


def _letter(letter: str, language: str) -> list[Way]:
    names = [name for alphabet in ALPHABETS[language] for name in alphabet.split() if plain(name)[0] == letter.lower()]
    alone = LETTERS[language].split()[ord(letter) - ord("A")]
    return [
        *(Way(1, name) for name in names),
        *(Way(1, f"{letter} {like} {name}") for name in names for like in LIKE[language]),
        Way(1, alone, False),
        Way(1, letter, False),
    ]


def _pair(run: str, language: str) -> list[Way]:
    """ "achtundvierzig" and what recognisers make of it, "sixty four"."""
    if len(run) < 2 or run[0] in "01":
        return []
    ten, unit = _TENS[language][int(run[0]) - 2], _UNITS[language][int(run[1])]
    clear = run[1] != "0"
    ways = [Way(2, cardinal(int(run[:2]), language), clear)]
    if language == "de" and clear:
        ways += [Way(2, f"{unit} und {ten}"), Way(2, f"{run[1]} und {run[0]}0"), Way(2, f"{run[1]} und {ten}")]
    if clear:
        ways += [Way(2, f"{run[0]}0 {run[1]}", False), Way(2, f"{run[0]}0, {run[1]}", False)]
        ways += [Way(2, f"{ten} {unit}", False)]
    return ways


def _cardinals(run: str, language: str) -> list[Way]:
    teens = [Way(2, _TEENS[language][int(run[1])], run[1] != "0")] if len(run) > 1 and run[0] == "1" else []
    hundreds = [3] if len(run) > 2 and run[0] != "0" else []
    thousands = [4] if len(run) > 3 and run[0] != "0" else []
    ways = [Way(size, cardinal(int(run[:size]), language), False) for size in (*hundreds, *thousands)]
    if thousands and run[1] != "0" and run[2:4] == "00":
        hundred = "hundert" if language == "de" else " hundred"
        ways.append(Way(4, cardinal(int(run[:2]), language) + hundred, False))
    return [*teens, *ways]


def _doubled(number: str, language: str) -> list[Way]:
    """ "doppel drei", "drei mal die vier", "zwei Siebenen"."""
    first = number[0]
    times = len(number) - len(number.lstrip(first))
    said = ALPHABETS[language][0].split()[ord(first) - ord("A")] if first.isalpha() else DIGITS[language][int(first)][0]
    ways = []
    for count, words in _SEVERAL[language].items():
        if times >= count:
            ways += [Way(count, f"{word} {said}") for word in words]
            number_word = DIGITS[language][count][0]
            article = "die" if language == "de" else "the"
            ways.append(Way(count, f"{number_word} {_TIMES[language]} {article} {said}"))
            if first.isdigit():
                ways.append(Way(count, f"{number_word} {PLURALS[language][int(first)]}"))
                ways.append(Way(count, f"{count} x {first}", False))
    return ways
