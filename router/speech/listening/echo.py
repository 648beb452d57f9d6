"""Whether what comes from a caller is our own prompt, sent back by the line or by a loudspeaker. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

ALIKE: Final = 0.3
"""From this likeness on it is an echo."""


def likeness(heard: bytes, played: bytes) -> float:
    """How alike ``heard`` is to the part of ``played`` that is most like it, 0 to 1, whatever their loudness. Both are
    16-bit samples at one rate; ``played`` begins as much before ``heard`` as an echo may be late."""
    voice = np.frombuffer(heard, "<i2").astype(np.float32)
    prompt = np.frombuffer(played, "<i2").astype(np.float32)
    if not len(voice) or len(prompt) < len(voice):
        return 0.0
    size = 1 << (len(prompt) + len(voice)).bit_length()
    spectrum = np.fft.rfft(prompt, size) * np.conj(np.fft.rfft(voice, size))
    together = np.fft.irfft(spectrum, size)[: len(prompt) - len(voice) + 1]
    squares = np.concatenate(([0.0], np.cumsum(prompt.astype(np.float64) ** 2)))
    energy = (squares[len(voice) :] - squares[: -len(voice)]) * float(np.dot(voice, voice))
    # What is quieter than a bit is nobody's echo.
    loud = energy > float(len(voice)) ** 2
    if not loud.any():
        return 0.0
    return float(np.max(np.abs(together[loud]) / np.sqrt(energy[loud])))
