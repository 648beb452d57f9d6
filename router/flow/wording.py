"""Prompts and text messages with variables (`router.flow.placeholders`), made for one call.

What is not known, cannot be said as wished, or is personal while the caller is not proved, is neither guessed at nor
said as it is: the default of the placeholder stands for it, and without one the whole sentence is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.flow import terms
from router.flow.placeholders import Part, Placeholder, Sentence, template
from router.flow.spoken import formats
from router.flow.spoken.manner import Manner, Unsayable
from router.flow.variables import EMPTY, PERSONAL, Facts

NOWHERE: Mapping[str, str] = {}
_UNKNOWN_DAYS = EMPTY["offer"]["days_left"]
_LETTER = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Worded:
    """What comes of a text: empty where nothing of it can be said. ``recordings`` name the recorded files that say the
    same one after the other; none where some part has no such name."""

    text: str
    recordings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Telling:
    """What a text is made from. ``personal`` are the variables that only a caller hears who is ``proved``; ``places``
    stand for names of the text's own (``{{ code }}``) and are put in as they are."""

    facts: Callable[[], Facts]
    manner: Manner
    proved: bool
    personal: Collection[str] = PERSONAL
    places: Mapping[str, str] = field(default_factory=dict)
    recording: str | None = None


def worded(text: str, telling: Telling) -> Worded:
    """The text with its variables put in. Never fails."""
    sentences = template(text).sentences
    made = [_sentence(sentence, telling) for sentence in sentences]
    said = "".join(each for each in made if each is not None).strip()
    whole = telling.recording is not None and None not in made
    return Worded(said, _recordings(sentences, telling) if whole else ())


def _sentence(sentence: Sentence, telling: Telling) -> str | None:
    """None where something in it is not known."""
    made: list[str] = []
    for part in sentence:
        value = part if isinstance(part, str) else _value(part, telling)
        if value is None:
            return None
        made.append(value)
    return "".join(made)


def _value(placeholder: Placeholder, telling: Telling) -> str | None:
    place = telling.places.get(placeholder.expression)
    if place is not None:
        return place
    value = _known(placeholder.expression, telling)
    manner = Manner(telling.manner.language, telling.manner.zone, telling.manner.written, placeholder.argument)
    try:
        text = "" if value is None else formats.said(value, placeholder.format, manner)
    except Unsayable:
        text = ""
    return text or placeholder.default


def _known(expression: str, telling: Telling) -> Any:
    """What the expression gives; None where that is not known, or not for the caller's ears."""
    if not telling.proved and terms.named_among(expression, telling.personal) is not None:
        return None
    value = terms.worked_out(expression, telling.facts())
    if expression == "offer.days_left" and value == _UNKNOWN_DAYS:
        return None
    return None if value in ("", [], {}) else value


def recordings_of(text: str, recording: str) -> frozenset[str] | None:
    """The recorded files that can say the text, with its variables whatever they are; None where none can."""
    names: set[str] = set()
    parts = [part for sentence in template(text).sentences for part in sentence]
    for name in _fixed_and_variables(parts, recording):
        if isinstance(name, str):
            names.add(name)
        elif name.format == "digits":
            names |= {f"digit_{digit}" for digit in range(10)}
        else:
            return None
    return frozenset(names)


def _recordings(sentences: tuple[Sentence, ...], telling: Telling) -> tuple[str, ...]:
    names: list[str] = []
    parts = [part for sentence in sentences for part in sentence]
    for name in _fixed_and_variables(parts, telling.recording or ""):
        if isinstance(name, str):
            names.append(name)
            continue
        value = str(_known(name.expression, telling) or "")
        if name.format != "digits" or not (value.isascii() and value.isdigit()):
            return ()
        names += [f"digit_{digit}" for digit in value]
    return tuple(names)


def _fixed_and_variables(parts: Sequence[Part], recording: str) -> Iterator[str | Placeholder]:
    """``NAME_1``, ``NAME_2``, … for what stands between the variables, and the variables, in order."""
    fixed, number = "", 0
    for part in (*parts, None):
        if isinstance(part, str):
            fixed += part
            continue
        if _LETTER.search(fixed):
            number += 1
            yield f"{recording}_{number}"
        fixed = ""
        if part is not None:
            yield part
