"""What is wrong with a flow, in German: checking says it in English, in sentences with names in them. What is not here
is shown in English."""

from __future__ import annotations

import re
from typing import Final

from router.web.texts import flow_problem_words, formula_problem_words

_GERMAN: Final = tuple(
    (re.compile(sentence, re.DOTALL), german)
    for sentence, german in (*formula_problem_words.SENTENCES, *flow_problem_words.SENTENCES)
)
_IN_A_PROMPT: Final = re.compile(r"in the prompt '(.*?)': (.*)", re.DOTALL)
_FOUND: Final = re.compile(r"\\(k?)([1-9])")
_HINTS: Final = (
    (re.compile(r"; did you mean '(.*)'\?"), r"; meinten Sie '\1'?"),
    (re.compile(r"; there is no skill_set"), r"; es gibt kein skill_set"),
    (re.compile(r"; there is: (.*)", re.DOTALL), r"; es gibt: \1"),
    (re.compile(r" \(given: (.*)\); put it in quotes", re.DOTALL),
     r" (da steht: \1); setzen Sie es in Anführungszeichen"),
    (re.compile(r" \(given: (.*)\)", re.DOTALL), r" (da steht: \1)"),
)  # fmt: skip
"""What may follow a sentence."""


def problem_in(language: str, message: str) -> tuple[str, str]:
    """A problem's text and the language it is in: the one asked for where there are words for it, else English."""
    german = _in_german(message) if language == "de" else None
    return (german, "de") if german is not None else (message, "en")


def _in_german(message: str) -> str | None:
    for sentence, german in _GERMAN:
        if found := sentence.fullmatch(message):
            return _filled(german, found)
    if found := _IN_A_PROMPT.fullmatch(message):
        said = _in_german(found[2])
        return None if said is None else f"in der Ansage '{found[1]}': {said}"
    for hint, german in _HINTS:
        begin = hint.search(message)
        if begin and begin.end() == len(message) and (said := _in_german(message[: begin.start()])) is not None:
            return said + begin.expand(german)
    return None


def _filled(german: str, found: re.Match[str]) -> str:
    def told(place: re.Match[str]) -> str:
        text = found[int(place[2])]
        return formula_problem_words.KINDS.get(text, text) if place[1] else text

    return _FOUND.sub(told, german)
