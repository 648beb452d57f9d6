"""Writes settings, steps, codes of problems and other parts of documents from the code: ``make docs``; a test says
when it is due."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from router.api.figures import SUBJECTS  # noqa: E402
from router.flow.nodes import AnyStep  # noqa: E402
from router.flow.nodes.base import Step, StepName, Words  # noqa: E402
from router.flow.nodes.sayings import AGAIN, ASK_PART, BY_KEYS, CONFIRM, LOST, Sayings  # noqa: E402
from router.flow.problems import CODES, WARNINGS  # noqa: E402
from router.flow.queues import Queue  # noqa: E402
from router.flow.schema import ABOUT  # noqa: E402
from router.flow.spoken.formats import FORMATS, said  # noqa: E402
from router.flow.spoken.manner import Manner  # noqa: E402
from router.flow.variables import VARIABLES  # noqa: E402
from router.matching.budget import Budget, codes_of, expected_hits  # noqa: E402
from router.matching.confusion_figures import BY_RECOGNISER, VOSK, Figures  # noqa: E402
from router.matching.parameters import DEFAULT, Parameters, ResponseCurve  # noqa: E402
from router.settings import PREFIX, Settings  # noqa: E402
from router.spoken.words.alphabets import ALPHABETS, by_letter  # noqa: E402
from tools import dashboard  # noqa: E402

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
    paragraphs = [" ".join(each.split()) for each in inspect.cleandoc(kind.__doc__ or "").split("\n\n")]
    summary = module.__doc__.partition(": ")[2].strip()
    rows = [
        row
        for field, info in kind.model_fields.items()
        if field not in ("type", "note", "label")
        for row in _rows(f"`{info.alias or field}`", info)
    ]
    ways = [row.split(" | ")[0].removeprefix("| ") for row in rows if re.search(r" \| step[ |]", row)]
    lines = [f"## {name}", "", _ticks(summary[:1].upper() + summary[1:]), ""]
    lines += ["```yaml", kind.EXAMPLE.strip("\n"), "```", ""]
    lines += [_ticks("\n\n".join(paragraphs)), ""]
    lines += [f"Ways: {', '.join(ways) or 'none, the call ends'}.", ""]
    lines += ["| field | value | default |", "| --- | --- | --- |", *rows]
    return "\n".join(lines)


def _ticks(text: str) -> str:
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def _rows(name: str, info: Any) -> list[str]:
    """A field, and the fields of the parts that it holds: options of a menu, questions of a match."""
    default = "needed" if info.is_required() else _default(info)
    rows = [f"| {name} | {_about(name, info)} | {default} |"]
    for part, inner in _inner(info.annotation).items():
        rows += _rows(f"{name} → `{inner.alias or part}`", inner)
    return rows


def _about(name: str, info: Any) -> str:
    """What a field takes, and what it is for where its name and type do not tell."""
    if info.description:
        return str(info.description)
    kind, about = _kind(info.annotation), ABOUT.get(name.split("`")[-2], "").partition(":")[0]
    return kind if kind == "step" or not about else f"{kind}: {about}"


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
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in get_args(annotation))
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


FORMAT_EXAMPLES: tuple[tuple[str, Any, str | None, str | None], ...] = (
    ("inputs.code", "471105", "digits", None),
    ("customer.external_id", "K-1009", "digits", None),
    ("queue.waiting", 1234, "number", None),
    ("vars.change", -3.5, "number", None),
    ("offer.facts.price", 12.5, "amount", "EUR"),
    ("offer.facts.fee", 1, "amount", "EUR"),
    ("offer.facts.bonus", "75 €", "amount", None),
    ("offer.valid_until", "2026-06-30T21:59:59+00:00", "date", None),
    ("offer.valid_until", "2026-06-30T21:59:59+00:00", "weekday", None),
    ("time.weekday", 1, "weekday", None),
    ("offer.sent", "2026-05-31T12:05:00+00:00", "time", None),
    ("queue.expected_seconds", 240, "duration", None),
    ("queue.expected_minutes", 95, "duration", "minutes"),
    ("offer.days_left", 1, "duration", "days"),
    ("offer.title", "Sommer-Angebot", "text", None),
    ("offer.valid_until", "2026-06-30T21:59:59+00:00", None, None),
    ("offer.facts.new", True, None, None),
    ("offer.skills", ["gas", "power"], None, None),
)
"""A variable, its value, the format and what stands behind it."""


def formats() -> str:
    """How values are heard and read in both languages, as the code does it."""
    untold = set(FORMATS) - {form for _, _, form, _ in FORMAT_EXAMPLES}
    assert not untold, f"no example of {untold}"  # noqa: S101
    lines = ["| in the text | value | heard in German | heard in English | read in German | read in English |"]
    lines.append("| --- " * 6 + "|")
    for path, value, form, argument in FORMAT_EXAMPLES:
        written = " ".join(each for each in (path, f"| {form}" if form else "", argument or "") if each)
        cells = [
            said(value, form, Manner(language, ZoneInfo("Europe/Berlin"), to_read, argument))
            for to_read in (False, True)
            for language in ("de", "en")
        ]
        in_table = f"{{{{ {written} }}}}".replace("|", "\\|")
        lines.append(f"| `{in_table}` | `{_json(value)}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def figures() -> str:
    """The table of matching's figures."""
    lines = ["| figure | value | unit | why |", "| --- | --- | --- | --- |"]
    for figure in dataclasses.fields(Parameters):
        value = getattr(DEFAULT, figure.name)
        shown = (
            "; ".join(f"{name} {_curve(curve)}" for name, curve in value.items()) if figure.name == "curves" else value
        )
        if figure.name not in ("adjustments", "confusions"):
            lines.append(f"| `{figure.name}` | {shown} | {figure.metadata['unit']} | {figure.metadata['reason']} |")
    return "\n".join(lines)


def confusions() -> str:
    """The tables of how numbers are heard."""
    tables = {**BY_RECOGNISER, "others": VOSK}
    lines = [f"| figure | {' | '.join(tables)} | unit | why |", "| --- " * (len(tables) + 3) + "|"]
    for figure in dataclasses.fields(Figures):
        values = " | ".join(f"{getattr(table, figure.name):g}" for table in tables.values())
        about = f"{figure.metadata['unit']} | {figure.metadata['reason']}"
        lines.append(f"| `{figure.name}` | {values} | {about} |")
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


def problems() -> str:
    """The codes of problems, with their meaning."""
    lines = ["| code | meaning |", "| --- | --- |"]
    for code, meaning in CODES.items():
        lines.append(f"| `{code}` | {meaning}{' (warning)' if code in WARNINGS else ''} |")
    return "\n".join(lines)


def step_list() -> str:
    """The types of steps in one table, each with a link to its section."""
    lines = ["| step | what it does |", "| --- | --- |"]
    for kind in get_args(get_args(AnyStep)[0]):
        name = get_args(kind.model_fields["type"].annotation)[0]
        summary = (sys.modules[kind.__module__].__doc__ or "").partition(": ")[2].strip()
        lines.append(f"| [{name}](flow-steps.md#{name}) | {_ticks(summary).rstrip('.')} |")
    return "\n".join(lines)


def metrics() -> str:
    """The figures for Prometheus, a table for each subject."""
    parts = []
    for subject, figures in SUBJECTS.items():
        lines = [f"## {subject}", "", "| figure | kind | labels | what it tells |", "| --- | --- | --- | --- |"]
        for figure in figures:
            labels = ", ".join(f"`{label}`" for label in figure.labels)
            kind = f"{figure.kind}, shared" if figure.shared else figure.kind
            lines.append(f"| `{figure.full_name}` | {kind} | {labels} | {figure.about} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def alphabets() -> str:
    """The names of letters that callers may use."""
    tables = [by_letter(alphabet) for alphabet in ALPHABETS.values()]
    lines = [f"| letter | {' | '.join(ALPHABETS)} |", "| --- " * (len(tables) + 1) + "|"]
    for letter in sorted(set().union(*tables), key=lambda letter: (letter[0], len(letter), letter)):
        lines.append(f"| {letter} | {' | '.join(table.get(letter, '') for table in tables)} |")
    return "\n".join(lines)


def sayings() -> str:
    """What callers hear while a number is made certain, in both languages."""
    fields = Sayings.model_fields
    words = {"confirm": CONFIRM, "part": ASK_PART, "again": AGAIN, "keys": BY_KEYS, "lost": LOST}
    lines = ["| `say` | German | English |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {words[name].texts['de']} | {words[name].texts['en']} |" for name in fields]
    return "\n".join(lines)


def queues() -> str:
    """The fields of a queue, with those of its parts."""
    rows = [row for field, info in Queue.model_fields.items() for row in _rows(f"`{field}`", info)]
    return "\n".join(["| field | value | default |", "| --- | --- | --- |", *rows])


PARTS = {
    "queues": queues,
    "alphabets": alphabets,
    "code lengths": code_lengths,
    "sayings": sayings,
    "settings": settings,
    "steps": steps,
    "list of steps": step_list,
    "problems": problems,
    "variables": variables,
    "formats": formats,
    "figures": figures,
    "metrics": metrics,
    "confusions": confusions,
}


def written(text: str) -> str:
    """A document with its parts from the code brought up to date."""
    for name, make in PARTS.items():
        begin = BEGIN.format(name)
        if begin in text:
            head, _, rest = text.partition(begin)
            text = f"{head}{begin}\n\n{make()}\n\n{END}{rest.partition(END)[2]}"
    return text


def main() -> None:
    """Bring all documents, and the dashboard, up to date."""
    for document in sorted((PROJECT / "docs").glob("*.md")):
        document.write_text(written(document.read_text("utf-8")), "utf-8")
    dashboard.FILE.write_text(dashboard.text(), "utf-8")


if __name__ == "__main__":
    main()
