"""The one ear of the house: a recogniser with everything about it bounded, so that no caller waits for it for long."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import Protocol, runtime_checkable

import structlog

from router.core.events import InputTimedOut, SpeechHeard, SpeechLost
from router.core.hearing import Listening, Reading
from router.speech.recognition.recogniser import RATE, Recogniser, RecognitionFailed
from router.traces import span

log = structlog.get_logger(__name__)

HEARD, NOTHING, LOST = "heard", "nothing", "lost"
"""How a hearing can end."""
MOST_READINGS = 24
LONGEST_TEXT = 500
"""Characters of a reading; the rest is left out."""


@runtime_checkable
class Prepared(Protocol):
    """A recogniser that takes a while before it can hear, and can do so beforehand."""

    async def prepare(self) -> None:
        """Get ready. Raises `RecognitionFailed`."""
        ...


def _unwatched(_result: str, _seconds: float) -> None:
    """Nobody counts hearings."""


class Ear:
    """Hears at most ``at_once`` callers at one time while at most ``waiting`` more wait for their turn, and gives each
    an answer within ``seconds``, waiting included."""

    def __init__(self, recogniser: Recogniser, *, at_once: int, waiting: int, seconds: float) -> None:
        self._recogniser = recogniser
        self._turn = asyncio.Semaphore(at_once)
        self._at_once = at_once
        self._most = at_once + waiting
        self._seconds = seconds
        self._under_way = 0
        self.on_hearing: Callable[[str, float], None] = _unwatched
        """Told of each hearing how it ended (`HEARD`, `NOTHING`, `LOST`) and the seconds that it took."""
        self.keep: Callable[[bytes], Awaitable[str | None]] | None = None
        """Keeps the audio of which words were made, where that is wanted (`Listening.keep`); the recording's name."""

    @property
    def name(self) -> str:
        """Whose errors to expect."""
        return self._recogniser.name

    def under_way(self) -> int:
        """Callers who wait for words just now."""
        return self._under_way

    @property
    def idle(self) -> bool:
        """Whether somebody would be heard at once, without waiting for a turn."""
        return self._under_way < self._at_once

    async def prepare(self) -> None:
        """Let the recogniser get ready, so that the first caller need not wait for it; what is wrong is logged."""
        if isinstance(self._recogniser, Prepared):
            try:
                await self._recogniser.prepare()
            except RecognitionFailed as failed:
                log.warning("the recogniser is not ready", recogniser=self.name, reason=str(failed))

    async def hear(self, audio: bytes, language: str, listening: Listening) -> SpeechHeard | SpeechLost | InputTimedOut:
        """What was said in ``audio`` (see `RATE`), `InputTimedOut` where nobody speaks, `SpeechLost` where no words
        come in time."""
        begun = time.monotonic()
        with span("hearing", threadline__recogniser=self.name):
            result, reason, event = await self._heard(audio, language, listening)
        seconds = time.monotonic() - begun
        if reason:
            figures = {"audio_seconds": round(len(audio) / (2 * RATE), 1), "seconds": round(seconds, 2)}
            log.warning("speech lost", recogniser=self.name, reason=reason, under_way=self._under_way, **figures)
        self.on_hearing(result, seconds)
        if listening.keep and self.keep is not None and isinstance(event, SpeechHeard):
            return replace(event, recording=await self.keep(audio))
        return event

    async def _heard(
        self, audio: bytes, language: str, listening: Listening
    ) -> tuple[str, str, SpeechHeard | SpeechLost | InputTimedOut]:
        if self._under_way >= self._most:
            return LOST, "too many speak at once", SpeechLost()
        self._under_way += 1
        try:
            async with asyncio.timeout(self._seconds), self._turn:
                readings = await self._recogniser.hear(audio, language, listening)
        except TimeoutError:
            return LOST, "no words in time", SpeechLost()
        except RecognitionFailed as failed:
            return LOST, str(failed), SpeechLost()
        except Exception as error:  # whatever a library raises, the call goes on; its text may hold what was said
            return LOST, f"the recogniser failed ({type(error).__name__})", SpeechLost()
        finally:
            self._under_way -= 1
        if not readings:
            return NOTHING, "", InputTimedOut()
        usable = tuple(_usable(readings))
        if not usable:
            return LOST, "no reading can be used", SpeechLost()
        return HEARD, "", SpeechHeard(usable[0].text, usable, self.name)

    async def aclose(self) -> None:
        """End the recogniser and all that it has started."""
        await self._recogniser.aclose()


def _usable(readings: Iterable[Reading]) -> Iterable[Reading]:
    """The readings without what no recogniser should say: what cannot be printed, texts without an end, weights that
    are none."""
    for each in islice(readings, MOST_READINGS):
        printed = "".join(character if character.isprintable() else " " for character in each.text[:LONGEST_TEXT])
        text = " ".join(printed.split())
        if text and math.isfinite(each.weight) and each.weight > 0.0:
            yield Reading(text, min(each.weight, 1.0))
