"""What is wrong with the texts of a flow: their variables, and what a caller who is not proved must not hear."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from router.flow import terms
from router.flow.formulas import FormulaCheck
from router.flow.model import Flow
from router.flow.nodes.base import Formula, Text
from router.flow.nodes.match import Match
from router.flow.personal import personal_in, proved_steps
from router.flow.placeholders import Placeholder, has_variables, template
from router.flow.problems import Problem, nearest
from router.flow.source import MOST_PROBLEMS, Path, Source
from router.flow.spoken import formats
from router.flow.spoken.manner import Manner, Unsayable
from router.flow.variables import EMPTY, SAMPLE

_WAY_OUT = "say it after 'verified' of a verify step or a branch on match.assurance >= 3, or leave it out"


_OPEN_ENDED = ("vars", "inputs", "offer.facts")
"""Variables whose parts, and their types, a flow or the senders of messages decide."""


class _Said(NamedTuple):
    """A text in one language. ``at`` is where a step says it, ``path`` where it stands; ``prompt`` is its name, if any.
    ``guarded``: no caller hears it who is not proved. ``names`` are those that it alone may use."""

    at: Path
    path: Path
    text: str
    prompt: str | None
    guarded: bool
    names: Collection[str]


def complaints(source: Source, flow: Flow, check: FormulaCheck) -> Iterator[Problem]:
    """What is wrong with the variables in the texts of ``flow``, each once; no more texts are looked at once there are
    `MOST_PROBLEMS`."""
    found: dict[Problem, None] = {}
    for said in _all_said(flow):
        if len(found) >= MOST_PROBLEMS:
            break
        found |= dict.fromkeys(_lacking(source, said))
        if has_variables(said.text):
            found |= dict.fromkeys(_misworded(source, said, check))
            found |= dict.fromkeys(() if said.guarded else _personal(source, flow, said))
    yield from found


def any_to_check(flow: Flow) -> bool:
    """Whether any text has variables, or has to have them."""
    return any(has_variables(said.text) or said.names for said in _all_said(flow))


def _lacking(source: Source, said: _Said) -> Iterator[Problem]:
    """What a prompt has to hold where it is used; of words in the step itself the step says so."""
    for name in said.names:
        if said.prompt is not None and not re.search(rf"\{{\{{\s*{name}\s*\}}\}}", said.text):
            wrong = f"the prompt '{said.prompt}' has no {{{{ {name} }}}}"
            yield source.problem(said.at, "missing-placeholder", wrong)


def _misworded(source: Source, said: _Said, check: FormulaCheck) -> Iterator[Problem]:
    for at, code, message, warning in problems_in(said.text, check.mistakes, said.names):
        if said.path in source.places:
            yield source.problem(said.path, code, message, warning=warning, offset=at)
        else:  # a shared prompt
            yield source.problem(said.at, code, f"in the prompt '{said.prompt}': {message}", warning=warning)


def _personal(source: Source, flow: Flow, said: _Said) -> Iterator[Problem]:
    for at, variable in personal_in(said.text, flow.personal):
        wrong = f"'{variable}' is personal and could be said to anybody here; {_WAY_OUT}"
        if said.prompt is None:
            yield source.problem(said.path, "personal-data", wrong, offset=at)
        else:
            yield source.problem(said.at, "personal-data", f"in the prompt '{said.prompt}': {wrong}")


def _all_said(flow: Flow) -> Iterator[_Said]:
    used: set[str] = set()
    proved = proved_steps(flow)
    for name, step in flow.text.steps.items():
        heard, own = step.texts(), step.placeholders()
        for place, text in (*heard.items(), *step.private_texts().items()):
            used |= {text} if isinstance(text, str) else set()
            guarded = place not in heard or (name in proved and not isinstance(step, Match))
            yield from _languages(flow, ("steps", name, *place), text, guarded, own.get(place, ()))
    for name in flow.text.prompts:
        if name not in used:
            yield from _languages(flow, ("prompts", name), name, True, ())


def _languages(flow: Flow, at: Path, text: Text, guarded: bool, own: Collection[str]) -> Iterator[_Said]:
    words = flow.prompts.get(text) if isinstance(text, str) else text
    prompt = text if isinstance(text, str) else None
    stands = ("prompts", prompt) if prompt in flow.text.prompts else ("shared", prompt) if prompt else at
    for language, each in (words.texts if words else {}).items():
        yield _Said(at, (*stands, language), each, prompt, guarded, own)


# -- one text ----------------------------------------------------------------------------------------------------------


class Wrong(NamedTuple):
    """Something wrong in a text: ``at`` counts the characters before it. ``warning``: it can be said all the same."""

    at: int
    code: str
    message: str
    warning: bool = False


Mistakes = Callable[[Formula], Iterable[tuple[int, str]]]
"""Gives what is wrong with an expression, and how many characters into it (`router.flow.formulas`)."""


def problems_in(text: str, mistakes: Mistakes, places: Collection[str] = ()) -> Iterator[Wrong]:
    """What is wrong with the variables of a text. ``places`` are the names that this text alone may use."""
    if not has_variables(text):
        return
    taken_apart = template(text)
    for misplaced in taken_apart.misplaced:
        yield Wrong(misplaced.at, "placeholder", misplaced.reason)
    broken = bool(taken_apart.misplaced)
    for placeholder in taken_apart.placeholders:
        for wrong in _wrong_with(placeholder, mistakes, places):
            broken = True
            yield wrong
    if not broken and all(any(_may_lack(part, places) for part in each) for each in taken_apart.sentences):
        unknown = next(each for each in taken_apart.placeholders if _may_lack(each, places))
        nothing = f"nothing is said where '{unknown.expression}' is not known; give it a default: ?? 'text'"
        yield Wrong(unknown.at, "no-default", nothing, warning=True)


def _wrong_with(placeholder: Placeholder, mistakes: Mistakes, places: Collection[str]) -> Iterator[Wrong]:
    at, form, fits = placeholder.at, placeholder.format, True
    if placeholder.expression in places:
        if form or placeholder.default:
            yield Wrong(at, "placeholder", "stands as it is: leave out its format")
        return
    if form and form not in formats.FORMATS:
        fits = False
        yield Wrong(at, "placeholder", f"no format '{form}'{nearest(form, formats.FORMATS)}")
    elif wrong := formats.problem_with(form, placeholder.argument):
        fits = False
        yield Wrong(at, "placeholder", wrong)
    found = [
        Wrong(placeholder.expression_at + offset, "placeholder", message)
        for offset, message in mistakes(Formula(placeholder.expression, "said"))
    ]
    yield from found
    if fits and form and not found and (wrong := _unfit(placeholder)):
        yield Wrong(at, "placeholder", wrong)


def _unfit(placeholder: Placeholder) -> str | None:
    """Whether the sample of what is named cannot be said in the format wanted. A text may hold anything."""
    value = terms.worked_out(placeholder.expression, SAMPLE)
    if value is None or isinstance(value, str) or value in ([], {}):
        return None
    argument = placeholder.argument or ("EUR" if placeholder.format == "amount" else None)
    try:
        formats.said(value, placeholder.format, Manner(argument=argument))
    except Unsayable as error:
        return f"'{placeholder.expression}' {error}, so '{placeholder.format}' cannot say it"
    return None


def _may_lack(part: str | Placeholder, places: Collection[str]) -> bool:
    """Whether there are calls in which the part cannot be said."""
    if isinstance(part, str) or part.default is not None or part.expression in places:
        return False
    if terms.named_among(part.expression, _OPEN_ENDED):
        return True
    return any(terms.worked_out(name, EMPTY) in ("", [], {}, None) for name in terms.names(part.expression))
