"""Brings a conversation onto a line: keeps the time of what is played, and has made words of what was said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from router.core.events import SpeechLost
from router.speech.audiosocket.codec import BYTES_OF_FRAME, SECONDS_OF_FRAME, Ended, Event, Key, Named, Sound
from router.speech.listening.conversation import Answer, Conversation

_log = structlog.get_logger(__name__)

Hear = Callable[[bytes], Awaitable[Answer]]
"""Makes words of a caller's sound; never raises."""

_BEHIND: Final = 0.1
"""Seconds that we may be late with sound; what is later is not made up for."""
_MISSING: Final = 0.2
"""Seconds without any sound from the line after which silence takes its place: some telephones send none in pauses."""


class Playing(Protocol):
    """Where what the caller hears goes."""

    def play(self, samples: bytes) -> None:
        """Play 20 ms."""
        ...


class Talk:
    """One conversation, over one or several lines one after the other. ``sink`` takes what they bring. While speech may
    still go on, ``hear`` is asked only where it is ``idle``: others need the words now."""

    def __init__(self, conversation: Conversation, hear: Hear, idle: Callable[[], bool] = lambda: True) -> None:
        self.conversation = conversation
        self._hear = hear
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        self._job: tuple[int, asyncio.Task[Answer]] | None = None
        self._changed = asyncio.Event()
        self._line_ended = False
        self._last_sound = self._loop.time()

    def sink(self, event: Event) -> None:
        """Something came over the line."""
        match event:
            case Sound(samples):
                self._last_sound = self._loop.time()
                self._take_sound(samples)
            case Key(key):
                self.conversation.take_key(key)
            case Ended():
                self._line_ended = True
            case Named():
                pass
        self._follow()

    async def over(self, line: Playing, seconds: float, most: float) -> None:
        """Talk until there is an outcome, the line ends, or ``seconds`` have passed and nothing would be missed; after
        ``most`` seconds in any case."""
        self._line_ended = False
        self._changed.clear()
        started = due = self._last_sound = self._loop.time()
        while not self._over:
            now = self._loop.time()
            if now - started >= (seconds if self.conversation.quiet else most):
                return
            late = now - due > SECONDS_OF_FRAME
            due = max(due, now - _BEHIND) + SECONDS_OF_FRAME
            line.play(self.conversation.next_frame())
            if now - self._last_sound >= _MISSING and not late:
                self._take_sound(bytes(BYTES_OF_FRAME))
                self._follow()
            try:
                async with asyncio.timeout_at(due):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def aclose(self) -> None:
        """Nothing is to be made words of any more."""
        job, self._job = self._job, None
        if job is not None:
            job[1].cancel()
            await asyncio.gather(job[1], return_exceptions=True)

    def _take_sound(self, samples: bytes) -> None:
        try:
            self.conversation.take_sound(samples)
        except Exception as error:  # of the detector, say
            _log.error("listening_failed", error=type(error).__name__)
            self.conversation.fail()

    @property
    def _over(self) -> bool:
        return self._line_ended or self.conversation.outcome is not None

    def _follow(self) -> None:
        """Have made words of what the conversation wants, and of nothing else: one job at a time."""
        wanted = self.conversation.wanted
        if self._job is not None and (wanted is None or wanted.number != self._job[0]):
            self._job[1].cancel()
            self._job = None
        if wanted is not None and self._job is None and (self.conversation.certain or self._idle()):
            number = wanted.number
            task = self._loop.create_task(self._words(wanted.sound))
            self._job = (number, task)
            task.add_done_callback(lambda done: self._heard(number, done))
        if self._over:
            self._changed.set()

    async def _words(self, sound: bytes) -> Answer:
        try:
            return await self._hear(sound)
        except Exception as error:  # the caller goes on with keys; the text may hold what was said
            _log.error("hearing_failed", error=type(error).__name__)
            return SpeechLost()

    def _heard(self, number: int, task: asyncio.Task[Answer]) -> None:
        if task.cancelled() or self._job is None or self._job[0] != number:
            return
        self._job = None
        self.conversation.take_answer(number, task.result())
        self._follow()
