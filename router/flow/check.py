"""Check a flow and give *all* problems at once, each with its place and the way out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from router.flow import expressions
from router.flow.model import Flow, FlowText
from router.flow.nodes.base import HUMAN, Place, Step, Text, Words
from router.flow.nodes.branch import Branch
from router.flow.nodes.collect import Collect
from router.flow.nodes.hours import Hours
from router.flow.nodes.match import Match
from router.flow.nodes.menu import Menu
from router.flow.nodes.say import Say
from router.flow.problems import FlowRefused, Problem, nearest
from router.flow.source import Path, Source, read

WAITING = frozenset({"menu", "collect", "transfer", "voicemail"})
"""Step types at which the caller is waited for; a loop without one would never end."""


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
    problems += [_shape_problem(source, detail) for detail in details]
    if not isinstance(source.data, dict):
        return None, {}
    data = {"version": 1, "name": "unnamed", "start": HUMAN, **source.data}
    passed_over: dict[str, dict[str, Any]] = {"steps": {}, "prompts": {}, "hours": {}}
    for path in (_yaml_path(source.data, detail["loc"])[0] for detail in details):
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


# -- the shape: fields and types ----------------------------------------------------------------------------------


def _shape_problem(source: Source, error: Any) -> Problem:
    path, model = _yaml_path(source.data, error["loc"])
    kind = error["type"]
    if kind == "extra_forbidden":
        hint = nearest(str(path[-1]), model) if model else ""
        return source.problem(path, "unknown-field", f"no field '{path[-1]}'{hint}", at_key=True)
    if kind == "missing":
        name = error["loc"][-1]
        return source.problem(path, "missing-field", f"'{name}' is missing", at_key=True)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _type_problem(source, path, error)
    return source.problem(path, "wrong-value", _in_words(error))


_EXPECTED = {
    "model_type": "fields are expected here, each as 'name: value'",
    "model_attributes_type": "fields are expected here, each as 'name: value'",
    "dict_type": "fields are expected here, each as 'name: value'",
    "list_type": "a list is expected here",
    "tuple_type": "a list is expected here",
    "string_type": "text is expected here",
    "int_type": "a whole number is expected here",
    "int_parsing": "a whole number is expected here",
    "int_from_float": "a whole number is expected here",
    "float_type": "a number is expected here",
    "float_parsing": "a number is expected here",
    "bool_type": "true or false is expected here",
    "bool_parsing": "true or false is expected here",
}
_PATTERNS = {
    "^[a-z]": "a name is expected here: small letters, digits and _, beginning with a letter",
    "^[0-9*]$": "one key is expected here: 0-9 or *",
    "^\\+[0-9]*$": 'the beginning of a number is expected here, such as "+49"',
}


def _in_words(error: Any) -> str:
    value = error.get("input")
    given = f" (given: {str(value)[:40]!r})" if isinstance(value, str | int | float | bool) else ""
    message = _EXPECTED.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    if error["type"] == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        message = next((words for start, words in _PATTERNS.items() if pattern.startswith(start)), message)
    return message.replace("Input should be", "this should be") + (given if repr(value) not in message else "")


def _type_problem(source: Source, path: Path, error: Any) -> Problem:
    if error["type"] == "union_tag_not_found":
        return source.problem(path, "missing-field", "'type' is missing: what kind of step is this?", at_key=True)
    context = error["ctx"]
    valid = [name.strip(" '") for name in context["expected_tags"].split(",")]
    return source.problem(
        (*path, "type"), "unknown-type", f"no step type '{context['tag']}'{nearest(context['tag'], valid)}"
    )


def _yaml_path(data: Any, location: tuple[str | int, ...]) -> tuple[Path, list[str]]:
    """Pydantic's location without the parts it adds for unions and keys, and the fields valid at its last model."""
    path: list[str | int] = []
    model: type[BaseModel] | None = FlowText
    value = data
    for part in location:
        below = _below(value, part)
        if below is None:  # a name pydantic adds for the model of a union or for a key, or the missing field itself
            model = _model_named(str(part)) or model
            continue
        value = below[0]
        path.append(part)
        model = _model_under(path, value) or model
    fields = [info.alias or name for name, info in model.model_fields.items()] if model else []
    return tuple(path), fields


def _below(value: Any, part: str | int) -> tuple[Any] | None:
    if isinstance(value, Mapping) and part in value:
        return (value[part],)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return (value[part],)
    return None


def _model_named(name: str) -> type[BaseModel] | None:
    return next((step for step in Step.__subclasses__() if step.__name__.casefold() == name), None)


def _model_under(path: list[str | int], value: Any) -> type[BaseModel] | None:
    if len(path) == 2 and path[0] == "steps" and isinstance(value, Mapping):
        return _model_named(str(value.get("type")))
    return None


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
    inputs = {step.into: name for name, step in _steps(flow) if isinstance(step, Collect)}
    inputs |= {str(step["into"]): name for name, step in unread.items() if isinstance(step, dict) and "into" in step}
    for prefix, language in flow.text.language_by_prefix.items():
        yield from _language(source, flow, ("language_by_prefix", prefix), language)
    for name, step in _steps(flow):
        at: Path = ("steps", name)
        match step:
            case Hours() if step.during not in hours:
                hint = nearest(step.during, hours)
                yield source.problem((*at, "during"), "missing-hours", f"no hours '{step.during}'{hint}")
            case Match() if step.code and step.code not in inputs:
                hint = nearest(step.code, inputs)
                yield source.problem((*at, "code"), "missing-input", f"no step collects '{step.code}'{hint}")
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
    silent = {name: step for name, step in flow.text.steps.items() if step.type not in WAITING}
    for name in silent:
        loop = _loop_from(name, silent)
        if loop and name == min(loop, key=list(flow.text.steps).index):
            way = " → ".join((*loop, name))
            yield source.problem(("steps", name), "endless-loop", f"never waits for the caller: {way}", at_key=True)


def _loop_from(start: str, steps: Mapping[str, Step]) -> list[str] | None:
    trail: list[tuple[str, Iterator[str]]] = [(start, iter(list(steps[start].targets().values())))]
    seen = {start}
    while trail:
        target = next(trail[-1][1], None)
        if target is None:
            trail.pop()
        elif target == start:
            return [name for name, _ in trail]
        elif target in steps and target not in seen:
            seen.add(target)
            trail.append((target, iter(list(steps[target].targets().values()))))
    return None
