"""YAML text to the models of flows and shared pieces, as far as it can be read, with every problem of shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from router.flow.nodes import AnyStep
from router.flow.nodes.base import HUMAN
from router.flow.problems import FlowRefused, Problem
from router.flow.shape import shape_problem, told_once, yaml_path
from router.flow.source import MOST_PROBLEMS, Path, Source, read

PassedOver = Mapping[str, Mapping[str, Any]]
"""Steps, prompts, hours and queues with mistakes in their fields, as written: they exist, but nothing more is known of
them."""

_M = TypeVar("_M", bound=BaseModel)
_PARTS = ("steps", "prompts", "hours", "queues")
_STEP: TypeAdapter[Any] = TypeAdapter(AnyStep)
_NEUTRAL = {"version": 1, "name": "unnamed", "start": HUMAN}


@dataclass(frozen=True, slots=True)
class Parsed(Generic[_M]):
    """What could be made of a text. ``value`` is None where nothing could; ``source`` is None where not even the YAML
    could be read."""

    source: Source | None
    value: _M | None
    passed_over: PassedOver
    problems: tuple[Problem, ...]


def parse(text: str, file: str, model: type[_M]) -> Parsed[_M]:
    """Read ``text`` as ``model``. What has a mistake in its fields is passed over and the rest is looked at, so
    that one mistake does not hide the others."""
    try:
        source = read(text, file)
    except FlowRefused as refused:
        return Parsed(None, None, {}, refused.problems)
    try:
        value = model.model_validate(source.data)
        details = []
    except ValidationError as error:
        value, details = None, told_once(error.errors(include_url=False))[:MOST_PROBLEMS]
    problems = [
        *source.problems,
        *(shape_problem(source, each, model) for each in details if not _lost(source, each, model)),
    ]
    passed_over: PassedOver = {}
    if isinstance(source.data, dict) and (details or source.lost):
        value, passed_over = _rest(source, [detail["loc"] for detail in details], model)
    if value is not None:
        problems += _doubtful(source, value)
    if any(len(part) == 1 for part in source.lost):
        value = None
    return Parsed(source, value, passed_over, tuple(problems))


def _lost(source: Source, error: Any, model: type[BaseModel]) -> bool:
    """Whether a mistake of shape is only that something could not be read, which is told already."""
    if not source.lost:
        return False
    path = yaml_path(source.data, error["loc"], model)[0]
    names = (path, (*path, error["loc"][-1])) if error["type"] == "missing" else (path,)
    if error["type"] == "missing" and not path and any(len(part) == 1 for part in source.lost):
        return True  # it may have stood in what could not be read
    if any(name[: len(part)] == part for part in source.lost for name in names):
        return True
    return len(path) == 1 and any(part[0] == path[0] for part in source.lost) and not source.data.get(path[0])


def _doubtful(source: Source, value: BaseModel) -> Iterator[Problem]:
    """What was taken for a number and may be meant as another: ``0123`` is 83 to many programs, ``1:30`` is 90."""
    for path, text in source.doubtful.items():
        if isinstance(_at(value, path), int | float):
            yield source.problem(
                path,
                "wrong-value",
                f"'{text}' may be read as another number; write its digits alone, without 0 in front",
            )


def _at(value: Any, path: Path) -> Any:
    """What a model has at a path of the YAML; None where that cannot be said."""
    for part in path:
        match value:
            case BaseModel():
                fields = type(value).model_fields
                name = next((name for name, info in fields.items() if (info.alias or name) == part), "")
                value = getattr(value, name, None)
            case Mapping():
                value = value.get(part)
            case tuple() if isinstance(part, int) and part < len(value):
                value = value[part]
            case _:
                return None
    return value


def _rest(
    source: Source, mistakes: list[tuple[int | str, ...]], model: type[_M]
) -> tuple[_M | None, Mapping[str, dict[str, Any]]]:
    neutral = {name: value for name, value in _NEUTRAL.items() if name in model.model_fields}
    paths = [*source.lost, *(yaml_path(source.data, location, model)[0] for location in mistakes)]
    passed_over: dict[str, dict[str, Any]] = {part: {} for part in _PARTS}
    data = neutral | source.data
    for path in paths:
        _pass_over(path, data, passed_over)
    try:
        value = model.model_validate(data)
    except ValidationError:
        return None, {}
    try:
        return model.model_validate(_with_the_rest_of_steps(data, source.data, paths)), passed_over
    except ValidationError:
        return value, passed_over


def _with_the_rest_of_steps(data: Mapping[str, Any], written: Mapping[str, Any], paths: list[Path]) -> dict[str, Any]:
    """``data`` with the steps that were passed over, as far as they are right without the fields with mistakes."""
    mended: dict[str, Any] = {}
    for path in paths:
        match path:
            case ("steps", str(name), str(field), *_) if isinstance(written["steps"].get(name), dict):
                mended.setdefault(name, dict(written["steps"][name])).pop(field, None)
            case _:
                pass
    steps = {name: step for name, step in mended.items() if _is_step(step)}
    return {**data, "steps": {**data["steps"], **steps}} if steps else dict(data)


def _is_step(step: Any) -> bool:
    try:
        _STEP.validate_python(step)
    except ValidationError:
        return False
    return True


def _pass_over(path: Path, data: dict[str, Any], passed_over: dict[str, dict[str, Any]]) -> None:
    """Take the part with the mistake out of ``data``."""
    match path:
        case (str(part), str(name), *_) if part in _PARTS and isinstance(data.get(part), dict):
            kept = dict(data[part])
            passed_over[part].setdefault(name, kept.pop(name, None))
            data[part] = kept or {"passed_over": {"type": "hangup"}} if part == "steps" else kept
        case (str(part), str(name), *_) if part in _PARTS and data.get(part) is None:  # nothing else stands there
            passed_over[part].setdefault(name, None)
            data[part] = {"passed_over": {"type": "hangup"}} if part == "steps" else {}
        case (str(field), *_) if field in _NEUTRAL:
            data[field] = _NEUTRAL[field]
        case (str(field), *_) if field != "steps":
            data.pop(field, None)
        case _:
            pass
