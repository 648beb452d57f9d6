"""``threadline queues``: the queues as they are described in what is released, and their file for Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from router import settings as settings_module
from router.agents.asterisk_queues import AsteriskQueues, write_whole
from router.agents.phones import asterisk_phones
from router.agents.queue_names import places
from router.app import not_made_yet, opened, prompt_store, releases_of, utc_now
from router.cli import output
from router.cli.output import say
from router.flow.files import Files, kept_files
from router.flow.load import read_folder
from router.flow.queues import Queue
from router.releases.flows import Flows
from router.releases.queue_book import QueueBook
from router.settings import Settings
from router.store.bus import Bus

app = typer.Typer(no_args_is_help=True)


@app.callback()
def every_command() -> None:
    """Queues as they are described, and as Asterisk is to have them."""


@app.command()
def show(json: Annotated[bool, typer.Option("--json", help="The queues as JSON.")] = False) -> None:
    """All queues: those described in the newest release of the flows, and those that only the settings name.

    Example: threadline queues show
    """
    settings = settings_module.load()
    book = asyncio.run(book_of(settings))
    if json:
        output.as_json([_as_json(name, book.described) for name in book.names])
        return
    for name in book.names:
        queue = book.described.get(name)
        say(f"{name}{'' if queue else ' (named by the settings, not described)'}")
        for line in _lines(name, queue or Queue()):
            say(f"  {line}")


@app.command()
def write(file: Annotated[Path, typer.Argument(help="Where Asterisk reads it; - prints it.")]) -> None:
    """Write the queues for Asterisk, and say how it gets to know of them. Nothing is told to Asterisk.

    Example: threadline queues write /etc/asterisk/threadline_queues.conf
    """
    settings = settings_module.load()
    text = asyncio.run(_text(settings))
    if str(file) == "-":
        typer.echo(text, nl=False)
        return
    try:
        changed = write_whole(file, text)
    except OSError as error:
        output.fail(f"{file}: {error.strerror or error}")
    say(f"{file} is written; now: asterisk -rx 'queue reload parameters'" if changed else f"{file} is up to date")


async def book_of(settings: Settings) -> QueueBook:
    """The queues of the newest release; where there is none yet, of the folder of flows."""
    files = read_folder(settings.flows) if not_made_yet(settings) else await _files_of(settings)
    return QueueBook(Flows(kept_files(files).flows, settings.service_numbers, settings.flow), settings.queues)


async def _files_of(settings: Settings) -> Files:
    async with opened(settings) as database:
        releases = releases_of(settings, database, Bus(), utc_now)
        number = await releases.newest_id()
        return await releases.files_of(number) if number else read_folder(settings.flows)


async def known_queues(settings: Settings, wanted: Iterable[str]) -> Sequence[str]:
    """The queues that there are. What is described is looked up where one that is ``wanted`` is not in the settings."""
    if set(wanted) <= set(settings.queues):
        return settings.queues
    return (await book_of(settings)).names


async def _text(settings: Settings) -> str:
    book = await book_of(settings)
    prompts = await prompt_store(settings)
    await prompts.open()
    try:

        async def speak(text: str, language: str, recording: str | None) -> Path:
            return (await prompts.ensure(text, language, recording)).path

        return await AsteriskQueues(book, asterisk_phones(settings), None, settings.asterisk_sounds, speak).text()
    finally:
        await prompts.aclose()


def _lines(name: str, queue: Queue) -> list[str]:
    lines = [f"waits at most {queue.timeout} s; rings {queue.ring} s ({queue.strategy}); priority {queue.priority}"]
    if queue.hours:
        lines.append(f"hours: {queue.hours}")
    if queue.skill_set:
        how_long = f"{queue.skills_for} s" if queue.skills_for else "to the end"
        lines.append(f"skills: {', '.join(queue.skill_set)}, {how_long}")
        lines.append(f"places on Asterisk: {', '.join(places(name, queue.skill_set))}")
    if queue.overflow:
        lines.append(f"overflows after {queue.overflow.after} s to {queue.overflow.queue}")
    lines += [f"rule: {rule.note or rule.when}" for rule in queue.rules]
    return lines


def _as_json(name: str, described: Mapping[str, Queue]) -> dict[str, Any]:
    queue = described.get(name, Queue())
    return {
        "name": name,
        "described": name in described,
        "places": list(places(name, queue.skill_set)),
        **queue.model_dump(mode="json"),
    }
