"""What calibration learnt of how numbers are heard, for people and scripts; part of ``threadline match calibrate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from rich.console import Console
from rich.table import Table

from router.matching.confusion_figures import BY_RECOGNISER, VOSK, Figures, figures_of
from router.matching.confusions import Learnt
from router.matching.learn_confusions import Lesson


def with_lessons(in_force: Learnt, lessons: Sequence[Lesson], force: bool) -> dict[str, dict[str, float]]:
    """The figures that count once ``lessons`` are applied: those that help, with ``force`` all."""
    taught = {each.name: each.figures for each in lessons if force or each.refusal is None}
    return {name: dict(figures) for name, figures in {**in_force, **taught}.items()}


def show_lessons(console: Console, lessons: Sequence[Lesson], in_force: Learnt) -> None:
    """Print what was learnt of each recogniser and language, beside what counts now."""
    for each in lessons:
        recogniser, _, language = each.name.partition(":")
        table = Table("figure", "the code", "in force", "new", title=f"How {recogniser} hears numbers in {language}")
        of_code = asdict(figures_of(recogniser, language))
        for name, new in each.figures.items():
            now = in_force.get(each.name, {}).get(name, of_code[name])
            table.add_row(name, f"{of_code[name]:.4f}", f"{now:.4f}", f"{new:.4f}")
        console.print(table)
        better = (
            f"log likelihood {each.gain:+.4f} a hearing, give or take {each.gain_error:.4f}, on others than learnt from"
        )
        console.print(f"{each.hearings:,} hearings; {each.refusal or better}.")


def as_json(lessons: Sequence[Lesson]) -> list[dict[str, Any]]:
    """The lessons for a script."""
    return [asdict(each) for each in lessons]


def confusions_table(learnt: Learnt) -> Table:
    """The figures in force of each way of hearing, those learnt marked."""
    tables: dict[str, Mapping[str, float]] = {name: asdict(figures) for name, figures in BY_RECOGNISER.items()}
    tables["others"] = asdict(VOSK)
    for name, figures in learnt.items():
        recogniser, _, language = name.partition(":")
        tables[f"{name} (learnt)"] = asdict(figures_of(recogniser, language)) | dict(figures)
    shown = Table("figure", *tables, "unit", title="How numbers are heard")
    for field in fields(Figures):
        shown.add_row(
            field.name, *(f"{figures[field.name]:.4g}" for figures in tables.values()), field.metadata["unit"]
        )
    return shown
