"""``threadline flow replay``: run recorded calls again on a draft."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from router import settings as settings_module
from router.app import there, utc_now
from router.cli.output import NO, WRONG_USE, as_json, counted, fail, say
from router.engine.replay import Verdict
from router.flow.files import FlowSet
from router.flow.load import load_set
from router.flow.problems import FlowRefused
from router.releases.releases import Releases, UnknownDraft
from router.releases.replaying import MOST_CALLS, Report
from router.releases.replaying import replay as run_again
from router.store.bus import Bus
from router.store.database import Database


def replay(
    draft: Annotated[
        str, typer.Argument(metavar="DRAFT|PATH", help="The number of a draft, or a flow file or folder.")
    ],
    days: Annotated[float, typer.Option(min=0.01, max=90, help="Calls of so many days.")] = 3,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many calls, the newest.")] = MOST_CALLS,
    json: Annotated[bool, typer.Option("--json", help="The whole report as JSON.")] = False,
) -> None:
    """Run recorded calls again on a draft, or on flows from files, and tell which would have gone another way.

    Exit code 1 when a call would have come to another end.

    Example: threadline flow replay ivr_flows --days 3
    """
    path = Path(draft)
    if not draft.isdecimal() and not path.exists():
        fail(f"there is no such file or folder, and it is no draft's number: {draft}", WRONG_USE)
    report = asyncio.run(_run(draft, path, days, limit))
    if json:
        as_json(report)
    else:
        _show(report)
    if report.other_end:
        raise typer.Exit(NO)


async def _run(draft: str, path: Path, days: float, limit: int) -> Report:
    console = Console(stderr=True)
    columns = (MofNCompleteColumn(), TextColumn("calls"), TimeElapsedColumn())
    async with there(settings_module.load()) as database:
        flow_set = await _draft(database, int(draft)) if draft.isdecimal() else load_set(path)
        flow = next(iter(flow_set.flows.values()), None)
        if flow is None:
            fail("there is no flow", WRONG_USE)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("", total=None)

            def tell(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            since = utc_now() - timedelta(days=days)
            return await run_again(database, flow, since=since, limit=limit, progress=tell)


async def _draft(database: Database, number: int) -> FlowSet:
    """The draft laid over what is released. Raises `FlowRefused`."""
    releases = Releases(database, Bus(), utc_now)
    try:
        draft = await releases.draft(number)
    except UnknownDraft:
        fail(f"there is no draft {number}", WRONG_USE)
    checked = await releases.check(draft.path, draft.text)
    if checked.flow_set is None:
        raise FlowRefused(checked.problems)
    return checked.flow_set


_IN_WORDS = {
    Verdict.OTHER_END: "another end",
    Verdict.OTHER_STEPS: "the same end by other steps",
    Verdict.CANNOT_TELL: "cannot be told",
}


def _show(report: Report) -> None:
    say(f"{counted(report.looked_at, 'call')} looked at: {report.same} go the same way")
    for verdict, calls in (
        (Verdict.OTHER_END, report.other_end),
        (Verdict.OTHER_STEPS, report.other_steps),
        (Verdict.CANNOT_TELL, report.cannot_tell),
    ):
        if calls:
            say(f"{calls} {_IN_WORDS[verdict]}")
        for change in report.changes:
            if change.verdict is verdict:
                way = change.why if verdict is Verdict.CANNOT_TELL else f"{change.old_end} → {change.new_end}"
                say(f"  {change.calls}  {way}")
                for example in change.examples:
                    where = f" at {example.parted}" if example.parted else ""
                    say(f"       {example.call_id}{where}, {example.started_at:%Y-%m-%d %H:%M}")
