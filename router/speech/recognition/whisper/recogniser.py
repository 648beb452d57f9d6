"""Whisper as a recogniser: jobs given to workers, of which a dead or hanging one is replaced."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from router.core.hearing import Listening, Reading
from router.speech.recognition.recogniser import RecognitionFailed
from router.speech.recognition.whisper.decoding import Hearing
from router.speech.recognition.whisper.process import Worker
from router.speech.recognition.whisper.worker import INSTALLED

log = structlog.get_logger(__name__)

_Result = TypeVar("_Result")

MOST_WORKERS = 4
"""Where the settings do not say how many: each takes about 250 MB of memory, and hears about two callers a second."""
PAUSE_SECONDS = 10.0
"""After a worker that could not be started, until the next is tried."""


def default_workers() -> int:
    """One for each core that we may use, up to `MOST_WORKERS`."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST_WORKERS)


def command_of(folder: Path, *, installed: bool) -> tuple[str, ...]:
    """What runs a worker; ``installed``: the model is the one that we install."""
    module = "router.speech.recognition.whisper.worker"
    return (sys.executable, "-P", "-m", module, str(folder.resolve()), *((INSTALLED,) if installed else ()))


@dataclass(slots=True)
class _Place:
    """A place for one worker, and the worker there is."""

    worker: Worker | None = None


class Whisper:
    """Hears with ``workers`` processes that run ``command``; they are started when there is something to hear, or by
    `prepare`. One that takes longer than ``seconds`` for what it hears is ended.

    ``now`` gives seconds that never go back.
    """

    name = "whisper"

    def __init__(
        self,
        command: Sequence[str],
        *,
        workers: int,
        seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = command
        self._seconds = seconds
        self._now = now
        self._places = [_Place() for _ in range(workers)]
        # The last one used comes first: with few callers few workers are started.
        self._free: asyncio.LifoQueue[_Place] = asyncio.LifoQueue()
        for place in self._places:
            self._free.put_nowait(place)
        self._jobs: set[asyncio.Task[Any]] = set()
        self._failure, self._again_at = "", float("-inf")
        self._closed = False

    @property
    def workers(self) -> int:
        """How many can be heard at one time."""
        return len(self._places)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes there are."""
        return tuple(
            place.worker.pid for place in self._places if place.worker and place.worker.alive and place.worker.pid
        )

    async def prepare(self) -> None:
        """Start all workers that are not busy. Raises `RecognitionFailed` where one cannot be."""
        places = [self._free.get_nowait() for _ in range(self._free.qsize())]
        jobs = [self._begin(place, self._start(place)) for place in places]
        await asyncio.gather(*(asyncio.shield(job) for job in jobs))
        log.info("what callers say is listened to", recogniser=self.name, workers=len(self.pids))

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        """As `Recogniser.hear`."""
        return (await self.examine(audio, language, listening)).readings

    async def examine(self, audio: bytes, language: str, listening: Listening) -> Hearing:
        """The readings, and what each stage took. Nothing is decoded for who gave up while waiting for a worker;
        decoding that has begun cannot be broken off, and its result is dropped. Raises `RecognitionFailed`."""
        place = await self._free.get()
        return await asyncio.shield(self._begin(place, self._hear(place, audio, language, listening)))

    async def aclose(self) -> None:
        """End all workers, whatever they do."""
        self._closed = True
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await asyncio.gather(*(place.worker.end() for place in self._places if place.worker))

    async def _hear(self, place: _Place, audio: bytes, language: str, listening: Listening) -> Hearing:
        worker = await self._start(place)
        return await worker.hear(audio, language, listening, self._seconds)

    async def _start(self, place: _Place) -> Worker:
        """The worker of a place, started where there is none."""
        if self._closed:
            raise RecognitionFailed("the recogniser has been closed")
        if place.worker is not None and not place.worker.alive:
            log.warning("a worker had died, and is replaced", recogniser=self.name)
            place.worker = None
        if place.worker is None:
            if self._now() < self._again_at:
                raise RecognitionFailed(self._failure)
            worker = Worker(self._command)
            try:
                await worker.start()
            except RecognitionFailed as failed:
                self._failure, self._again_at = str(failed), self._now() + PAUSE_SECONDS
                raise
            place.worker = worker
        return place.worker

    def _begin(self, place: _Place, job: Coroutine[Any, Any, _Result]) -> asyncio.Task[_Result]:
        """Do a job that takes up a place until it is done, also where nobody waits for it any more."""
        task = asyncio.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(partial(self._done, place))
        return task

    def _done(self, place: _Place, task: asyncio.Task[Any]) -> None:
        self._jobs.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever waits; where nobody does, it is of no interest
        lost = place.worker is not None and not place.worker.alive
        if lost:
            place.worker = None
        if lost and not self._closed:
            log.warning("a worker is replaced", recogniser=self.name)
            self._begin(place, self._start(place))  # before the next caller needs it
        else:
            self._free.put_nowait(place)
