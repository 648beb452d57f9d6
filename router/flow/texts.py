"""What is wrong with the texts of a flow: their variables, and what a caller who is not proved must not hear."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import NamedTuple

from router.flow.model import Flow
from router.flow.nodes.base import Text
from router.flow.nodes.match import Match
from router.flow.personal import personal_in, proved_steps
from router.flow.placeholders import has_variables
from router.flow.problems import Problem
from router.flow.source import Path, Source
from router.flow.wording import problems_in

_WAY_OUT = "say it after 'verified' of a verify step or a branch on match.assurance >= 3, or leave it out"


class Names(NamedTuple):
    """What the flow has that texts may name; ``values`` are those of all flows of the set."""

    steps: Collection[str]
    inputs: Collection[str]
    values: Collection[str]


class _Said(NamedTuple):
    """A text in one language. ``at`` is where a step says it, ``path`` where it stands; ``prompt`` is its name, if any.
    ``guarded``: no caller hears it who is not proved. ``names`` are those that it alone may use."""

    at: Path
    path: Path
    text: str
    prompt: str | None
    guarded: bool
    names: Collection[str]


def complaints(source: Source, flow: Flow, names: Names) -> Iterator[Problem]:
    """All that is wrong with the variables in the texts of ``flow``, each once."""
    found: dict[Problem, None] = {}
    for said in _all_said(flow):
        found |= dict.fromkeys(_lacking(source, said))
        if has_variables(said.text):
            found |= dict.fromkeys(_misworded(source, flow, said, names))
            found |= dict.fromkeys(() if said.guarded else _personal(source, flow, said))
    yield from found


def _lacking(source: Source, said: _Said) -> Iterator[Problem]:
    """What a prompt has to hold where it is used; of words in the step itself the step says so."""
    for name in said.names:
        if said.prompt is not None and not re.search(rf"\{{\{{\s*{name}\s*\}}\}}", said.text):
            wrong = f"the prompt '{said.prompt}' has no {{{{ {name} }}}}"
            yield source.problem(said.at, "missing-placeholder", wrong)


def _misworded(source: Source, flow: Flow, said: _Said, names: Names) -> Iterator[Problem]:
    place = source.places.get(said.path)
    for at, code, message, warning in problems_in(said.text, *names, said.names):
        if place is not None:
            line, column = _inside(flow.source, place, said.text.count("{{", 0, at))
            yield Problem(source.file, line, column, code, message, warning)
        else:  # a shared prompt
            yield replace(source.problem(said.at, code, f"in the prompt '{said.prompt}': {message}"), warning=warning)


def _personal(source: Source, flow: Flow, said: _Said) -> Iterator[Problem]:
    for at, variable in personal_in(said.text, flow.personal):
        wrong = f"'{variable}' is personal and could be said to anybody here; {_WAY_OUT}"
        place = None if said.prompt else source.places.get(said.path)
        if place is not None:
            line, column = _inside(flow.source, place, said.text.count("{{", 0, at))
            yield Problem(source.file, line, column, "personal-data", wrong)
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


def _inside(text: str, place: tuple[int, int], before: int) -> tuple[int, int]:
    """The line and column of the opening braces that so many others stand ``before``, from ``place`` on."""
    line, column = place
    lines = text.split("\n")
    at = sum(len(each) + 1 for each in lines[: line - 1]) + column - 1
    for _ in range(before + 1):
        at = text.find("{{", at) + 2
        if at < 2:
            return place
    at -= 2
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
