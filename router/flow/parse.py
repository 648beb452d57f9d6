"""YAML text to the models of flows and shared pieces, as far as it can be read, with every problem of shape."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
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
_HARMLESS = {
    **dict.fromkeys(("next", "open", "closed", "sure", "likely", "unclear", "none", "kept"), HUMAN),
    "if": "true",
}
"""What a step needs, and does without to be looked at."""
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
        value, passed_over = _rest(source, details, model)
    if value is not None:
        told = {yaml_path(source.data, each["loc"], model)[0] for each in details if each["type"].endswith("_parsing")}
        problems += _doubtful(source, value, told)
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


def _doubtful(source: Source, value: BaseModel, told: Collection[Path]) -> Iterator[Problem]:
    """What was taken for a number and may be meant as another: ``0123`` is 83 to many programs, ``1:30`` is 90. Where
    it is ``told`` that it is none, nothing is added."""
    for path, text in source.doubtful.items():
        if path not in told and isinstance(_at(value, path), int | float):
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


def _rest(source: Source, mistakes: list[Any], model: type[_M]) -> tuple[_M | None, Mapping[str, dict[str, Any]]]:
    neutral = {name: value for name, value in _NEUTRAL.items() if name in model.model_fields}
    missing = [yaml_path(source.data, each["loc"], model)[0] for each in mistakes if each["type"] == "missing"]
    wrong = [_place(source, each["loc"], model) for each in mistakes if each["type"] != "missing"]
    passed_over: dict[str, dict[str, Any]] = {part: {} for part in _PARTS}
    data = neutral | source.data
    for path in (*source.lost, *missing, *wrong):
        _pass_over(path, data, passed_over)
    try:
        value = model.model_validate(data)
    except ValidationError:
        return None, {}
    written = source.data.get("steps")
    if not isinstance(written, dict):
        return value, passed_over
    steps = {name: step for name, step in data["steps"].items() if name in written}
    steps |= _the_rest_of_steps(written, [*source.lost, *wrong], missing)
    try:
        return model.model_validate({**data, "steps": steps} if steps else data), passed_over
    except ValidationError:
        return value, passed_over


def _place(source: Source, location: tuple[int | str, ...], model: type[BaseModel]) -> Path:
    """Where a mistake is; words are one thing, so that none seems to lack a language because its text has a mistake."""
    path = yaml_path(source.data, location, model)[0]
    return path[:-1] if "Words" in location[:-1] else path


def _the_rest_of_steps(written: dict[str, Any], wrong: list[Path], missing: list[Path]) -> dict[str, Any]:
    """The steps that were passed over, as far as they are right without what is ``wrong`` in them, and with something
    harmless for what is ``missing``."""
    inside: dict[str, list[Path]] = {}
    for path in (*wrong, *missing):
        match path:
            case ("steps", str(name), *within) if isinstance(written.get(name), dict):
                inside.setdefault(name, []).extend([tuple(within)] if path not in missing else [])
            case _:
                pass
    rest: dict[str, Any] = {}
    for name, paths in inside.items():
        for each in (paths, [path[:1] for path in paths]):  # as little as can be, or else whole fields
            step = deepcopy(written[name])
            for path in each:
                _take_out(step, path)
            if _is_step(step):
                rest.setdefault(name, step)
    return rest


def _take_out(step: dict[str, Any], path: Path) -> None:
    """Take what is wrong out of a step: a field with its value, or the whole list that it is a part of."""
    for end in range(len(path), 0, -1):
        holder: Any = step
        for part in path[: end - 1]:
            holder = holder[part] if _has(holder, part) else None
        if isinstance(holder, dict):
            holder.pop(path[end - 1], None)
            return


def _has(holder: Any, part: str | int) -> bool:
    return part in holder if isinstance(holder, dict) else isinstance(holder, list) and part in range(len(holder))


def _is_step(step: Any) -> bool:
    """Whether it is one, with the ways and conditions filled in that are missing."""
    for _ in range(2):
        try:
            _STEP.validate_python(step)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                if each["type"] == "missing":
                    _fill_in(step, each["loc"])
        else:
            return True
    return False


def _fill_in(step: dict[str, Any], location: tuple[str | int, ...]) -> None:
    holder: Any = step
    name = str(location[-1])
    for part in location[1:-1]:
        if _has(holder, part):
            holder = holder[part]
    if isinstance(holder, dict) and name in _HARMLESS:
        holder[name] = _HARMLESS[name]


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
