"""Writes docs/settings.md and the steps of docs/flows.md from the code: ``make docs``; a test says when it is due."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from router.flow.nodes import AnyStep  # noqa: E402
from router.flow.nodes.base import Step, StepName, Words  # noqa: E402
from router.flow.variables import VARIABLES  # noqa: E402
from router.matching.budget import Budget, codes_of, expected_hits  # noqa: E402
from router.matching.parameters import DEFAULT, Parameters, ResponseCurve  # noqa: E402
from router.settings import PREFIX, Settings  # noqa: E402

BEGIN, END = "<!-- from the code: {} -->", "<!-- end -->"


def settings() -> str:
    """The table of settings."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = getattr(Settings(), name) if field.default_factory else field.default
        shown = "none" if default is None else f"`{_plain(default)}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines)


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return str(list(value)).replace("'", '"')
    return str(value).lower() if isinstance(value, bool) else str(value)


def steps() -> str:
    """A section for each type of step."""
    kinds: list[type[Step]] = list(get_args(get_args(AnyStep)[0]))
    return "\n\n".join(_step(kind) for kind in kinds)


def _step(kind: type[Step]) -> str:
    name = get_args(kind.model_fields["type"].annotation)[0]
    module = inspect.getmodule(kind)
    assert module is not None and module.__doc__ is not None  # noqa: S101
    about = " ".join((kind.__doc__ or "").split())
    summary = module.__doc__.partition(": ")[2].strip()
    lines = [f"### {name}", "", summary[:1].upper() + summary[1:], "", about, ""]
    lines += ["| field | value | default |", "| --- | --- | --- |"]
    for field, info in kind.model_fields.items():
        if field in ("type", "note"):
            continue
        lines += _rows(f"`{info.alias or field}`", info)
    return re.sub(r"``([^`]+)``", r"`\1`", "\n".join(lines))


def _rows(name: str, info: Any) -> list[str]:
    """A field, and the fields of the parts that it holds: options of a menu, questions of a match."""
    default = "needed" if info.is_required() else _default(info)
    rows = [f"| {name} | {info.description or _kind(info.annotation)} | {default} |"]
    for part, inner in _inner(info.annotation).items():
        rows += _rows(f"{name} → `{inner.alias or part}`", inner)
    return rows


def _inner(annotation: Any) -> Mapping[str, Any]:
    for part in get_args(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel) and part is not Words:
            return part.model_fields
    return {}


def _default(info: Any) -> str:
    value = info.get_default(call_default_factory=True)
    return "none" if value is None else "empty" if value in ({}, (), "") else f"`{_plain(value)}`"


_NAMES = {
    "Option": "option",
    "Case": "case",
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Words": "words",
}


def _kind(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin in (types.UnionType, Union):
        kinds = [_kind(part) for part in get_args(annotation) if part is not type(None)]
        return "words, or a prompt's name" if kinds == ["words", "text"] else " or ".join(kinds)
    if origin is dict:
        return f"{_kind(get_args(annotation)[1])} for each key"
    if origin is tuple:
        return f"list of {_kind(get_args(annotation)[0])}"
    if annotation == StepName:
        return "step"
    if origin is Annotated:
        return _kind(annotation.__origin__)
    name = getattr(annotation, "__name__", str(annotation))
    return _NAMES.get(name, name.lower())


def variables() -> str:
    """The variables of conditions and prompts, each with a sample."""
    lines = ["| variable | for example | meaning |", "| --- | --- | --- |"]
    for each in VARIABLES:
        personal = " (personal)" if each.personal else ""
        name = f"{each.path}.NAME" if each.sample == {} else each.path
        shown = f"`{_json(each.sample)}`" if each.sample != {} else ""
        lines.append(f"| `{name}` | {shown} | {each.meaning}{personal} |")
    return "\n".join(lines)


def _json(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else _plain(value)


def figures() -> str:
    """The table of matching's figures."""
    lines = ["| figure | value | unit | why |", "| --- | --- | --- | --- |"]
    for figure in dataclasses.fields(Parameters):
        value = getattr(DEFAULT, figure.name)
        shown = (
            "; ".join(f"{name} {_curve(curve)}" for name, curve in value.items()) if figure.name == "curves" else value
        )
        if figure.name != "adjustments":
            lines.append(f"| `{figure.name}` | {shown} | {figure.metadata['unit']} | {figure.metadata['reason']} |")
    return "\n".join(lines)


def _curve(curve: ResponseCurve) -> str:
    return f"{curve.share}, {curve.median}, {curve.spread}"


def code_lengths() -> str:
    """What a guesser can expect to find, by live codes and their length, with the settings as they come."""
    lengths = range(6, 15)
    budget = Budget(Settings().code_digits, Settings().code_guesses_a_day, Settings().code_expected_hits)
    lines = [f"| live codes | {' | '.join(f'{digits} digits' for digits in lengths)} |"]
    lines.append("| --- " * (len(lengths) + 1) + "|")
    for live in (1, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        cells = [_hits(live, digits, budget) for digits in lengths]
        lines.append(f"| {live:,} | {' | '.join(cells)} |")
    lines.append(f"| **room** | {' | '.join(f'{budget.room(digits):,}' for digits in lengths)} |")
    return "\n".join(lines)


def _hits(live: int, digits: int, budget: Budget) -> str:
    if live > codes_of(digits):
        return "–"
    hits = f"{expected_hits(live, digits, budget.guesses_a_day):.2g}"
    plain = f"{float(hits):,.10f}".rstrip("0").rstrip(".")
    return f"**{plain}**" if live <= budget.room(digits) else plain


PARTS = {"code lengths": code_lengths, "settings": settings, "steps": steps, "variables": variables, "figures": figures}


def written(text: str) -> str:
    """A document with its parts from the code brought up to date."""
    for name, make in PARTS.items():
        begin = BEGIN.format(name)
        if begin in text:
            head, _, rest = text.partition(begin)
            text = f"{head}{begin}\n\n{make()}\n\n{END}{rest.partition(END)[2]}"
    return text


def main() -> None:
    """Bring all documents up to date."""
    for document in sorted((PROJECT / "docs").glob("*.md")):
        document.write_text(written(document.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
