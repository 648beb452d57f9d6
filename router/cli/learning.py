"""``threadline match calibrate`` and ``weights``: what agents said makes of the weights, and which are in force."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from math import exp
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from router import settings as settings_module
from router.app import table_of, there, utc_now
from router.calls.learning import MOST_OUTCOMES, hearings_since, outcomes_since
from router.cli import output
from router.cli.confusions import as_json, confusions_table, show_lessons, with_lessons
from router.cli.moment import moment
from router.core.match import EvidenceKind
from router.matching.calibrate import Calibration, calibrate
from router.matching.confusions import Learnt
from router.matching.learn_confusions import Lesson, learn
from router.matching.parameters import DEFAULT, Parameters, ResponseCurve
from router.matching.reliability import Bin, Fit, Share
from router.settings import Settings
from router.store import adjustments as store


def calibrate_command(
    since: Annotated[str | None, typer.Option(help="Only what agents said from then on, such as 2026-03-01.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Put the new weights in force.")] = False,
    force: Annotated[bool, typer.Option("--force", help="With --apply: even where they do not help.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the weights back that were applied last.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Everything, for a script.")] = False,
) -> None:
    """Re-estimate the weights of evidence from what agents said of matches, and how numbers are heard from those that
    callers confirmed. Changes nothing without --apply; exit code 1 where that is refused because it would not help.

    Example: threadline match calibrate --since 2026-03-01
    """
    if (undo and (apply or force or since)) or (force and not apply):
        output.fail("--undo stands alone; --force goes with --apply", output.WRONG_USE)
    if undo:
        asyncio.run(_undo())
        return
    start = moment(since, "--since") if since else None
    learnt = asyncio.run(_calibrate(start, apply, force))
    if json:
        told = {"in_force": learnt.in_force, "applied": learnt.applied, "confusions": as_json(learnt.lessons)}
        output.as_json(asdict(learnt.found) | told)
    else:
        _show(learnt)
    if apply and not learnt.applied:
        raise typer.Exit(output.NO)


def weights_command(json: Annotated[bool, typer.Option("--json", help="For a script.")] = False) -> None:
    """Show the weights in force, and where each figure comes from.

    Example: threadline match weights
    """
    settings = settings_module.load()
    row = asyncio.run(_in_force(settings))
    table = table_of(settings)
    if json:
        adjustments, confusions = (dict(row.log_odds), row.confusions or {}) if row else ({}, {})
        told = {"table": _plain(table), "adjustments": adjustments, "confusions": confusions, "from": _source(row)}
        output.as_json(told)
        return
    console = Console()
    console.print(_figures(table))
    console.print(_adjustments(row))
    console.print(confusions_table((row.confusions or {}) if row else {}))


@dataclass(frozen=True, slots=True)
class _Learnt:
    """A calibration with what was in force before it, and whether it is now."""

    found: Calibration
    in_force: Mapping[str, float]
    lessons: tuple[Lesson, ...]
    confusions: Learnt
    applied: bool


async def _calibrate(since: datetime | None, apply: bool, force: bool) -> _Learnt:
    settings = settings_module.load()
    async with there(settings) as database:
        async with database.read() as connection:
            outcomes = await outcomes_since(connection, since)
            hearings = await hearings_since(connection, since)
            row = await store.newest(connection)
        in_force: Mapping[str, float] = row.log_odds if row else {}
        found = calibrate(outcomes, in_force, table_of(settings))
        confusions: Learnt = (row.confusions or {}) if row else {}
        lessons = learn(hearings, confusions)
        helps = found.fitted is not None and (force or found.refusal is None)
        taught = with_lessons(confusions, lessons, force)
        applied = apply and (helps or taught != confusions)
        if applied:
            adjustments = found.adjustments if helps else dict(in_force)
            async with database.begin() as connection:
                await store.add(connection, adjustments, _report(found, since), utc_now(), taught or None)
    return _Learnt(found, in_force, lessons, confusions, applied)


async def _undo() -> None:
    async with there(settings_module.load()) as database, database.begin() as connection:
        row = await store.take_back(connection, utc_now())
        left = await store.newest(connection)
    if row is None:
        output.fail("no calibration is in force: the table of the code counts")
    output.say(f"taken back: {_source(row)}; now in force: {_source(left)}")


async def _in_force(settings: Settings) -> store.AdjustmentsRow | None:
    async with there(settings) as database, database.read() as connection:
        return await store.newest(connection)


def _report(found: Calibration, since: datetime | None) -> dict[str, Any]:
    """What is kept with the adjustments: from what they were made, and how much better they fit."""
    held_out = found.held_out
    return {
        "outcomes": found.outcomes,
        "since": since.isoformat() if since else None,
        "gain": found.gain,
        "gain_error": found.gain_error,
        "refusal": found.refusal,
        "held_out": {"before": _brief(held_out.before), "after": _brief(held_out.after)} if held_out else None,
    }


def _brief(fit: Fit) -> dict[str, float]:
    return {"log_loss": fit.log_loss, "brier": fit.brier, "calibration_error": fit.calibration_error}


def _show(learnt: _Learnt) -> None:
    found, in_force, applied = learnt.found, learnt.in_force, learnt.applied
    console = Console()
    show_lessons(console, learnt.lessons, learnt.confusions)
    more = f" (and {found.without_candidates} without any candidate, left out)" if found.without_candidates else ""
    console.print(f"{output.counted(found.outcomes, 'outcome')}{more}")
    if found.outcomes + found.without_candidates >= MOST_OUTCOMES:
        console.print(f"These are the latest {MOST_OUTCOMES:,}; older ones are not looked at.")
    if found.fitted and found.held_out:
        console.print(_weights(found, in_force))
        console.print(_fits(found))
        console.print(_curve(found.held_out.before, found.held_out.after))
    if applied:
        console.print("The new weights are in force; a running service takes them up within half a minute.")
    if found.refusal:
        console.print(f"{'Applied all the same' if applied else 'Not to be applied'}: {found.refusal}.")
    elif not applied:
        console.print("On calls they were not fitted to the new weights are better. --apply puts them in force.")


def _weights(found: Calibration, in_force: Mapping[str, float]) -> Table:
    table = Table("evidence", "seen in", "in force", "new", title="What is added to the table of the code")
    for kind, count in found.seen.items():
        new = factor(found.adjustments[kind]) if kind in found.adjustments else "stays"
        table.add_row(kind, f"{count:,}", factor(in_force.get(kind, 0.0)), new)
    return table


def _fits(found: Calibration) -> Table:
    table = Table("", "before", "after", "before", "after", title="How well it fits: all outcomes | not fitted to")
    if found.fitted is None or found.held_out is None:
        return table
    fits = (found.fitted.before, found.fitted.after, found.held_out.before, found.held_out.after)
    table.add_row("log loss", *(f"{fit.log_loss:.4f}" for fit in fits))
    table.add_row("Brier score", *(f"{fit.brier:.4f}" for fit in fits))
    table.add_row("expected calibration error", *(f"{fit.calibration_error:.2%}" for fit in fits))
    table.add_row("sure: right", *(_share(fit.sure) for fit in fits))
    table.add_row("likely: right", *(_share(fit.likely) for fit in fits))
    return table


def _share(share: Share) -> str:
    return "–" if share.share is None else f"{share.share:.1%} of {share.calls:,}"


def _curve(before: Fit, after: Fit) -> Table:
    names = ("chance", "calls", "said", "was so", "calls", "said", "was so")
    table = Table(*names, title="Reliability, not fitted to: before | after")
    for one, other in zip(before.curve, after.curve, strict=True):
        if one.calls or other.calls:
            table.add_row(f"{one.low:.0%} to {one.high:.0%}", *_bin(one), *_bin(other))
    return table


def _bin(inside: Bin) -> tuple[str, str, str]:
    if inside.predicted is None or inside.measured is None:
        return "0", "", ""
    return f"{inside.calls:,}", f"{inside.predicted:.1%}", f"{inside.measured:.1%}"


def factor(log_odds: float) -> str:
    """An adjustment for people: ``×1.4``, ``÷2.1``, or that nothing changes."""
    times = exp(abs(log_odds))
    return "no change" if times < 1.005 else f"{'×' if log_odds > 0 else '÷'}{times:.2f}"


def _figures(table: Parameters) -> Table:
    shown = Table("figure", "value", "unit", "where it comes from", title="The table")
    for field in fields(Parameters):
        if field.name not in _LEARNT:
            value = getattr(table, field.name)
            ours = "your settings" if value != getattr(DEFAULT, field.name) else f"the code: {field.metadata['reason']}"
            shown.add_row(field.name, _written(value), field.metadata["unit"], ours)
    return shown


def _adjustments(row: store.AdjustmentsRow | None) -> Table:
    shown = Table("evidence", "added", "where it comes from", title="What calibration adds to each kind of evidence")
    for kind in EvidenceKind:
        known = row is not None and kind.value in row.log_odds
        shown.add_row(
            kind.value, factor(row.log_odds[kind.value]) if row and known else "–", _source(row if known else None)
        )
    return shown


def _source(row: store.AdjustmentsRow | None) -> str:
    if row is None:
        return "the table of the code"
    return f"calibration of {row.created_at:%Y-%m-%d %H:%M} UTC from {row.report['outcomes']:,} outcomes"


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {_written(each)}" for name, each in value.items())
    if isinstance(value, ResponseCurve):
        return f"{value.share:g}, {value.median:g}, {value.spread:g}"
    return f"{value:g}"


_LEARNT = ("adjustments", "confusions")
"""What is no figure of the table, but what was learnt beside it."""


def _plain(table: Parameters) -> dict[str, Any]:
    values = {field.name: getattr(table, field.name) for field in fields(Parameters) if field.name not in _LEARNT}
    return values | {"curves": {name: asdict(curve) for name, curve in table.curves.items()}}
