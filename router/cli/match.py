"""``threadline match``: explain, without a call, whom we would recognise."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from router import settings as settings_module
from router.app import assembled
from router.calls.lookup import find_matches
from router.calls.question import Question, as_json, observed
from router.cli import output
from router.cli.learning import calibrate_command, weights_command
from router.cli.moment import moment
from router.core.match import Decision, Match
from router.errors import Refused

app = typer.Typer(invoke_without_command=True)
app.command("calibrate")(calibrate_command)
app.command("weights")(weights_command)


@app.callback()
def match(
    context: typer.Context,
    caller: Annotated[str | None, typer.Option("--from", help="The caller number, in any spelling.")] = None,
    withheld: Annotated[bool, typer.Option(help="The caller suppressed the number.")] = False,
    to: Annotated[str | None, typer.Option(help="The service number dialled.")] = None,
    code: Annotated[str | None, typer.Option(help="The callback code keyed in.")] = None,
    reference: Annotated[str | None, typer.Option(help="The reference in the message, as the caller gave it.")] = None,
    spoken: Annotated[str | None, typer.Option(help="What the caller said.")] = None,
    language: Annotated[str | None, typer.Option(help="What the caller speaks: de, en.")] = None,
    at: Annotated[str | None, typer.Option(help="When, such as 2026-11-23T10:00:00 (local time); else now.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As POST /v1/match answers.")] = False,
) -> None:
    """Explain whom we would recognise. Exit code 1 when it is nobody.

    Example: threadline match --from "030 23125 011" --code 4821391234
    """
    if context.invoked_subcommand is not None:
        return
    if not withheld and not any((caller, to, code, reference, spoken)):
        known = "--from, --withheld, --to, --code, --reference or --spoken"
        output.fail(f"say what is known of the call: {known}", output.WRONG_USE)
    when = moment(at).isoformat() if at else None
    given = {
        "from": caller, "withheld": withheld, "to": to, "code": code, "reference": reference, "spoken": spoken,
        "language": language, "at": when,
    }  # fmt: skip
    try:
        question = Question.model_validate({name: value for name, value in given.items() if value is not None})
        found = asyncio.run(_find(question))
    except ValidationError as error:
        lines = [
            f"--{detail['loc'][0]}: {detail['msg'].removeprefix('Value error, ')}"
            for detail in error.errors(include_url=False)
        ]
        output.fail("\n".join(lines), output.WRONG_USE)
    except Refused as error:
        lines = [f"--{wrong['field']}: {wrong['message']}" for wrong in error.more.get("errors", ())]
        output.fail("\n".join(lines) or error.detail, output.WRONG_USE)
    if json:
        output.as_json(as_json(found))
    else:
        _show(found)
    if found.decision is Decision.NONE:
        raise typer.Exit(output.NO)


async def _find(question: Question) -> Match:
    settings = settings_module.load()
    async with assembled(settings) as house:
        await house.weights.refresh()
        async with house.database.read() as connection:
            now = question.at or house.clock()
            seen = observed(question, settings.region)
            leased = house.registrar.rules.pools.every_number
            return await find_matches(connection, seen, now, house.keys, house.weights.now, pool_numbers=leased)


def _show(found: Match) -> None:
    console = Console()
    console.print(
        f"Decision: {found.decision.value}   assurance: {found.assurance.name}   "
        f"none of them: {found.none_probability:.1%}"
    )
    if found.code_accepted is False:
        console.print("The code is none of ours, or it holds no longer.")
    if not found.candidates:
        console.print("No message fits: nobody would be recognised.")
        return
    table = Table("message", "offer", "probability", "evidence", "weight")
    for candidate in found.candidates:
        head = [candidate.message_id[:12], candidate.offer_title or "", f"{candidate.probability:.1%}"]
        for evidence in candidate.evidence or (None,):
            why = [evidence.detail, f"{evidence.log_odds:+.1f}"] if evidence else ["(nothing but its age)", ""]
            table.add_row(*head, *why)
            head = ["", "", ""]
    console.print(table)
