"""What an editor wants to know of a flow file while it is being written: the names in it and near it, and where a
mistake ends. It tells what can be told, however broken the text is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from router.flow.files import FileKind, Files, kind_of
from router.flow.model import FlowText
from router.flow.nodes.base import HUMAN, UseKind
from router.flow.parse import Parsed, PassedOver, parse
from router.flow.problems import Problem
from router.flow.shared import SharedText

_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s:,\[\]{}#]+")


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of the file; ``line`` counts from 1, and is 0 for the step that every flow has."""

    name: str
    type: str
    line: int


@dataclass(frozen=True, slots=True)
class Outline:
    """Names by what they name; those of shared files are among them. ``values`` are what steps note (``vars.NAME``)."""

    steps: tuple[StepLine, ...] = ()
    prompts: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()


def outline(files: Files, path: str) -> Outline:
    """The names that the file at ``path`` may use, ``files`` being the whole set with it."""
    shared = [parse(text, name, SharedText) for name, text in files.items() if kind_of(name) is FileKind.SHARED]
    pieces = {part: _shared_names(shared, part) for part in ("prompts", "hours", "queues")}
    flows = tuple(name for each, text in files.items() if kind_of(each) is FileKind.FLOW and (name := _named(text)))
    if kind_of(path) is not FileKind.FLOW or path not in files:
        return Outline(
            prompts=_sorted(pieces["prompts"]),
            hours=_sorted(pieces["hours"]),
            queues=_sorted(pieces["queues"]),
            flows=flows,
        )
    parsed = parse(files[path], path, FlowText)
    text, unread = parsed.value, parsed.passed_over
    steps = {**(text.steps if text else {}), **unread.get("steps", {})}
    return Outline(
        steps=(*_lines(parsed, steps), StepLine(HUMAN, "transfer", 0)),
        prompts=_sorted({*pieces["prompts"], *(text.prompts if text else ()), *unread.get("prompts", ())}),
        hours=_sorted({*pieces["hours"], *(text.hours if text else ()), *unread.get("hours", ())}),
        queues=_sorted({*pieces["queues"], *((text.default_queue, *_queues(text)) if text else ())}),
        languages=tuple(text.languages) if text else (),
        inputs=_sorted({*(name for step in _read(text) for name in step.inputs()), *_written(unread, "into")}),
        values=_sorted({name for step in _read(text) for name in step.values()}),
        flows=flows,
    )


def end_of(text: str, problem: Problem) -> int:
    """The column just behind the word that ``problem`` of ``text`` points at; both count from 1."""
    lines = text.split("\n")
    if problem.line > len(lines):
        return problem.column + 1
    found = _WORD.match(lines[problem.line - 1], problem.column - 1)
    return found.end() + 1 if found else problem.column + 1


def _shared_names(shared: Iterable[Parsed[SharedText]], part: str) -> set[str]:
    return {
        name
        for each in shared
        for names in (getattr(each.value, part, {}), each.passed_over.get(part, {}))
        for name in names
    }


_NAME = re.compile(r"^name:[ \t]*[\"']?([a-z][a-z0-9_]{0,39})\b", re.MULTILINE)


def _named(text: str) -> str | None:
    """The name of another flow, without reading all of it."""
    found = _NAME.search(text)
    return found.group(1) if found else None


def _lines(parsed: Parsed[FlowText], steps: Mapping[str, Any]) -> list[StepLine]:
    places = parsed.source.keys if parsed.source else {}
    found = [
        StepLine(
            name, str(step.get("type", "")) if isinstance(step, dict) else str(getattr(step, "type", "")), place[0]
        )
        for name, step in steps.items()
        if (place := places.get(("steps", name)))
    ]
    return sorted(found, key=lambda step: step.line)


def _read(text: FlowText | None) -> Iterable[Any]:
    return text.steps.values() if text else ()


def _queues(text: FlowText) -> set[str]:
    return {use.name for step in text.steps.values() for use in step.uses() if use.kind is UseKind.QUEUE}


def _written(unread: PassedOver, field: str) -> set[str]:
    """Names in steps that could not be read."""
    steps = unread.get("steps", {}).values()
    return {str(step[field]) for step in steps if isinstance(step, dict) and isinstance(step.get(field), str)}


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
