"""One worker as seen from the service: started, asked, ended. It is asked one thing at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from router.core.hearing import Listening
from router.speech.recognition.recogniser import RecognitionFailed
from router.speech.recognition.whisper import wire
from router.speech.recognition.whisper.decoding import Hearing

log = structlog.get_logger(__name__)

_Answer = TypeVar("_Answer")

LOADING_SECONDS = 60.0
"""A slow disk may take a while for a model; a process that has not loaded it then never will."""
_ENVIRONMENT = {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
"""Nothing in ours concerns the child, and secrets may be in it."""
_REAP_SECONDS = 5.0


class Worker:
    """A process that runs ``command`` and speaks as `wire` does."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process, None while there is none."""
        return self._process.pid if self._process else None

    async def start(self, seconds: float = LOADING_SECONDS) -> None:
        """Start the process and wait until its model is loaded. Raises `RecognitionFailed`; then nothing runs."""
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=nowhere, env=_ENVIRONMENT, start_new_session=True
            )
        except OSError as error:
            raise RecognitionFailed(f"a worker cannot be started: {error.strerror}") from None
        try:
            await self._within(seconds, self._answer())
        except RecognitionFailed:
            await self.end()
            raise

    async def hear(self, audio: bytes, language: str, listening: Listening, seconds: float) -> Hearing:
        """What was said, within ``seconds``. Raises `RecognitionFailed`; see `alive` for whether to go on with it."""
        return await self._within(seconds, self._ask(audio, language, listening))

    @property
    def alive(self) -> bool:
        """Whether it can be asked again."""
        return self._process is not None and self._process.returncode is None

    async def end(self) -> None:
        """End the process, whatever it does, and collect it."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        try:
            async with asyncio.timeout(_REAP_SECONDS):
                await process.communicate()
        except TimeoutError:
            log.warning("a worker's process is left", pid=process.pid)

    async def _within(self, seconds: float, asking: Awaitable[_Answer]) -> _Answer:
        """The answer; where there is none to be had from this process any more it is ended."""
        try:
            async with asyncio.timeout(seconds):
                return await asking
        except TimeoutError:
            reason = f"a worker gave no answer within {seconds:g} s"
        except (OSError, RuntimeError, asyncio.IncompleteReadError):  # RuntimeError: uvloop's word for a closed pipe
            reason = "a worker died"
        except wire.Garbled as error:
            reason = f"a worker sent {error}"
        except asyncio.CancelledError:
            await asyncio.shield(self.end())
            raise
        await self.end()
        raise RecognitionFailed(reason)

    async def _ask(self, audio: bytes, language: str, listening: Listening) -> Hearing:
        process = self._process
        if process is None or process.stdin is None:
            raise RecognitionFailed("a worker is gone")
        process.stdin.write(wire.packed(wire.job(language, listening), audio))
        await process.stdin.drain()
        return Hearing(*wire.answer_of(await self._answer()))

    async def _answer(self) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdout is None:
            raise RecognitionFailed("a worker is gone")
        header, audio = wire.lengths(await process.stdout.readexactly(wire.LENGTH.size))
        answer = wire.header_of((await process.stdout.readexactly(header + audio))[:header])
        if isinstance(reason := answer.get("failed"), str):
            raise RecognitionFailed(reason[:300])
        return answer
