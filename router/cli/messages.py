"""``threadline messages``: register what was sent, from a file, and tell what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import json as json_text
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from router import settings as settings_module
from router.app import assembled, there, utc_now
from router.cli.moment import moment
from router.cli.output import NO, WRONG_USE, as_json, counted, fail, say
from router.messages.delivery import MessageState, NamedReport, errors_of, record
from router.messages.imports import RowOutcome, format_of, import_rows, pieces
from router.messages.reading import Format
from router.messages.registration import field_errors


class Kind(StrEnum):
    """The formats of files."""

    CSV = "csv"
    NDJSON = "ndjson"


app = typer.Typer(help="Messages that were sent.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Messages that were sent."""


@app.command(name="import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file (with a header line) or NDJSON.")],
    format: Annotated[Kind | None, typer.Option("--format", help="Else by the file's name.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Each row's outcome as a line of JSON.")] = False,
) -> None:
    """Register the messages in a file, row by row; importing a file twice is harmless.

    With --json each row's callback code, tel link and service number are printed, to be put into the message. Exit
    code 1 when a row was refused; the others are stored all the same.

    Example: threadline messages import letters.csv --json > codes.ndjson
    """
    if not file.exists():
        fail(f"{file}: No such file or directory", WRONG_USE)
    kind = _format(format) if format else format_of(file)
    if kind is None:
        fail("say which format it is: --format csv or --format ndjson", WRONG_USE)
    try:
        stored, refused = asyncio.run(_import(file, kind, json))
    except OSError as error:
        fail(f"{file}: {error.strerror or error}", WRONG_USE)
    if not json:
        say(f"{counted(stored, 'message')} registered, {refused or 'none'} refused")
    if refused:
        raise typer.Exit(NO)


class Status(StrEnum):
    """What can become of a message."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    ANSWERED = "answered"
    REOPENED = "reopened"


@app.command()
def status(
    external_id: Annotated[str, typer.Argument(help="What its sender calls the message.")],
    status: Annotated[Status, typer.Argument(help="What became of it.")],
    at: Annotated[str | None, typer.Option(help="When, such as 2026-11-23T10:00:00 (local time); else now.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As POST /v1/messages/{id}/status answers.")] = False,
) -> None:
    """Tell how far a message got, or that it was answered, and show what is known of it then.

    Exit code 1 when there is no such message.

    Example: threadline messages status crm-4711 delivered
    """
    when = moment(at).isoformat() if at else None
    try:
        report = NamedReport.model_validate({"external_id": external_id, "status": status.value, "at": when})
    except ValidationError as error:
        wrong = field_errors(error)[0]
        fail(f"{wrong['field']}: {wrong['message']}", WRONG_USE)
    now = utc_now()
    if errors := errors_of(report, now):
        fail(f"--{errors[0]['field']}: {errors[0]['message']}", WRONG_USE)
    state = asyncio.run(_record(report, now))
    if state is None:
        fail("there is no such message")
    if json:
        as_json(state.as_json())
    else:
        say(_told(state))


async def _record(report: NamedReport, now: datetime) -> MessageState | None:
    async with there(settings_module.load()) as store:
        (state,) = await record(store, [(report.message, report)], now)
    return state


def _told(state: MessageState) -> str:
    progress = state.progress
    reached = "delivery not told"
    if progress.delivery is not None and progress.delivery_at is not None:
        reached = f"{progress.delivery} {_local(progress.delivery_at)}"
    answered = "open" if progress.answered_at is None else f"answered {_local(progress.answered_at)}"
    return f"{state.external_id}: {reached}, {answered}"


def _local(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def _format(kind: Kind) -> Format:
    return "csv" if kind is Kind.CSV else "ndjson"


async def _import(file: Path, kind: Format, json: bool) -> tuple[int, int]:
    stored = refused = 0
    columns = (TextColumn("{task.completed:.0f} rows"), TimeElapsedColumn())
    with contextlib.ExitStack() as stack:
        console = Console(stderr=True)
        # Off a terminal nothing moves, and an empty line would be all that is left of it.
        progress = stack.enter_context(
            Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        )
        task = progress.add_task("", total=None)
        async with assembled(settings_module.load()) as house:
            async for outcome in import_rows(pieces(file), kind, house.registrar):
                progress.advance(task)
                stored, refused = (stored, refused + 1) if outcome.errors else (stored + 1, refused)
                _tell(outcome, file, json)
    return stored, refused


def _tell(outcome: RowOutcome, file: Path, json: bool) -> None:
    if json:
        say(json_text.dumps(outcome.as_json(), ensure_ascii=False))
        return
    for error in outcome.errors:
        say(f"{file}:{outcome.row}: {error['field']}: {error['message']}")
