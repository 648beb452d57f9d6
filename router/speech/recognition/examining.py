"""What a recogniser makes of a recording, with what each stage takes: for `threadline hear` and for measuring."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from router.core.hearing import Listening
from router.settings import Settings
from router.speech.conversion import to_telephone
from router.speech.recognition.choice import chosen, recogniser_of
from router.speech.recognition.recogniser import RATE, Recogniser, RecognitionFailed
from router.speech.recognition.whisper.decoding import Hearing
from router.speech.recognition.whisper.recogniser import Whisper
from router.speech.wav import HEADER_SIZE, WavUnreadable, read_wav

LONGEST = 60
"""Seconds of a recording that are listened to, the last ones."""
_MOST_BYTES = 200 * 2**20


class Examiner:
    """A recogniser, ready. ``loading`` are the seconds that getting it ready took."""

    def __init__(self, recogniser: Recogniser, seconds: float, loading: float) -> None:
        self.name = recogniser.name
        self.loading = loading
        self._recogniser = recogniser
        self._seconds = seconds

    async def hear(self, audio: bytes, language: str, listening: Listening) -> Hearing:
        """The readings; ``seconds`` has at least ``all``. Raises `RecognitionFailed`, also where it takes longer than
        callers would be let wait."""
        begun = time.monotonic()
        stages: dict[str, float] = {}
        try:
            async with asyncio.timeout(self._seconds):
                if isinstance(self._recogniser, Whisper):
                    hearing = await self._recogniser.examine(audio, language, listening)
                    readings, stages = hearing.readings, hearing.seconds
                else:
                    readings = await self._recogniser.hear(audio, language, listening)
        except TimeoutError:
            raise RecognitionFailed(f"no words within {self._seconds:g} s") from None
        return Hearing(readings, stages | {"all": round(time.monotonic() - begun, 4)})


@asynccontextmanager
async def examiner(settings: Settings) -> AsyncIterator[Examiner]:
    """The recogniser of the settings. Raises `SettingsRefused` and `RecognitionFailed`."""
    if chosen(settings) is None:
        raise RecognitionFailed("there is no recogniser: run 'threadline speech install' (docs/speech.md)")
    recogniser = recogniser_of(settings)
    try:
        begun = time.monotonic()
        if isinstance(recogniser, Whisper):
            await recogniser.prepare()
        yield Examiner(recogniser, settings.recognition_seconds, round(time.monotonic() - begun, 4))
    finally:
        await recogniser.aclose()


def audio_of(path: Path) -> bytes:
    """The sound of a WAV file as a telephone carries it (`RATE`), of a long one the end. Raises `WavUnreadable` and
    `OSError`."""
    if path.stat().st_size > _MOST_BYTES:
        raise WavUnreadable(f"it is larger than {_MOST_BYTES // 2**20} MB")
    audio = to_telephone(read_wav(path.read_bytes()))[HEADER_SIZE:]
    return audio[-LONGEST * RATE * 2 :]
