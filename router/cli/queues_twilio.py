"""``threadline queues twilio``: the description of queues as TaskRouter has it, and bringing it there."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from router import settings as settings_module
from router.channels.twilio.destinations import Workflow, destinations
from router.channels.twilio.task_news import ASSIGNMENT
from router.channels.twilio.taskrouter import Change, NotDone, TaskRouter
from router.channels.twilio.workflow import as_text, configuration, task_queues
from router.cli import output
from router.cli.output import say
from router.cli.queues import book_of
from router.flow.queues import Queue
from router.releases.queue_book import QueueBook
from router.settings import Settings

_DEFAULT = "default"


def twilio(
    apply: Annotated[bool, typer.Option("--apply", help="Show what differs at Twilio, ask, and make it so.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """TaskRouter's queues and workflows for the queues whose callers go there (`workflow:WW…`).

    Prints the TaskQueues with their expressions and the configuration of each workflow. Exit code 1 where no queue goes
    to a workflow, or Twilio says no.

    Example: threadline queues twilio --apply
    """
    settings = settings_module.load()
    workflows = _workflows(settings, asyncio.run(book_of(settings)))
    if not workflows:
        output.fail("no queue goes to a workflow: say `twilio: workflow:WW…` in its description")
    if not apply:
        _print(workflows)
        return
    try:
        asyncio.run(_apply(settings, workflows, yes=yes))
    except (NotDone, ValueError) as error:
        output.fail(str(error))


def _workflows(settings: Settings, book: QueueBook) -> dict[str, dict[str, Queue]]:
    """The queues that go to each workflow, by its id."""
    taken_to = destinations(settings.twilio_queues, settings.region, lambda queue: book.get(queue).twilio)
    found: dict[str, dict[str, Queue]] = {}
    for name in dict.fromkeys([*book.described, *settings.queues]):
        to = taken_to[name]
        if isinstance(to, Workflow):
            found.setdefault(to.sid, {})[name] = book.get(name)
    return found


def _print(workflows: Mapping[str, Mapping[str, Queue]]) -> None:
    for sid, queues in workflows.items():
        say(f"Workflow {sid}")
        for queue in task_queues(queues):
            say(f"  TaskQueue {queue.name}: {queue.workers}")
        typer.echo(as_text(configuration(queues, _DEFAULT if _DEFAULT in queues else next(iter(queues)), str)))


async def _apply(settings: Settings, workflows: Mapping[str, Mapping[str, Queue]], *, yes: bool) -> None:
    there = TaskRouter(settings)
    try:
        every = {name: queue for queues in workflows.values() for name, queue in queues.items()}
        # Workflows name TaskQueues by their ids: those have to be there first.
        done = await _agreed(there, await there.missing_queues(every), yes=yes)
        for sid, queues in workflows.items():
            wanted = await there.missing_workflow(sid, queues, _DEFAULT, settings.public_url + ASSIGNMENT)
            done += await _agreed(there, wanted, yes=yes)
    finally:
        await there.aclose()
    say(f"{done} changed at Twilio" if done else "Twilio has it as described")


async def _agreed(there: TaskRouter, changes: Sequence[Change], *, yes: bool) -> int:
    """Show the changes, ask, and make them; how many there were. Ends with exit code 1 after a no."""
    for change in changes:
        say(change.what)
        lines = difflib.unified_diff(change.before.splitlines(), change.after.splitlines(), lineterm="", n=2)
        for line in list(lines)[2:]:
            typer.echo(f"  {line}")
    if changes and not yes and not typer.confirm("Change this at Twilio?"):
        raise typer.Exit(output.NO)
    await there.apply(changes)
    return len(changes)
