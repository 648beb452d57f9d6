"""What is wrong with a flow, said so that an admin finds the place and knows what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

MOST_SHOWN = 60
"""Characters of what an admin has written that a message repeats."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. ``line`` and ``column`` count from 1; ``code`` is a stable name such as ``unknown-field``. A
    ``warning`` is told, but a flow with it runs."""

    file: str
    line: int
    column: int
    code: str
    message: str
    warning: bool = False

    def __str__(self) -> str:
        mark = " (warning)" if self.warning else ""
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}{mark}"


class FlowRefused(Exception):
    """A flow that cannot be used; carries every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


def nearest(name: str, valid: Iterable[str]) -> str:
    """A hint like ``; did you mean 'x'?`` for a misspelt name, or the valid ones where none is near."""
    return _nearest(name[:MOST_SHOWN], frozenset(valid))


@lru_cache(maxsize=1_000)
def _nearest(name: str, valid: frozenset[str]) -> str:
    known = sorted(valid)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    if not known or len(known) > 20:
        return ""
    return f"; there is: {', '.join(known)}"


def short(text: str) -> str:
    """What somebody has written, short enough for a message."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


CODES: Mapping[str, str] = {
    # files
    "no-file": "there is no such file or folder, or no flow in it",
    "file-name": "the name of a file has something else than letters, digits, `-` and `_`",
    "too-many-files": "a folder has more than 500 flow files",
    "unreadable": "a file cannot be read, for want of permission for example",
    "encoding": "a file is not UTF-8 text",
    "no-flow": "a file is not a flow, but something else of the set",
    "empty": "a file says nothing",
    # YAML
    "yaml": "YAML cannot be read at this place; the rest is looked at all the same",
    "hidden-character": "a character that cannot be seen, such as one that turns the direction of writing",
    "too-large": "a file has more than 262,144 characters or 50,000 values",
    "too-deep": "values are nested more than 12 deep",
    "several-documents": "a file has a second document behind `---`",
    "alias": "an anchor (`&`) or alias (`*`)",
    "tag": "a tag (`!`)",
    "key": "a name before `:` that is not plain text",
    "duplicate-key": "the same name twice in one place",
    # fields
    "unknown-field": "a field that is not there",
    "missing-field": "a field that is needed and not there",
    "wrong-value": "a value of the wrong type, or out of range",
    "unknown-type": "a type of step that is not there",
    # what refers to what
    "missing-step": "a way to a step that is not there",
    "missing-prompt": "a prompt that is not there",
    "missing-hours": "hours that are not there",
    "missing-queue": "a queue that neither the settings nor shared files have",
    "missing-webhook": "a webhook that the settings do not have",
    "missing-flow": "a flow that is not there",
    "missing-input": "an input that no step collects",
    "flow-needed": "a flow that the settings name for a number is to be taken away",
    "duplicate-flow": "two files have flows of the same name",
    "duplicate-piece": "two shared files have a piece of the same name",
    "unknown-topic": "words for a topic that no key chooses",
    "key-taken": "a key with a way of its own that is an answer, too",
    # queues
    "queue-loop": "a queue that leads to itself",
    "unknown-skill": "a skill that the queue does not tell apart, so that nobody is looked for by it",
    # texts
    "missing-placeholder": "a text lacks a placeholder that the step needs in it",
    "missing-translation": "a text is not there in a language of the flow",
    "unknown-language": "a language that the flow, or a label, cannot have",
    "missing-label": "a label that is not there in a language of the pages",
    "missing-audio": "a recording that is not there; the text is spoken instead",
    "placeholder": "a variable in a text that is not there, or cannot be said so",
    "no-default": "a text of which nothing is left where a variable is not known",
    "personal-data": "something personal in a text that a caller below L3 may hear",
    # hours
    "overlap": "weekly hours that overlap",
    # conditions
    "condition": "a condition that cannot be read, names what is not there, or compares values of different kinds",
    "expression": "the same for another expression",
    # ways
    "unreachable": "a step to which no way leads",
    "endless-loop": "a loop in which the caller is never waited for",
    "caller-gone": "a step for callers, on a way that begins when they have hung up",
    "no-person": "a step `human` of the flow's own from which no way leads to a person",
    "not-announced": "what callers say is kept where they were not told so before",
    # surroundings
    "cannot-render": "a channel in use cannot do what a step needs",
    "no-speech": "a step asks callers to speak, and no channel in use hears them: they use keys",
    "no-texts": "a step sends text messages, and nobody is set up to send them",
    "unused": "a shared piece that no flow uses",
}
"""The codes of problems of flows and shared files, in the order in which they are looked for, with their meaning."""
WARNINGS = frozenset(
    {"missing-audio", "missing-label", "no-default", "no-person", "no-speech", "no-texts", "overlap", "unknown-skill"}
    | {"unused"}
)
