"""Prompts and text messages with variables (`router.flow.placeholders`), made for one call.

What is not known, cannot be said as wished, or is personal while the caller is not proved, is neither guessed at nor
said as it is: the default of the placeholder stands for it, and without one the whole sentence is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from router.flow import terms
from router.flow.placeholders import Placeholder, Sentence, has_variables, template
from router.flow.problems import nearest
from router.flow.spoken import formats
from router.flow.spoken.manner import Manner, Unsayable
from router.flow.variables import EMPTY, PERSONAL, SAMPLE, Facts

NOWHERE: Mapping[str, str] = {}
LONGEST_EXPRESSION = 500
_UNKNOWN_DAYS = EMPTY["offer"]["days_left"]
_LETTER = re.compile(r"[^\W_]")
_OPEN_ENDED = ("vars", "inputs", "offer.facts")
"""Variables whose parts, and their types, a flow or the senders of messages decide."""


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


def _recordings(sentences: tuple[Sentence, ...], telling: Telling) -> tuple[str, ...]:
    """``NAME_1``, ``NAME_2``, … for what stands between the variables, and ``digit_0`` to ``digit_9`` for digits that
    are read out. Anything else has no recordings."""
    names: list[str] = []
    fixed = ""
    number = 0
    for part in (*(part for sentence in sentences for part in sentence), None):
        if isinstance(part, str):
            fixed += part
            continue
        if _LETTER.search(fixed):
            number += 1
            names.append(f"{telling.recording}_{number}")
        fixed = ""
        if part is not None:
            value = str(_known(part.expression, telling) or "")
            if part.format != "digits" or not (value.isascii() and value.isdigit()):
                return ()
            names += [f"digit_{digit}" for digit in value]
    return tuple(names)


# -- checking -----------------------------------------------------------------------------------------------------


class Wrong(NamedTuple):
    """Something wrong in a text: ``at`` counts the characters before it. ``warning``: it can be said all the same."""

    at: int
    code: str
    message: str
    warning: bool = False


def problems_in(
    text: str, steps: Collection[str], inputs: Collection[str], values: Collection[str], places: Collection[str] = ()
) -> Iterator[Wrong]:
    """What is wrong with the variables of a text. ``steps``, ``inputs`` and ``values`` are those that the flow has,
    ``places`` the names that this text alone may use."""
    if not has_variables(text):
        return
    taken_apart = template(text)
    for misplaced in taken_apart.misplaced:
        yield Wrong(misplaced.at, "placeholder", misplaced.reason)
    names = {"visits": steps, "inputs": inputs, "vars": values}
    broken = bool(taken_apart.misplaced)
    for placeholder in taken_apart.placeholders:
        if wrong := _wrong_with(placeholder, names, places):
            broken = True
            yield Wrong(placeholder.at, "placeholder", wrong)
    if not broken and all(any(_may_lack(part, places) for part in each) for each in taken_apart.sentences):
        unknown = next(each for each in taken_apart.placeholders if _may_lack(each, places))
        nothing = f"nothing is said where '{unknown.expression}' is not known; give it a default: ?? 'text'"
        yield Wrong(unknown.at, "no-default", nothing, warning=True)


def _wrong_with(placeholder: Placeholder, names: Mapping[str, Collection[str]], places: Collection[str]) -> str | None:
    if placeholder.expression in places:
        return "stands as it is: leave out its format" if placeholder.format or placeholder.default else None
    if placeholder.format and placeholder.format not in formats.FORMATS:
        return f"no format '{placeholder.format}'{nearest(placeholder.format, formats.FORMATS)}"
    if wrong := formats.problem_with(placeholder.format, placeholder.argument):
        return wrong
    return _wrong_expression(placeholder.expression, names) or _unfit(placeholder, names)


def _wrong_expression(expression: str, known: Mapping[str, Collection[str]]) -> str | None:
    if len(expression) > LONGEST_EXPRESSION:
        return f"longer than {LONGEST_EXPRESSION} characters"
    if wrong := terms.unreadable(expression):
        return wrong
    for name in sorted(terms.names(expression)):
        root, *rest = name.split(".")
        if root not in SAMPLE:
            return f"no variable '{root}'{nearest(root, SAMPLE)}"
        group = SAMPLE[root]
        fields = known.get(root, group if isinstance(group, Mapping) else ())
        if rest and (isinstance(group, Mapping) and rest[0] not in fields):
            return f"no field '{rest[0]}'{nearest(rest[0], fields)}"
        if not rest and isinstance(group, Mapping) and terms.is_path(expression):
            return f"which of '{root}'?{nearest('', (f'{root}.{field}' for field in fields)).replace(';', '', 1)}"
    return None


def _unfit(placeholder: Placeholder, known: Mapping[str, Collection[str]]) -> str | None:
    """Whether the sample of what is named cannot be said in the format wanted. A text may hold anything."""
    if terms.named_among(placeholder.expression, _OPEN_ENDED):
        return None
    sample = {**SAMPLE, "visits": dict.fromkeys(known["visits"], 0)}
    value = terms.worked_out(placeholder.expression, sample)
    if value is None:
        return "cannot be worked out: it combines values of different kinds, or a field that is not there"
    if isinstance(value, str) or value in ([], {}):
        return None
    try:
        formats.said(value, placeholder.format, Manner(argument=placeholder.argument or _currency(placeholder.format)))
    except Unsayable as error:
        return f"'{placeholder.expression}' {error}, so '{placeholder.format or 'text'}' cannot say it"
    return None


def _currency(format: str | None) -> str | None:
    return "EUR" if format == "amount" else None


def _may_lack(part: str | Placeholder, places: Collection[str]) -> bool:
    """Whether there are calls in which the part cannot be said."""
    if isinstance(part, str) or part.default is not None or part.expression in places:
        return False
    if terms.named_among(part.expression, _OPEN_ENDED):
        return True
    return any(terms.worked_out(name, EMPTY) in ("", [], {}, None) for name in terms.names(part.expression))
