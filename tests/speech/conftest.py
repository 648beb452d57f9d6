"""A synthesiser without a program behind it, and sound made of plain tones."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from router.speech.failures import SynthesisFailed
from router.speech.prompts import PromptStore
from router.speech.wav import telephone_wav


def tone(seconds: float, *, hertz: float = 440.0, rate: int = 8000, loudness: float = 0.5) -> bytes:
    """16-bit samples of a sine."""
    return b"".join(
        struct.pack("<h", round(32767 * loudness * math.sin(2 * math.pi * hertz * n / rate)))
        for n in range(int(seconds * rate))
    )


class Tones:
    """Answers every text with a tone a tenth of a second long per word, and remembers what it was asked."""

    def __init__(self, key: str = "tones 1") -> None:
        self.key = key
        self.asked: list[tuple[str, str]] = []
        self.begun = asyncio.Event()
        self.hold: asyncio.Event | None = None
        self.failure: str | None = None

    async def synthesise(self, text: str, language: str) -> bytes:
        self.asked.append((text, language))
        self.begun.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.failure is not None:
            raise SynthesisFailed(self.failure)
        return telephone_wav(tone(0.1 * len(text.split())))


@pytest.fixture
def make_tone() -> Callable[..., bytes]:
    return tone


@pytest.fixture
def tones() -> Tones:
    return Tones()


@pytest.fixture
async def store(tmp_path: Path, tones: Tones) -> AsyncIterator[PromptStore]:
    prompts = PromptStore(tmp_path / "prompts", tmp_path / "recordings", tones)
    await prompts.open()
    yield prompts
    await prompts.aclose()
