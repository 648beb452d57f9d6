"""The shape of a flow, its fields and their types: what pydantic found wrong, in the words and places of the YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from router.flow.nodes.base import Step, Words
from router.flow.problems import Problem, nearest, short
from router.flow.source import Path, Source


def shape_problem(source: Source, error: Any, root: type[BaseModel]) -> Problem:
    """One of pydantic's errors about ``root`` as a problem of the flow."""
    path, model = yaml_path(source.data, error["loc"], root)
    kind = error["type"]
    if kind == "extra_forbidden":
        name = str(path[-1])
        if name == "<<":
            merged = "merge keys (<<) are not used in flows; write it out"
            return source.problem(path, "unknown-field", merged, at_key=True)
        hint = nearest(name, model) if model else ""
        return source.problem(path, "unknown-field", f"no field '{short(name)}'{hint}", at_key=True)
    if kind == "missing":
        name = error["loc"][-1]
        return source.problem(path, "missing-field", f"'{name}' is missing", at_key=True)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _type_problem(source, path, error)
    return source.problem(path, "wrong-value", _in_words(error), at_key=error["loc"][-1:] == ("[key]",))


def told_once(errors: Iterable[Any]) -> list[Any]:
    """Pydantic's errors without those about what was not meant: where words or the name of a prompt may stand, it
    complains twice, and of a list of which no part is right it says that it is too short."""
    listed = list(errors)
    above = {error["loc"][:end] for error in listed for end in range(len(error["loc"]))}
    listed = [error for error in listed if error["type"] != "too_short" or error["loc"] not in above]
    words = {error["loc"][: error["loc"].index("Words")] for error in listed if "Words" in error["loc"]}
    kept = []
    for error in listed:
        place, last = error["loc"][:-1], str(error["loc"][-1] if error["loc"] else "")
        if place in words and (last == "Words" or last.startswith("constrained-str")):
            if last == "Words":
                continue
            if isinstance(error.get("input"), Mapping):
                continue
            error = {**error, "type": "words_or_name"}
        kept.append(error)
    return kept


_EXPECTED = {
    "words_or_name": "words in each language, such as {de: Guten Tag.}, or the name of a prompt are expected here",
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
    "finite_number": "a number is expected here",
    "date_from_datetime_parsing": "a date such as 2026-12-24 is expected here",
    "date_parsing": "a date such as 2026-12-24 is expected here",
}
_PATTERNS = {
    "^[a-z]": "a name is expected here: small letters, digits and _, beginning with a letter",
    "^[0-9*]$": "one key is expected here: 0-9 or *",
    "^[2-4]$": "2, 3 or 4 is expected here: of how many last digits the text speaks",
    "^[0-9*#]": "keys are expected here: 0-9, * and #",
    "^(withheld|": 'a number such as "+493023125011" is expected here, or withheld',
    "^(ask|": "one of these is expected here: ask, record, hangup, nothing, queue NAME",
    "^[A-Za-z_]": "the name of a field is expected here, or names with points between them, such as customer.tier",
    "^\\+[0-9]*$": 'the beginning of a number is expected here, such as "+49"',
}


def _in_words(error: Any) -> str:
    value, kind, context = error.get("input"), error["type"], error.get("ctx", {})
    given = f" (given: {str(value)[:40]!r})" if isinstance(value, str | int | float | bool) else ""
    message = _EXPECTED.get(kind) or str(error["msg"]).removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        message = next((words for start, words in _PATTERNS.items() if context["pattern"].startswith(start)), message)
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        message = words.format(f"{context[name]:g}")
    if kind == "string_type" and isinstance(value, int | float):  # true and false, too
        return f"text is expected here (given: {str(value).lower()}); put it in quotes"
    if kind == "literal_error" and isinstance(value, str) and f"{value}" == context["expected"]:
        return f"{value} is expected here, without quotes"
    if kind == "literal_error" and isinstance(value, str):
        hint = nearest(value, re.findall("'([^']*)'", context["expected"]))
        given += hint if "did you mean" in hint else ""
    if value is None and kind in _EXPECTED:
        return f"nothing stands here; {message}"
    return message.replace("Input should be", "this should be") + (given if repr(value) not in message else "")


_LIMITS = {
    "too_short": ("min_length", "at least {} must stand here"),
    "too_long": ("max_length", "at most {} may stand here"),
    "string_too_short": ("min_length", "at least {} character must stand here"),
    "string_too_long": ("max_length", "at most {} characters may stand here"),
    "greater_than_equal": ("ge", "at least {} is expected here"),
    "less_than_equal": ("le", "at most {} is expected here"),
}


def _type_problem(source: Source, path: Path, error: Any) -> Problem:
    if error["type"] == "union_tag_not_found":
        return source.problem(path, "missing-field", "'type' is missing: what kind of step is this?", at_key=True)
    context = error["ctx"]
    valid = [name.strip(" '") for name in context["expected_tags"].split(",")]
    return source.problem(
        (*path, "type"), "unknown-type", f"no step type '{short(context['tag'])}'{nearest(context['tag'], valid)}"
    )


def yaml_path(data: Any, location: tuple[str | int, ...], root: type[BaseModel]) -> tuple[Path, list[str]]:
    """Pydantic's location without the parts it adds for unions and keys, and the fields valid at its last model."""
    path: list[str | int] = []
    model: type[BaseModel] | None = root
    value = data
    for part in location:
        below = _below(value, part)
        if below is None:  # a name pydantic adds for the model of a union or for a key, or the missing field itself
            model = _model_named(str(part)) or model
            continue
        value = below[0]
        path.append(part)
        model = _model_under(path, value) or _model_of_field(model, part) or model
    fields = [info.alias or name for name, info in model.model_fields.items()] if model else []
    return tuple(path), fields


def _below(value: Any, part: str | int) -> tuple[Any] | None:
    if isinstance(value, Mapping) and part in value:
        return (value[part],)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return (value[part],)
    return None


def _model_named(name: str) -> type[BaseModel] | None:
    types = (step for step in Step.__subclasses__() if name in get_args(step.model_fields["type"].annotation))
    return next(types, None)


def _model_of_field(model: type[BaseModel] | None, part: str | int) -> type[BaseModel] | None:
    """The model of the parts that a field of ``model`` holds, such as the options of a menu."""
    field = model.model_fields.get(str(part)) if model else None
    return next(_models_in(field.annotation), None) if field else None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not Words:
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _model_under(path: list[str | int], value: Any) -> type[BaseModel] | None:
    if len(path) == 2 and path[0] == "steps" and isinstance(value, Mapping):
        return _model_named(str(value.get("type")))
    return None
