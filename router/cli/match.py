"""``threadline match``: explain, without a call, whom we would recognise."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from router import settings as settings_module
from router.app import assembled
from router.calls.lookup import find_matches
from router.calls.question import Question, as_json, askable, observed
from router.cli import output
from router.cli.explain import Explained, show
from router.cli.learning import calibrate_command, weights_command
from router.cli.moment import moment
from router.core.match import Decision
from router.errors import Refused
from router.store.cards import messages_by_id

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
    last_digits: Annotated[str | None, typer.Option(help="The last digits of the reference, when asked.")] = None,
    topic: Annotated[str | None, typer.Option(help="The topic chosen, when asked.")] = None,
    about_message: Annotated[
        str | None, typer.Option(help="Whether it is about a message from us, when asked: yes, no.")
    ] = None,
    attestation: Annotated[
        str | None, typer.Option(help="What the network says of the caller number: A, B, C, failed.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="What the caller speaks: de, en.")] = None,
    at: Annotated[
        str | None,
        typer.Option(help="When, in the past or the future, such as 2026-11-23T10:00:00 (local time); else now."),
    ] = None,
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
        "last_digits": last_digits, "topic": topic, "about_message": about_message, "attestation": attestation,
        "language": language, "at": when,
    }  # fmt: skip
    try:
        question = Question.model_validate({name: value for name, value in given.items() if value is not None})
        explained = asyncio.run(_explained(question))
    except ValidationError as error:
        lines = [
            f"--{str(detail['loc'][0]).replace('_', '-')}: {detail['msg'].removeprefix('Value error, ')}"
            for detail in error.errors(include_url=False)
        ]
        output.fail("\n".join(lines), output.WRONG_USE)
    except Refused as error:
        lines = [f"--{wrong['field']}: {wrong['message']}" for wrong in error.more.get("errors", ())]
        output.fail("\n".join(lines) or error.detail, output.WRONG_USE)
    if json:
        output.as_json(as_json(explained.found))
    else:
        show(explained, Console(markup=False, highlight=False, emoji=False))
    if explained.found.decision is Decision.NONE:
        raise typer.Exit(output.NO)


async def _explained(question: Question) -> Explained:
    settings = settings_module.load()
    async with assembled(settings) as house:
        seen = observed(question, settings.region)
        when = question.at or house.clock()
        questions = askable(house.flows.for_number(seen.service_number))
        await house.weights.refresh()
        async with house.database.read() as connection:
            weights, live = house.weights.now, house.weights.live
            leased = house.registrar.rules.pools.every_number
            found = await find_matches(
                connection, seen, when, house.keys, weights, questions=questions, pool_numbers=leased, live=live
            )
            messages = await messages_by_id(connection, {each.message_id for each in found.candidates})
    return Explained(found, messages, when, weights, settings.disclosure, bool(questions))
