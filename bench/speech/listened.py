"""Lets the house's own ear hear the recordings, several callers at one time, and keeps what it made of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from bench.speech.recordings import Recording
from router.core.events import SpeechHeard
from router.core.hearing import Expected, Listening, Reading
from router.speech.recognition.ear import Ear

CALLERS = 2
"""Who speak at one time."""


@dataclass(frozen=True, slots=True)
class Listened:
    """What the ear made of a recording: ``readings`` of ``recogniser`` and the ``seconds`` that it took; no readings
    where it heard nobody or gave no answer. ``plain`` is the text that it gives to whoever asks for words."""

    name: str
    readings: tuple[Reading, ...]
    plain: str
    recogniser: str
    seconds: float


_KEPT = TypeAdapter(list[Listened])


async def listen(ear: Ear, recordings: Sequence[Recording]) -> list[Listened]:
    """What ``ear`` makes of all recordings, `CALLERS` at one time, each as fast as the one before is answered."""
    left = list(reversed(recordings))
    made: list[Listened] = []

    async def caller() -> None:
        while left:
            recording = left.pop()
            begun = time.perf_counter()
            event = await ear.hear(recording.audio, recording.language, recording.listening)
            seconds = time.perf_counter() - begun
            readings = event.readings if isinstance(event, SpeechHeard) else ()
            text = await ear.hear(recording.audio, recording.language, Listening(Expected.WORDS))
            plain = text.text if isinstance(text, SpeechHeard) else ""
            made.append(Listened(recording.name, readings, plain, ear.name, seconds))

    await ear.hear(recordings[0].audio, recordings[0].language, recordings[0].listening)  # wakes the workers
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return made


def keep(file: Path, listened: Iterable[Listened]) -> None:
    """Write what was made of recordings to ``file``, so that matching can be measured again without hearing them."""
    file.write_bytes(_KEPT.dump_json(list(listened)))


def kept(file: Path) -> list[Listened]:
    """What `keep` wrote. Raises `OSError`, `ValueError`."""
    return _KEPT.validate_python(json.loads(file.read_bytes()))
