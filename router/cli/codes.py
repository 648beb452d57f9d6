"""``threadline codes``: how it stands with callback codes, and what to do when a secret or a code is out."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from router import settings as settings_module
from router.app import code_keys, limits_of, there, utc_now
from router.cli.output import NO, as_json, counted, fail, say
from router.matching.budget import DAYS
from router.matching.lockout import By
from router.messages.code_report import CodeReport, code_report
from router.messages.fields import is_storable
from router.messages.handles import HandleRules
from router.messages.rotation import Rotated, rotate
from router.messages.same_secret import OTHER, Fit, accept, fit
from router.settings import Settings, SettingsRefused
from router.store import codes as rows
from router.store import messages

app = typer.Typer(help="Callback codes.", no_args_is_help=True)


@app.command()
def status(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """How many codes are live, what a guesser can expect, how long the next one will be, and who is locked out.

    Exit code 1 when no further code may be issued, or none is looked up any more.

    Example: threadline codes status
    """
    settings = settings_module.load()
    report = asyncio.run(_report(settings))
    if json:
        as_json(report)
    else:
        _show(report, settings)
    if report.next_digits is None or report.locked_out[By.OVERALL]:
        raise typer.Exit(NO)


@app.command()
def revoke(external_ids: Annotated[list[str], typer.Argument(help="What their senders call the messages.")]) -> None:
    """Erase the callback codes of messages; from then on they sound like any wrong code.

    Exit code 1 when a message is not known; the others' codes are erased all the same.

    Example: threadline codes revoke crm-4711 crm-4712
    """
    unknown = asyncio.run(_revoke(external_ids))
    say(f"{counted(len(external_ids) - len(unknown), 'code')} revoked")
    if unknown:
        fail(f"there is no message '{unknown[0]}'" + (f", nor {len(unknown) - 1} more" if unknown[1:] else ""))


@app.command(name="rotate")
def rotate_codes() -> None:
    """Put all live codes under the present secret, so that those of THREADLINE_OLD_SECRETS can be dropped.

    Codes stay the same, the service may run meanwhile, and what is interrupted can be begun again. Exit code 1 when
    some codes still need an old secret.

    Example: threadline codes rotate
    """
    done = asyncio.run(_rotate())
    say(f"{counted(done.seen, 'live code')}, {done.renewed or 'none'} renewed")
    if done.unreadable:
        say(f"{counted(done.unreadable, 'code')} cannot be read: the secret they were issued under is not set")
    if done.taken:
        say(f"{counted(done.taken, 'code')} left alone: another message has the same one by now")
    if not done.complete:
        fail("Do not drop an old secret yet; docs/codes.md says what to do.")
    say("No live code needs an old secret any more: THREADLINE_OLD_SECRETS can go once every process has this secret.")


@app.command(name="accept-secret")
def accept_secret() -> None:
    """Go on with the present secret where the one before is lost: codes issued under that one are never found again.

    To change a secret and keep its codes, name it in THREADLINE_OLD_SECRETS instead (docs/codes.md).

    Example: threadline codes accept-secret
    """
    settings = settings_module.load()

    async def run() -> None:
        async with there(settings) as database:
            await accept(database, code_keys(settings), utc_now())

    asyncio.run(run())
    say("this secret is the right one from now on; what callers have in print from before counts as a wrong code")


async def _report(settings: Settings) -> CodeReport:
    async with there(settings) as database, database.read() as connection:
        if settings.secret is not None and await fit(connection, code_keys(settings)) is Fit.OTHER:
            raise SettingsRefused(f"THREADLINE_SECRET (secret): {OTHER}")
        return await code_report(connection, HandleRules.of(settings).budget, limits_of(settings), utc_now())


async def _revoke(external_ids: list[str]) -> list[str]:
    unknown = []
    async with there(settings_module.load()) as database, database.begin() as connection:
        for external_id in external_ids:
            row = await messages.by_external_id(connection, external_id) if is_storable(external_id) else None
            if row is None:
                unknown.append(external_id)
            else:
                await rows.revoke(connection, row.id)
    return unknown


async def _rotate() -> Rotated:
    settings = settings_module.load()
    done = Rotated()
    console = Console(stderr=True)
    columns = (TextColumn("{task.completed:.0f} codes"), TimeElapsedColumn())
    # Off a terminal nothing moves, and an empty line would be all that is left of it.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        async with there(settings) as database:
            async for done in rotate(database, code_keys(settings), utc_now()):
                progress.update(task, completed=done.seen)
    return done


def _show(report: CodeReport, settings: Settings) -> None:
    console = Console()
    if report.lengths:
        table = Table("digits", "live codes", "at most", f"expected hits in {DAYS} days")
        for each in report.lengths:
            table.add_row(str(each.digits), f"{each.live:,}", f"{each.room:,}", f"{each.expected_hits:.2g}")
        console.print(table)
    else:
        say("No code is live.")
    bound = f"{settings.code_guesses_a_day} wrong codes a day may find {settings.code_expected_hits:g} in {DAYS} days"
    if report.next_digits is None:
        say(f"No further code is issued: {bound}, and every length is full. docs/codes.md says what to do.")
    else:
        say(f"The next code has {report.next_digits} digits: {bound}.")
    wrong = "1 wrong code was" if report.wrong_codes == 1 else f"{report.wrong_codes or 'no'} wrong codes were"
    say(f"In the last 24 hours {wrong} keyed in; at {settings.code_guesses_a_day} no more are looked up.")
    locked = [
        f"{counted(count, by.value)}" for by, count in report.locked_out.items() if count and by is not By.OVERALL
    ]
    if locked:
        say(f"Locked out in that time: {', '.join(locked)}.")
    if report.locked_out[By.OVERALL]:
        say("No code is looked up at present: callers are known by their numbers only.")
