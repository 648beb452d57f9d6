"""``threadline hear``: what the recogniser makes of recordings, and which references fit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from router import settings as settings_module
from router.app import House, assembled
from router.calls.lookup import find_matches
from router.calls.question import as_json as match_as_json
from router.cli import output
from router.cli.output import say
from router.core.events import WITHHELD, Caller
from router.core.hearing import Expected, Heard, Listening, Reading
from router.core.match import Match
from router.core.phone import e164
from router.matching.live import LONGEST_SAID, SHORTEST_SAID
from router.matching.observed import Observed
from router.speech.recognition.examining import Examiner, audio_of, examiner
from router.speech.recognition.recogniser import RATE, RecognitionFailed
from router.speech.wav import WavUnreadable
from router.spoken.numbers import numbers
from router.store.cards import messages_by_id

_SHOWN = 5
"""Readings, numbers and candidates that a person is shown of each; JSON has all."""


@dataclass(frozen=True, slots=True)
class Heeded:
    """What became of one recording. ``problem`` says why nothing did; then the rest is empty."""

    file: str
    problem: str = ""
    audio_seconds: float = 0.0
    recogniser: str = ""
    readings: tuple[Reading, ...] = ()
    numbers: tuple[Reading, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    match: Match | None = None
    references: dict[str, str] = field(default_factory=dict)
    """Those of the messages that fit, by message id."""


def hear(
    files: Annotated[list[Path], typer.Argument(help="WAV files of any usual rate.", metavar="FILE...")],
    language: Annotated[str, typer.Option(help="What is spoken: de, en.")] = "de",
    expected: Annotated[Expected, typer.Option(help="What the answer is made of.")] = Expected.DIGITS,
    shortest: Annotated[int, typer.Option(min=1, max=20, help="Characters of the shortest number.")] = SHORTEST_SAID,
    longest: Annotated[int, typer.Option(min=1, max=20, help="Characters of the longest number.")] = LONGEST_SAID,
    caller: Annotated[str | None, typer.Option("--from", help="The caller's number, in any spelling.")] = None,
    json: Annotated[bool, typer.Option("--json", help="All of it as JSON.")] = False,
) -> None:
    """What the recogniser makes of recordings: readings, the numbers they may mean, which live references fit, and the
    time it took. Exit code 1 when something could not be heard.

    Example: threadline hear complaint.wav --language de --json
    """
    if shortest > longest:
        output.fail("--shortest: is above --longest", output.WRONG_USE)
    listening = Listening(expected, shortest, longest)
    try:
        loading, heard = asyncio.run(_all(files, language, listening, caller))
    except RecognitionFailed as failed:
        output.fail(str(failed))
    if json:
        output.as_json({"load_seconds": loading, "recordings": [_as_json(each) for each in heard]})
    else:
        for each in heard:
            _show(each)
    if any(each.problem for each in heard):
        raise typer.Exit(output.NO)


async def _all(
    files: list[Path], language: str, listening: Listening, number: str | None
) -> tuple[float, list[Heeded]]:
    settings = settings_module.load()
    who = WITHHELD
    if number is not None:
        if (known := e164(number, settings.region)) is None:
            output.fail(f"--from: '{number[:40]}' is not a telephone number in full", output.WRONG_USE)
        who = Caller(known)
    async with assembled(settings) as house, examiner(settings) as ready:
        await house.weights.refresh()
        when = house.clock()
        return ready.loading, [await _one(house, ready, each, language, listening, who, when) for each in files]


async def _one(
    house: House, ready: Examiner, file: Path, language: str, listening: Listening, who: Caller, when: datetime
) -> Heeded:
    try:
        audio = await asyncio.to_thread(audio_of, file)
        found = await ready.hear(audio, language, listening)
    except (WavUnreadable, RecognitionFailed) as error:
        return Heeded(str(file), f"cannot be heard: {error}")
    except OSError as error:
        return Heeded(str(file), f"cannot be read: {error.strerror or error}")
    meant = numbers(found.readings, language, listening)
    length = len(audio) / (2 * RATE)
    heeded = Heeded(str(file), "", length, ready.name, found.readings, meant, found.seconds)
    return heeded if not meant else await _matched(house, heeded, language, who, when)


async def _matched(house: House, heeded: Heeded, language: str, who: Caller, when: datetime) -> Heeded:
    observed = Observed(who, language=language, heard=(Heard(heeded.numbers, heeded.recogniser, language),))
    leased = house.registrar.rules.pools.every_number
    async with house.database.read() as connection:
        match = await find_matches(connection, observed, when, house.keys, house.weights.now, pool_numbers=leased)
        messages = await messages_by_id(connection, {each.message_id for each in match.candidates})
    references = {message_id: row.reference or "" for message_id, row in messages.items()}
    return replace(heeded, match=match, references=references)


def _as_json(heeded: Heeded) -> dict[str, Any]:
    if heeded.problem:
        return {"file": heeded.file, "problem": heeded.problem}
    match = heeded.match
    return {
        "file": heeded.file,
        "audio_seconds": heeded.audio_seconds,
        "recogniser": heeded.recogniser,
        "readings": heeded.readings,
        "numbers": heeded.numbers,
        "understood": match and match.understood,
        "references": heeded.references,
        "match": match and match_as_json(match),
        "seconds": heeded.seconds,
    }


def _show(heeded: Heeded) -> None:
    say(heeded.file)
    if heeded.problem:
        return say(f"  {heeded.problem}")
    took = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in heeded.seconds.items())
    say(f"  {heeded.audio_seconds:.1f} s of sound, heard by {heeded.recogniser}; {took}")
    if not heeded.readings:
        return say("  nobody speaks")
    for name, readings in (("readings", heeded.readings), ("numbers", heeded.numbers)):
        say(f"  {name}:" if readings else f"  no {name}")
        for each in readings[:_SHOWN]:
            say(f"    {each.weight:5.1%}  {each.text}")
    if (match := heeded.match) is None:
        return None
    for candidate in match.candidates[:_SHOWN]:
        reference, title = heeded.references.get(candidate.message_id, ""), candidate.offer_title or ""
        say(f"  fits: {candidate.probability:5.1%}  {candidate.message_id}  {reference}  {title}".rstrip())
    if (understood := match.understood) is not None:
        part = f" ({understood.part.end} {understood.part.characters})" if understood.part else ""
        say(f"  next: {understood.verdict.value}{part} {understood.number}".rstrip())
    return None
