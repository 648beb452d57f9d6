"""What labels must keep to: they are what people read on pages, in each language that pages have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from router.flow.model import Flow, Language
from router.flow.nodes.base import Words
from router.flow.nodes.match import Match
from router.flow.problems import Problem, nearest
from router.flow.queues import DispositionField, FieldChoice, Queue
from router.flow.source import Path, Source

_LANGUAGES: tuple[str, ...] = get_args(Language)


def label_mistakes(source: Source, path: Path, label: Words | None) -> Iterator[Problem]:
    """Languages that pages do not have, and those that the label is missing in: people read another one then."""
    if label is None:
        return
    for language in label.texts:
        if language not in _LANGUAGES:
            message = f"pages are not there in '{language}'; there is: {', '.join(_LANGUAGES)}"
            yield source.problem((*path, language), "unknown-language", message, at_key=True)
    missing = [language for language in _LANGUAGES if language not in label.texts]
    if missing:
        message = f"no label in '{missing[0]}': who reads pages in it sees another language, or the bare name"
        yield source.problem(path, "missing-label", message, at_key=True, warning=True)


def labels_of_steps(flows: Sequence[tuple[Flow, Source]]) -> Iterator[Problem]:
    """Mistakes in the labels of steps, and of the topics that they ask for."""
    for flow, source in flows:
        for name, step in flow.text.steps.items():
            yield from label_mistakes(source, ("steps", name, "label"), step.label)
            topic = step.ask.topic if isinstance(step, Match) and step.ask else None
            for each, label in (topic.labels if topic else {}).items():
                at = ("steps", name, "ask", "topic", "labels", each)
                if topic and each not in topic.keys.values():
                    message = f"no key chooses '{each}'{nearest(each, topic.keys.values())}"
                    yield source.problem(at, "unknown-topic", message, at_key=True)
                yield from label_mistakes(source, at, label)


def labels_of_queue(source: Source, at: Path, queue: Queue) -> Iterator[Problem]:
    """Mistakes in the labels of a queue and of the results of its talks, and names that stand there twice."""
    yield from label_mistakes(source, (*at, "label"), queue.label)
    results = [each.code for each in queue.dispositions]
    for place, each in enumerate(queue.dispositions):
        result_at = (*at, "dispositions", place)
        yield from _once(source, (*result_at, "code"), each.code, results[:place])
        yield from label_mistakes(source, (*result_at, "label"), each.label)
        names = [field.name for field in each.fields]
        for number, field in enumerate(each.fields):
            field_at = (*result_at, "fields", number)
            yield from _once(source, (*field_at, "name"), field.name, names[:number])
            yield from label_mistakes(source, (*field_at, "label"), field.label)
            yield from _choices(source, field_at, field)


def _choices(source: Source, at: Path, field: DispositionField) -> Iterator[Problem]:
    if field.type == "choice" and not field.choices:
        yield source.problem(at, "missing-field", "a choice needs 'choices' to choose from")
    if field.type != "choice" and field.choices:
        message = f"choices are for a field of the type 'choice', and this one is '{field.type}'"
        yield source.problem((*at, "choices"), "wrong-value", message, at_key=True)
    codes = [each.code for each in field.chosen_from]
    for place, each in enumerate(field.choices):
        choice_at: Path = (*at, "choices", place)
        yield from _once(source, choice_at, codes[place], codes[:place])
        if isinstance(each, FieldChoice):
            yield from label_mistakes(source, (*choice_at, "label"), each.label)


def _once(source: Source, at: Path, name: str, before: Sequence[str]) -> Iterator[Problem]:
    if name in before:
        yield source.problem(at, "wrong-value", f"'{name}' stands here already")
