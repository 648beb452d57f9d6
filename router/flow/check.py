"""Check a flow and give *all* problems at once, each with its place and the way out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from router.flow import expressions
from router.flow.model import Flow, FlowText
from router.flow.nodes.asking import ANSWERS, YES_OR_NO
from router.flow.nodes.base import HUMAN, Place, Step, Text, Words
from router.flow.nodes.branch import Branch
from router.flow.nodes.collect import Collect
from router.flow.nodes.hours import Hours
from router.flow.nodes.match import Match
from router.flow.nodes.menu import Menu
from router.flow.nodes.say import Say
from router.flow.problems import FlowRefused, Problem, nearest
from router.flow.shape import shape_problem, yaml_path
from router.flow.source import Path, Source, read

WAITING = frozenset({"menu", "collect", "transfer", "voicemail"})
"""Step types at which the caller is waited for; a loop without one would never end. A `match` waits only where it
asks: its ``keys`` are pressed after that, its decisions may come at once."""


def revision_of(text: str) -> str:
    """The name of this very text: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check(text: str, file: str) -> Flow:
    """The checked flow. Raises `FlowRefused` with every problem found; ``file`` names it in them."""
    source = read(text, file)
    problems = list(source.problems)
    parsed, passed_over = _parsed(source, problems)
    if parsed is None:
        raise FlowRefused(problems)
    flow = Flow(parsed, text, revision_of(text))
    missing = list(_missing_steps(source, flow, passed_over))
    problems += missing
    problems += _texts(source, flow, passed_over)
    problems += _references(source, flow, passed_over)
    problems += _endless(source, flow)
    if not missing and not passed_over:  # else what cannot be reached is most likely what was misspelt
        problems += _unreachable(source, flow)
    if problems:
        raise FlowRefused(problems)
    return flow


PassedOver = Mapping[str, Mapping[str, Any]]
"""Steps, prompts and hours with mistakes in their fields, as written: they exist, but nothing more is known of them."""


def _parsed(source: Source, problems: list[Problem]) -> tuple[FlowText | None, PassedOver]:
    """The flow as far as it can be read. What has a mistake in its fields is passed over and the rest is looked at, so
    that one mistake does not hide the others."""
    try:
        return FlowText.model_validate(source.data), {}
    except ValidationError as error:
        details = error.errors(include_url=False)
    problems += [shape_problem(source, detail) for detail in details]
    if not isinstance(source.data, dict):
        return None, {}
    data = {"version": 1, "name": "unnamed", "start": HUMAN, **source.data}
    passed_over: dict[str, dict[str, Any]] = {"steps": {}, "prompts": {}, "hours": {}}
    for path in (yaml_path(source.data, detail["loc"])[0] for detail in details):
        _pass_over(path, data, passed_over)
    try:
        return FlowText.model_validate(data), passed_over
    except ValidationError:
        return None, {}


def _pass_over(path: Path, data: dict[str, Any], passed_over: dict[str, dict[str, Any]]) -> None:
    """Take the part with the mistake out of ``data``."""
    match path:
        case ("steps" | "prompts" | "hours" as part, str(name), *_) if isinstance(data.get(part), dict):
            kept = dict(data[part])
            passed_over[part].setdefault(name, kept.pop(name, None))
            data[part] = kept or {"passed_over": {"type": "hangup"}} if part == "steps" else kept
        case ("version", *_):
            data["version"] = 1
        case ("name", *_):
            data["name"] = "unnamed"
        case ("start", *_):
            data["start"] = HUMAN
        case (str(field), *_) if field != "steps":
            data.pop(field, None)
        case _:
            pass


# -- what refers to what ------------------------------------------------------------------------------------------


def _steps(flow: Flow) -> Iterator[tuple[str, Step]]:
    yield from flow.text.steps.items()


def _missing_steps(source: Source, flow: Flow, passed_over: PassedOver) -> Iterator[Problem]:
    known = {*flow.steps, *passed_over.get("steps", ())}
    ways: list[tuple[Place, str]] = [(("start",), flow.text.start)]
    ways += [(("steps", name, *at), target) for name, step in _steps(flow) for at, target in step.targets().items()]
    for path, target in ways:
        if target not in known:
            yield source.problem(path, "missing-step", f"no step '{target}'{nearest(target, known)}")


def _texts(source: Source, flow: Flow, passed_over: PassedOver) -> Iterator[Problem]:
    known = {*flow.text.prompts, *passed_over.get("prompts", ())}
    places: list[tuple[Path, Text]] = [(("prompts", name), words) for name, words in flow.text.prompts.items()]
    places += [(("steps", name, *at), text) for name, step in _steps(flow) for at, text in step.texts().items()]
    for path, text in places:
        if isinstance(text, Words):
            yield from _translations(source, flow, path, text)
        elif text not in known:
            yield source.problem(path, "missing-prompt", f"no prompt '{text}'{nearest(text, known)}")


def _translations(source: Source, flow: Flow, path: Path, words: Words) -> Iterator[Problem]:
    for wanted in flow.text.languages:
        if wanted not in words.texts:
            yield source.problem(path, "missing-translation", f"no text in '{wanted}'", at_key=True)
    for language in words.texts:
        if language not in flow.text.languages:
            hint = nearest(language, (*flow.text.languages, "recording"))
            yield source.problem(
                (*path, language), "unknown-language", f"the flow has no '{language}'{hint}", at_key=True
            )


def _references(source: Source, flow: Flow, passed_over: PassedOver) -> Iterator[Problem]:
    unread = passed_over.get("steps", {})
    steps = {**flow.steps, **unread}
    hours = {*flow.text.hours, *passed_over.get("hours", ())}
    inputs = _inputs(flow, unread)
    for prefix, language in flow.text.language_by_prefix.items():
        yield from _language(source, flow, ("language_by_prefix", prefix), language)
    for name, step in _steps(flow):
        at: Path = ("steps", name)
        match step:
            case Hours() if step.during not in hours:
                hint = nearest(step.during, hours)
                yield source.problem((*at, "during"), "missing-hours", f"no hours '{step.during}'{hint}")
            case Match():
                if step.code and step.code not in inputs:
                    hint = nearest(step.code, inputs)
                    yield source.problem((*at, "code"), "missing-input", f"no step collects '{step.code}'{hint}")
                yield from _answers(source, at, step)
            case Branch():
                for number, case in enumerate(step.cases):
                    if wrong := expressions.problem_with(case.condition, steps, inputs):
                        yield source.problem((*at, "cases", number, "if"), "condition", wrong)
            case Say() if step.language:
                yield from _language(source, flow, (*at, "language"), step.language)
            case Menu():
                for key, option in step.options.items():
                    if option.language:
                        yield from _language(source, flow, (*at, "options", key, "language"), option.language)
            case _:
                pass


def _inputs(flow: Flow, unread: Mapping[str, Any]) -> dict[str, None]:
    """The names of what steps collect and what `match` steps ask for."""
    names = [step.into for _, step in _steps(flow) if isinstance(step, Collect)]
    names += [name for _, step in _steps(flow) if isinstance(step, Match) for name in step.inputs()]
    for step in unread.values():
        if isinstance(step, dict):
            names += [str(step["into"])] if "into" in step else ANSWERS if "ask" in step else []
    return dict.fromkeys(names)


def _answers(source: Source, at: Path, step: Match) -> Iterator[Problem]:
    """What is said must choose a topic there is, and no key may be two answers."""
    topics = step.ask.topic if step.ask else None
    lengths = step.ask.last_digits if step.ask else {}
    known = set(topics.keys.values()) if topics else set()
    for topic in topics.words if topics else ():
        if topic not in known:
            wrong = f"no key chooses the topic '{topic}'{nearest(topic, known)}"
            yield source.problem((*at, "ask", "topic", "words", topic), "unknown-topic", wrong, at_key=True)
    yes_or_no = YES_OR_NO if step.ask and step.ask.about_message else {}
    for key in step.keys:
        answers = {*yes_or_no, *(topics.keys if topics else ())}
        if key in answers or (key.isdigit() and str(len(key)) in lengths):
            taken = f"'{key}' is an answer already"
            yield source.problem((*at, "keys", key), "key-taken", taken, at_key=True)


def _language(source: Source, flow: Flow, path: Path, language: str) -> Iterator[Problem]:
    if language not in flow.text.languages:
        hint = nearest(language, flow.text.languages)
        yield source.problem(path, "unknown-language", f"the flow has no '{language}'{hint}")


# -- the graph ----------------------------------------------------------------------------------------------------


def _unreachable(source: Source, flow: Flow) -> Iterator[Problem]:
    reached, ahead = {HUMAN}, [flow.text.start]
    while ahead:
        name = ahead.pop()
        if name not in reached and name in flow.steps:
            reached.add(name)
            ahead.extend(flow.steps[name].targets().values())
    ahead = [name for name in flow.text.steps if name not in reached]
    for name in ahead:
        yield source.problem(("steps", name), "unreachable", f"no way leads to step '{name}'", at_key=True)


def _endless(source: Source, flow: Flow) -> Iterator[Problem]:
    """Loops in which the caller is never waited for, each reported once at its first step in the file.

    A branch breaks no loop here on purpose only when it counts visits; that is what `visits` is for.
    """
    silent = {name: _without_waiting(step) for name, step in flow.text.steps.items() if step.type not in WAITING}
    for name in silent:
        loop = _loop_from(name, silent)
        if loop and name == min(loop, key=list(flow.text.steps).index):
            way = " → ".join((*loop, name))
            yield source.problem(("steps", name), "endless-loop", f"never waits for the caller: {way}", at_key=True)


def _without_waiting(step: Step) -> list[str]:
    """The steps that this one may lead to without having waited for the caller."""
    return [target for place, target in step.targets().items() if place[0] != "keys"]


def _loop_from(start: str, ways: Mapping[str, list[str]]) -> list[str] | None:
    trail: list[tuple[str, Iterator[str]]] = [(start, iter(ways[start]))]
    seen = {start}
    while trail:
        target = next(trail[-1][1], None)
        if target is None:
            trail.pop()
        elif target == start:
            return [name for name, _ in trail]
        elif target in ways and target not in seen:
            seen.add(target)
            trail.append((target, iter(ways[target])))
    return None
