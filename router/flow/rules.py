"""What a flow must keep to beyond its shape: *all* problems at once, each with its place and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.flow import expressions, texts
from router.flow.model import Flow, FlowText
from router.flow.nodes.asking import ANSWERS, YES_OR_NO
from router.flow.nodes.base import HUMAN, Place, Step, Text, Use, UseKind, Words
from router.flow.nodes.match import Match
from router.flow.parse import Parsed, PassedOver
from router.flow.problems import Problem, nearest
from router.flow.source import Path, Source
from router.flow.surroundings import Surroundings
from router.flow.variables import SAMPLE

_WORDS_FOR = {
    UseKind.HOURS: "no hours",
    UseKind.INPUT: "no step collects",
    UseKind.QUEUE: "no queue",
    UseKind.WEBHOOK: "no webhook",
    UseKind.FLOW: "no flow",
}


def complaints(
    flow: Flow, parsed: Parsed[FlowText], shared_unread: PassedOver, around: Surroundings
) -> Iterator[Problem]:
    """What is wrong with ``flow`` beyond its shape; ``shared_unread`` are shared pieces that exist but could not be
    read."""
    source = parsed.source
    if source is None:
        return
    unread = {
        part: {**shared_unread.get(part, {}), **parsed.passed_over.get(part, {})}
        for part in ("steps", "prompts", "hours", "queues")
    }
    missing = list(_missing_steps(source, flow, unread))
    yield from missing
    yield from _texts(source, flow, unread)
    yield from _references(source, flow, unread, around)
    yield from texts.complaints(source, flow, _names(flow, unread["steps"]))
    yield from _endless(source, flow)
    if not missing and not parsed.passed_over:  # else what cannot be reached is most likely what was misspelt
        yield from _unreachable(source, flow)


# -- what refers to what ------------------------------------------------------------------------------------------


def _steps(flow: Flow) -> Iterator[tuple[str, Step]]:
    yield from flow.text.steps.items()


def _missing_steps(source: Source, flow: Flow, unread: PassedOver) -> Iterator[Problem]:
    known = {*flow.steps, *unread["steps"]}
    ways: list[tuple[Place, str]] = [(("start",), flow.text.start)]
    ways += [(("steps", name, *at), target) for name, step in _steps(flow) for at, target in step.targets().items()]
    for path, target in ways:
        if target not in known:
            yield source.problem(path, "missing-step", f"no step '{target}'{nearest(target, known)}")


def _texts(source: Source, flow: Flow, unread: PassedOver) -> Iterator[Problem]:
    known = {*flow.prompts, *unread["prompts"]}
    places: list[tuple[Path, Text]] = [(("prompts", name), words) for name, words in flow.text.prompts.items()]
    for name, step in _steps(flow):
        said = {**step.texts(), **step.private_texts()}
        places += [(("steps", name, *at), text) for at, text in said.items()]
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


def _references(source: Source, flow: Flow, unread: PassedOver, around: Surroundings) -> Iterator[Problem]:
    steps = {**flow.steps, **unread["steps"]}
    inputs, values = _inputs(flow, unread["steps"]), _values(flow, unread["steps"])
    known: Mapping[UseKind, set[str] | None] = {
        UseKind.HOURS: {*flow.hours, *unread["hours"]},
        UseKind.INPUT: set(inputs),
        UseKind.FLOW: set(flow.flows),
        UseKind.QUEUE: _or_unknown(around.queues, {*flow.queues, *unread["queues"]}),
        UseKind.WEBHOOK: _or_unknown(around.webhooks, set()),
    }
    for prefix, language in flow.text.language_by_prefix.items():
        yield from _language(source, flow, ("language_by_prefix", prefix), language)
    for name, step in _steps(flow):
        at: Path = ("steps", name)
        for use in step.uses():
            yield from _used(source, flow, at, use, known)
        for place, formula in step.formulas().items():
            if wrong := expressions.problem_with(formula.text, steps, inputs, values, formula.gives):
                yield source.problem((*at, *place), "condition", wrong)
        if isinstance(step, Match):
            yield from _answers(source, at, step)


def _names(flow: Flow, unread: Mapping[str, Any]) -> texts.Names:
    return texts.Names({**flow.steps, **unread}, _inputs(flow, unread), _values(flow, unread))


def _or_unknown(names: Any, more: set[str]) -> set[str] | None:
    return None if names is None else {*names, *more}


def _used(
    source: Source, flow: Flow, at: Path, use: Use, known: Mapping[UseKind, set[str] | None]
) -> Iterator[Problem]:
    path = (*at, *use.place)
    if use.kind is UseKind.LANGUAGE:
        yield from _language(source, flow, path, use.name)
        return
    names = known[use.kind]
    if names is not None and use.name not in names:
        words = f"{_WORDS_FOR[use.kind]} '{use.name}'{nearest(use.name, names)}"
        yield source.problem(path, f"missing-{use.kind.value}", words)


def _inputs(flow: Flow, unread: Mapping[str, Any]) -> dict[str, None]:
    """The names of what steps collect and what `match` steps ask for."""
    names = [name for _, step in _steps(flow) for name in step.inputs()]
    for step in unread.values():
        if isinstance(step, dict):
            names += [str(step["into"])] if "into" in step else ANSWERS if "ask" in step else []
    return dict.fromkeys(names)


def _values(flow: Flow, unread: Mapping[str, Any]) -> dict[str, Any]:
    """A sample of each value that some step notes, of any flow of the set: they outlive a change of flow."""
    samples: dict[str, Any] = {}
    for passed_over in (step for step in unread.values() if isinstance(step, dict)):
        for noted in (passed_over.get("values"), passed_over.get("keep")):
            samples |= dict.fromkeys(noted, "") if isinstance(noted, dict) else {}
    for step in (step for each in flow.flows.values() for step in each.text.steps.values()):
        formulas = step.formulas()
        for name in step.values():
            formula = formulas.get(("values", name))
            try:
                samples[name] = expressions.value_of(formula.text, {**SAMPLE, "vars": samples}) if formula else ""
            except ValueError:
                samples.setdefault(name, "")
    return samples


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
    silent = {name: _without_waiting(step) for name, step in flow.text.steps.items()}
    for name in silent:
        loop = _loop_from(name, silent)
        if loop and name == min(loop, key=list(flow.text.steps).index):
            way = " → ".join((*loop, name))
            yield source.problem(("steps", name), "endless-loop", f"never waits for the caller: {way}", at_key=True)


def _without_waiting(step: Step) -> list[str]:
    """The steps that this one may lead to without having waited for the caller."""
    waited = step.after_waiting()
    return [target for place, target in step.targets().items() if place not in waited]


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
