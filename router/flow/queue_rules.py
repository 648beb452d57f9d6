"""What the description of queues must keep to: names that there are, rules that can be worked out, no ways back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from router.flow.formulas import FormulaCheck
from router.flow.label_rules import labels_of_queue
from router.flow.model import Flow
from router.flow.nodes.base import Formula, Words
from router.flow.nodes.transfer import Transfer
from router.flow.parse import Parsed
from router.flow.placeholders import has_variables
from router.flow.problems import Problem, nearest
from router.flow.queues import Queue
from router.flow.rules import Whole, recordings, unseen
from router.flow.shared import Shared, SharedText
from router.flow.source import Path, Source

_TAKEN = "phone"
"""What the queues of single phones begin with on Asterisk."""


class QueueCheck:
    """Checks the queues of a set of files. ``formulas`` knows what its flows note and ask for."""

    def __init__(self, shared: Shared, whole: Whole, formulas: FormulaCheck) -> None:
        self._shared = shared
        self._formulas = formulas
        unread, around = whole.unread, whole.around
        self._around = around
        self._hours: Collection[str] | None = None
        self._queues: Collection[str] | None = None
        if not whole.pieces_lost:
            self._hours = {*shared.hours, *unread.get("hours", {})}
            if around.queues is not None:
                self._queues = {*around.queues, *shared.queues, *unread.get("queues", {})}

    def complaints(self, parsed: Parsed[SharedText]) -> Iterator[Problem]:
        """What is wrong with the queues of one shared file."""
        if parsed.source is None or parsed.value is None:
            return
        for name, queue in parsed.value.queues.items():
            yield from self._queue(parsed.source, ("queues", name), name, queue)

    def _queue(self, source: Source, at: Path, name: str, queue: Queue) -> Iterator[Problem]:
        if name == _TAKEN:
            message = f"'{_TAKEN}' is what the queues of single phones are called; take another name"
            yield source.problem(at, "wrong-value", message, at_key=True)
        if queue.hours and self._hours is not None and queue.hours not in self._hours:
            message = f"no shared hours '{queue.hours}'{nearest(queue.hours, self._hours)}"
            yield source.problem((*at, "hours"), "missing-hours", message)
        if queue.overflow:
            yield from self._target(source, (*at, "overflow", "queue"), name, queue.overflow.queue)
        for place, skill in enumerate(queue.skills):
            yield from unknown_skill(source, (*at, "skills", place), name, queue, skill)
        for number, rule in enumerate(queue.rules):
            rule_at = (*at, "rules", number)
            yield from self._formula(source, (*rule_at, "when"), Formula(rule.when, "condition"))
            if isinstance(rule.priority, str):
                yield from self._formula(source, (*rule_at, "priority"), Formula(rule.priority, "number"))
            if rule.queue:
                yield from self._target(source, (*rule_at, "queue"), name, rule.queue)
            for place, skill in enumerate(rule.skills):
                yield from unknown_skill(source, (*rule_at, "skills", place), name, queue, skill, always=True)
        yield from labels_of_queue(source, at, queue)
        if queue.disposition_needed and not queue.dispositions:
            message = "there are no dispositions to choose from; list some, or leave this out"
            yield source.problem((*at, "disposition_needed"), "wrong-value", message)
        for place, words in enumerate(queue.announcements.texts):
            yield from self._announcement(source, (*at, "announcements", "texts", place), words)

    def _target(self, source: Source, path: Path, name: str, target: str) -> Iterator[Problem]:
        if target == name:
            yield source.problem(path, "queue-loop", f"leads from '{name}' to '{name}'; name another queue")
        elif self._queues is not None and target not in self._queues:
            message = f"no queue '{target}' in THREADLINE_QUEUES or shared/{nearest(target, self._queues)}"
            yield source.problem(path, "missing-queue", message)

    def _formula(self, source: Source, path: Path, formula: Formula) -> Iterator[Problem]:
        code = "condition" if formula.gives == "condition" else "expression"
        for mistake in self._formulas.mistakes(formula):
            yield source.problem(path, code, mistake.message, offset=mistake.offset)

    def _announcement(self, source: Source, path: Path, words: Words) -> Iterator[Problem]:
        yield from unseen(source, path, words)
        yield from recordings(source, path, words, self._around)
        for language, text in words.texts.items():
            if has_variables(text):
                message = "an announcement is the same for all who wait; take the variables out"
                yield source.problem((*path, language), "placeholder", message)


def unknown_skill(
    source: Source, path: Path, name: str, queue: Queue, skill: str, *, always: bool = False
) -> Iterator[Problem]:
    """A skill that the queue does not tell apart, so that nobody is looked for by it. Where the queue tells none apart,
    somebody else may go by them; ``always``: it is told all the same."""
    if skill not in queue.skill_set and (queue.skill_set or always):
        known = nearest(skill, queue.skill_set) or "; there is no skill_set"
        message = f"'{skill}' is not in the skill_set of '{name}': it does not count{known}"
        yield source.problem(path, "unknown-skill", message, warning=True)


def skills_of_steps(flows: Sequence[tuple[Flow, Source]]) -> Iterator[Problem]:
    """Skills that transfers ask for and their queue does not tell apart."""
    for flow, source in flows:
        for step_name, step in flow.text.steps.items():
            name = step.queue or flow.text.default_queue if isinstance(step, Transfer) else ""
            queue = flow.queues.get(name)
            if queue is None or not isinstance(step, Transfer) or step.offer_queue:
                continue
            for place, skill in enumerate(step.skills or ()):
                yield from unknown_skill(source, ("steps", step_name, "skills", place), name, queue, skill)


def led_to(queues: Mapping[str, Queue]) -> tuple[set[str], set[str]]:
    """The hours, and the queues, that queues themselves name."""
    hours = {queue.hours for queue in queues.values() if queue.hours}
    overflow = {queue.overflow.queue for queue in queues.values() if queue.overflow}
    return hours, overflow | {rule.queue for queue in queues.values() for rule in queue.rules if rule.queue}
