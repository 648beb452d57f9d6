"""A worker's process: ``python -m router.speech.recognition.whisper.worker FOLDER``. It loads the model once, and then
hears what comes in, one job after the other, until its input ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from router.speech.recognition.recogniser import RecognitionFailed
from router.speech.recognition.whisper import wire
from router.speech.recognition.whisper.decoding import Decoder
from router.speech.recognition.whisper.model import HASHES, checked

NICENESS = 5
"""Calls come first."""
INSTALLED = "--installed"
"""Option: the model is the one that we install, and is held to its hashes."""


def work(source: BinaryIO, sink: BinaryIO, folder: Path, *, installed: bool) -> None:
    """Say that the model is loaded, or why it is not, and answer each job."""

    def say(header: dict[str, object]) -> None:
        sink.write(wire.packed(header))
        sink.flush()

    try:
        checked(folder, HASHES if installed else None)
        decoder = Decoder(folder)
    except RecognitionFailed as failed:
        return say({"failed": str(failed)})
    except ImportError:
        return say({"failed": "ctranslate2 is not installed: run 'threadline speech install'"})
    except Exception as error:  # whatever the library raises of a model; its text may be long
        return say({"failed": f"the model cannot be loaded ({type(error).__name__})"})
    say({"ready": True})
    while (job := wire.read(source)) is not None:
        language, listening = wire.job_of(job[0])
        try:
            hearing = decoder.hear(job[1], language, listening)
        except ValueError as error:
            say({"failed": str(error)})
        else:
            say(wire.answer(hearing.readings, hearing.seconds))
    return None


def main() -> None:
    """Work on the pipes that the service has opened."""
    os.nice(NICENESS)
    # What a library prints must not get among the answers.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    folder, *options = sys.argv[1:]
    with suppress(BrokenPipeError):  # the service is gone
        work(sys.stdin.buffer, sink, Path(folder), installed=INSTALLED in options)


if __name__ == "__main__":
    main()
