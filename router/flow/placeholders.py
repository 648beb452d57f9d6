"""Texts with variables: ``Der Preis ist {{ offer.facts.price | amount EUR ?? 'günstig' }}.``

``{{ EXPRESSION | FORMAT ?? 'default' }}``: the expression is CEL over `router.flow.variables`, the format one of
`router.flow.spoken.formats`, the default a text that stands where the value is not known. Both may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MOST_PLACEHOLDERS = 20
"""In one text; each value is short, so that no prompt gets longer than can be spoken."""

_OPEN, _CLOSE = "{{", "}}"
_QUOTES = "'\""
_FORMAT = re.compile(r"([a-z_]+)(?:\s+(\S+))?")
_DEFAULT = re.compile(r"'([^'\\{}]*)'|\"([^\"\\{}]*)\"")
_SENTENCE_ENDS = re.compile(
    # After a word of some length, so that neither "z. B." nor "3." ends a sentence; or at the end of a line.
    r"(?:(?<=[^\W\d_]{4})\.|[!?…]|^[.!?…]+)[\"'»“”)]*\s+(?=[^\W\d_a-zäöüß]|[\"'«„“(]|$)|\n+"
)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One variable in a text. ``format`` and ``argument`` are None where the text names none; ``at`` counts the
    characters of the text before it, ``expression_at`` those before its expression."""

    expression: str
    format: str | None
    argument: str | None
    default: str | None
    at: int
    expression_at: int


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Something between braces that cannot be read, and why."""

    at: int
    reason: str


Part = str | Placeholder
Sentence = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A text taken apart: its sentences, and what cannot be read in it."""

    sentences: tuple[Sentence, ...]
    misplaced: tuple[Misplaced, ...] = ()

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The variables, in order."""
        return tuple(part for sentence in self.sentences for part in sentence if isinstance(part, Placeholder))


def has_variables(text: str) -> bool:
    """Whether the text is made anew for each call."""
    return _OPEN in text


@lru_cache(maxsize=5_000)
def template(text: str) -> Template:
    """The text taken apart. What cannot be read is left out of the sentences: no caller hears braces."""
    parts: list[Part] = []
    misplaced: list[Misplaced] = []
    for part in _parts(text):
        if isinstance(part, Misplaced):
            misplaced.append(part)
        else:
            parts.append(part)
    variables = [part for part in parts if isinstance(part, Placeholder)]
    if len(variables) > MOST_PLACEHOLDERS:
        misplaced.append(Misplaced(variables[MOST_PLACEHOLDERS].at, f"more than {MOST_PLACEHOLDERS} in one text"))
    return Template(tuple(_sentences(parts)), tuple(misplaced))


def _parts(text: str) -> Iterator[Part | Misplaced]:
    at = 0
    while (begin := text.find(_OPEN, at)) >= 0:
        if begin > at:
            yield text[at:begin]
        end = _end(text, begin + len(_OPEN))
        if end is None:
            yield Misplaced(begin, "'{{' is not closed by '}}'")
            at = len(text)
            break
        yield _placeholder(text[begin + len(_OPEN) : end], begin)
        at = end + len(_CLOSE)
    if at < len(text):
        yield text[at:]


def _end(text: str, at: int) -> int | None:
    """Where the ``}}`` stands that closes what began before ``at``; braces within quotes or pairs do not count."""
    depth = 0
    for place, char in _outside_quotes(text, at):
        if char == "{":
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif char == "}" and text.startswith(_CLOSE, place):
            return place
    return None


def _outside_quotes(text: str, at: int = 0) -> Iterator[tuple[int, str]]:
    """Each character from ``at`` on that is not within quotes, with its place."""
    quote = ""
    skip = False
    for place in range(at, len(text)):
        char = text[place]
        if skip:
            skip = False
        elif quote:
            skip = char == "\\"
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        else:
            yield place, char


def _placeholder(inside: str, at: int) -> Placeholder | Misplaced:
    expression, default = _cut(inside, "??")
    expression, form = _cut(expression, "|")
    if not expression.strip():
        return Misplaced(at, "no variable between '{{' and '}}'")
    named = _FORMAT.fullmatch(form.strip()) if form is not None else None
    if form is not None and named is None:
        return Misplaced(at, f"'{form.strip()}' is not a format; write one word, such as '| digits'")
    given = _DEFAULT.fullmatch(default.strip()) if default is not None else None
    if default is not None and given is None:
        return Misplaced(at, "after '??' a text in quotes is expected, such as ?? 'you'")
    text = None if given is None else given[1] if given[1] is not None else given[2]
    begins = at + len(_OPEN) + len(expression) - len(expression.lstrip())
    return Placeholder(expression.strip(), named[1] if named else None, named[2] if named else None, text, at, begins)


def _cut(text: str, mark: str) -> tuple[str, str | None]:
    """What stands before the last ``mark`` outside quotes, and what behind it; CEL's own ``||`` is no ``|``."""
    found = None
    for place, _ in _outside_quotes(text):
        if text.startswith(mark, place) and "||" not in (text[place : place + 2], text[max(place - 1, 0) : place + 1]):
            found = place
    return (text, None) if found is None else (text[:found], text[found + len(mark) :])


def _sentences(parts: list[Part]) -> Iterator[Sentence]:
    sentence: list[Part] = []
    for number, part in enumerate(parts):
        if isinstance(part, Placeholder):
            sentence.append(part)
            continue
        at = 0
        for ending in _SENTENCE_ENDS.finditer(part):
            if ending.start() == 0 and number == 0:
                continue
            if ending.end() == len(part) and number == len(parts) - 1:
                continue
            yield (*sentence, part[at : ending.end()])
            sentence, at = [], ending.end()
        if at < len(part):
            sentence.append(part[at:])
    if sentence:
        yield tuple(sentence)
