"""YAML text to the models of flows and shared pieces, as far as it can be read, with every problem of shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from router.flow.nodes.base import HUMAN
from router.flow.problems import FlowRefused, Problem
from router.flow.shape import shape_problem, yaml_path
from router.flow.source import Path, Source, read

PassedOver = Mapping[str, Mapping[str, Any]]
"""Steps, prompts, hours and queues with mistakes in their fields, as written: they exist, but nothing more is known of
them."""

_M = TypeVar("_M", bound=BaseModel)
_PARTS = ("steps", "prompts", "hours", "queues")
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
        return Parsed(source, model.model_validate(source.data), {}, tuple(source.problems))
    except ValidationError as error:
        details = error.errors(include_url=False)
    problems = (*source.problems, *(shape_problem(source, detail, model) for detail in details))
    if not isinstance(source.data, dict):
        return Parsed(source, None, {}, problems)
    value, passed_over = _rest(source, [detail["loc"] for detail in details], model)
    return Parsed(source, value, passed_over, problems)


def _rest(
    source: Source, mistakes: list[tuple[int | str, ...]], model: type[_M]
) -> tuple[_M | None, Mapping[str, dict[str, Any]]]:
    data = {name: value for name, value in _NEUTRAL.items() if name in model.model_fields} | source.data
    passed_over: dict[str, dict[str, Any]] = {part: {} for part in _PARTS}
    for location in mistakes:
        _pass_over(yaml_path(source.data, location, model)[0], data, passed_over)
    try:
        return model.model_validate(data), passed_over
    except ValidationError:
        return None, {}


def _pass_over(path: Path, data: dict[str, Any], passed_over: dict[str, dict[str, Any]]) -> None:
    """Take the part with the mistake out of ``data``."""
    match path:
        case (str(part), str(name), *_) if part in _PARTS and isinstance(data.get(part), dict):
            kept = dict(data[part])
            passed_over[part].setdefault(name, kept.pop(name, None))
            data[part] = kept or {"passed_over": {"type": "hangup"}} if part == "steps" else kept
        case (str(field), *_) if field in _NEUTRAL:
            data[field] = _NEUTRAL[field]
        case (str(field), *_) if field != "steps":
            data.pop(field, None)
        case _:
            pass
