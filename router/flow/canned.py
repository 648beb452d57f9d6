"""What is wrong with the canned texts of agents: their variables, and where they are offered.

Who such a text goes to is on file, and what of it is personal is left out while the caller is not proved; so, other
than in prompts, personal variables may stand anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from router.flow import texts
from router.flow.formulas import FormulaCheck, Known
from router.flow.label_rules import label_mistakes
from router.flow.nodes.base import Words
from router.flow.parse import Parsed
from router.flow.problems import Problem, nearest
from router.flow.queues import CannedText
from router.flow.rules import Whole, unseen
from router.flow.shared import SharedText
from router.flow.source import Path, Source

AGENT: Final = "agent.name"
PAYMENT: Final = ("payment.url", "payment.amount", "payment.purpose")
PLACES: Final = (AGENT, *PAYMENT)
"""Variables that only canned texts have; they stand as they are."""

_NONE_OF_OURS: Final = ("no variable 'agent'", "no variable 'payment'")
_OWN: Final = f"canned texts have no such variable of agents and payments; there is: {', '.join(PLACES)}"


def canned_complaints(shared: Sequence[Parsed[SharedText]], whole: Whole) -> Iterator[Problem]:
    """What is wrong with the canned texts of a set, beyond their shape."""
    check: FormulaCheck | None = None
    queues = {name for parsed in shared if parsed.value is not None for name in parsed.value.queues}
    for parsed in shared:
        if parsed.source is None or parsed.value is None:
            continue
        for name, canned in parsed.value.texts.items():
            check = check or FormulaCheck(Known(steps=(), inputs=(), values={}))
            yield from label_mistakes(parsed.source, ("texts", name, "label"), canned.label)
            yield from _shape(parsed.source, name, canned)
            for field, words in _said(canned):
                yield from _words(parsed.source, ("texts", name, field), words, check)
            if whole.around.queues is not None and not whole.pieces_lost:
                yield from _queues(parsed.source, name, canned, {*queues, *whole.around.queues})


def _said(canned: CannedText) -> Iterator[tuple[str, Words]]:
    yield "text", canned.text
    if canned.subject is not None:
        yield "subject", canned.subject


def _shape(source: Source, name: str, canned: CannedText) -> Iterator[Problem]:
    if canned.channel == "email" and canned.subject is None:
        yield source.problem(("texts", name), "missing-field", "an e-mail needs a subject", at_key=True)
    if canned.channel != "email" and canned.subject is not None:
        yield source.problem(("texts", name, "subject"), "unknown-field", "only an e-mail has a subject", at_key=True)


def _words(source: Source, path: Path, words: Words, check: FormulaCheck) -> Iterator[Problem]:
    yield from unseen(source, path, words)
    for language, text in words.texts.items():
        for wrong in texts.problems_in(text, check.mistakes, PLACES):
            where = (*path, language) if (*path, language) in source.places else path
            message = _OWN if wrong.message.startswith(_NONE_OF_OURS) else wrong.message
            yield source.problem(where, wrong.code, message, warning=wrong.warning, offset=wrong.at)
        if path[-1] == "subject" and "\n" in text.strip():
            yield source.problem((*path, language), "wrong-value", "a subject is one line")


def _queues(source: Source, name: str, canned: CannedText, known: set[str]) -> Iterator[Problem]:
    for place, queue in enumerate(canned.queues):
        if queue not in known:
            wrong = f"no queue '{queue}'{nearest(queue, known)}"
            yield source.problem(("texts", name, "queues", place), "missing-queue", wrong)
