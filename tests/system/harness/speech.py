"""What callers say, as sound for a telephone: Asterisk's own English recordings (a human voice), noise and music.

Samples are 16-bit values at 8,000 Hz. `alaw` makes of them what `Media.play` sends.
"""

from __future__ import annotations

import math
import shutil
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.system.harness.asterisk import Asterisk
from tests.system.harness.media import ALAW_VALUES

RATE = 8000
PAUSE = 0.1
"""Seconds between two words."""
_LONG_PAUSE = 0.35
_QUIET = 150  # of 16-bit samples: what surrounds a recorded word
_AROUND = 0.04  # seconds of it that are kept
_MUSIC = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (164.8, 207.7, 246.9))

Samples = NDArray[np.float64]


class Voice:
    """Says words that Asterisk has recordings of. `says("6 oh 3, 40 a")`: digits, tens, letters; a comma is a pause."""

    def __init__(self, asterisk: Asterisk) -> None:
        first = next(asterisk.chroot.glob("usr/share/asterisk/sounds/*/digits/1.gsm"))
        self._sounds = first.parent.parent
        self._asterisk = asterisk
        self._made = asterisk.directory / "voice"
        self._made.mkdir(exist_ok=True)
        self._words: dict[str, Samples] = {}
        asterisk.cli("module load res_convert.so")

    def says(self, words: str, pause: float = PAUSE) -> Samples:
        """``pause`` seconds between two words, and a longer one at a comma."""
        groups = [[self._word(word) for word in group.split()] for group in words.split(",")]
        return _joined([_joined(group, pause) for group in groups], _LONG_PAUSE)

    def digits(self, number: str, pause: float = PAUSE) -> Samples:
        """A number digit by digit, in groups of three as people read it."""
        groups = [" ".join(number[at : at + 3]) for at in range(0, len(number), 3)]
        return self.says(", ".join(groups), pause)

    def _word(self, word: str) -> Samples:
        if word not in self._words:
            places = ["digits", "letters", "."] if word != "no" else []
            files = [self._sounds / place / f"{word}.gsm" for place in places] + [self._sounds / f"vm-{word}.gsm"]
            self._words[word] = _trimmed(self._converted(next(file for file in files if file.exists())))
        return self._words[word]

    def _converted(self, file: Path) -> Samples:
        """Asterisk itself reads its recordings, in a directory of this run's own."""
        copy = self._made / file.name
        shutil.copy(file, copy)
        inside = "/" / self._made.relative_to(self._asterisk.chroot)
        made = copy.with_suffix(".sln")
        said = self._asterisk.cli(f"file convert {inside / copy.name} {inside / made.name}")
        if not made.exists():
            raise RuntimeError(f"Asterisk did not convert {file.name}: {said}")
        return np.frombuffer(made.read_bytes(), "<i2").astype(np.float64)


def _joined(parts: list[Samples], pause: float) -> Samples:
    between = [each for part in parts for each in (silence(pause), part)]
    return np.concatenate(between[1:])


def _trimmed(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > _QUIET)
    around = round(_AROUND * RATE)
    return samples[max(0, loud[0] - around) : loud[-1] + around]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE))


def noise(seconds: float, level: float, seed: int) -> Samples:
    """As of a car or a street, more of it low than high; ``level`` is its root mean square."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    spectrum = np.fft.rfft(white)
    hertz = np.fft.rfftfreq(len(white), 1 / RATE)
    spectrum[1:] /= np.sqrt(np.maximum(hertz[1:], 100.0))
    spectrum[hertz < 100.0] = 0
    coloured = np.fft.irfft(spectrum, len(white))
    return coloured * (level / _level(coloured))


def noisy(samples: Samples, decibels: float, seed: int, around: float = 0.0) -> Samples:
    """Speech with noise so many decibels below it, which begins and ends ``around`` seconds before and after."""
    quiet = silence(around)
    speech = np.concatenate([quiet, samples, quiet])
    loud = samples[np.abs(samples) > _QUIET]
    return speech + noise(len(speech) / RATE, _level(loud) / 10 ** (decibels / 20), seed)


def music(seconds: float, level: float = 3000.0) -> Samples:
    """Chords, half a second each, struck and fading."""
    at = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros(len(at))
    for number in range(math.ceil(seconds * 2)):
        here = (at >= number / 2) & (at < (number + 1) / 2)
        since = at[here] - number / 2
        for base in _MUSIC[number % len(_MUSIC)]:
            for harmonic in (1, 2, 3):
                sound[here] += np.sin(2 * np.pi * base * harmonic * since) / harmonic * np.exp(-3 * since)
    return sound * (level / _level(sound))


def _level(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def alaw(samples: Samples) -> bytes:
    """Each sample as the nearest of A-law's 256."""
    values, codes = _nearest()
    places = np.searchsorted((values[1:] + values[:-1]) / 2, samples)
    return bytes(codes[places])


@cache
def _nearest() -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    order = np.argsort(ALAW_VALUES)
    return ALAW_VALUES[order], order.astype(np.uint8)
