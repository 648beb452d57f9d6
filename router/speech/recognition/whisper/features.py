"""Sound as Whisper takes it: the logarithm of the energy in bands of the mel scale, a hundred times a second.

As in OpenAI's Whisper (`whisper/audio.py`): 16 kHz, windows of 25 ms, and mel bands of equal area ("slaney").
"""

from __future__ import annotations

from functools import cache

import numpy as np
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from router.speech.recognition.recogniser import RATE

WHISPER_RATE = 16_000
WINDOW = 400
"""Samples that one column looks at."""
HOP = 160
"""Samples from one column to the next."""
_DECADES = 8.0
"""What is quieter than the loudest by more than this counts as that quiet; a unit is 10 dB."""

Samples = NDArray[np.float32]


def samples_of(audio: bytes) -> Samples:
    """Audio of a telephone (see `RATE`) at 16 kHz, full scale is 1."""
    whole = np.frombuffer(audio[: len(audio) // 2 * 2], "<i2").astype(np.float32) / 2**15
    resampled: Samples = soxr.resample(whole, RATE, WHISPER_RATE, quality="HQ")
    return resampled


def log_mel(samples: Samples, seconds: float, bands: int = 80) -> Samples:
    """The features of so many seconds, ``bands`` rows with a column each 10 ms: what is longer is cut off at the end,
    what is shorter is followed by silence."""
    length = int(seconds * WHISPER_RATE)
    exact = np.zeros(length, np.float32)
    exact[: len(samples)] = samples[:length]
    padded = np.pad(exact, WINDOW // 2, mode="reflect")
    # A periodic Hann window.
    shape = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:-1] * shape
    power = np.abs(np.fft.rfft(frames, axis=1)).astype(np.float32) ** 2
    energy = np.log10(np.maximum(mel_filters(bands) @ power.T, np.float32(1e-10)))
    energy = np.maximum(energy, energy.max() - np.float32(_DECADES))
    features: Samples = np.ascontiguousarray((energy + 4) / 4, np.float32)
    return features


@cache
def mel_filters(bands: int) -> Samples:
    """How much each frequency (rows of `WINDOW` // 2 + 1) counts in each band: triangles of equal area, evenly spaced
    on the mel scale from 0 to 8 kHz."""
    frequencies = np.fft.rfftfreq(WINDOW, 1 / WHISPER_RATE)
    edges = _hertz(np.linspace(0, _mel(WHISPER_RATE / 2), bands + 2))
    widths = np.diff(edges)
    distances = edges[:, None] - frequencies[None]
    rising = -distances[:-2] / widths[:-1, None]
    falling = distances[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    filters: Samples = (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
    return filters


_LINEAR = 200 / 3
"""Hertz a mel, below 1 kHz."""
_BREAK = 15.0
"""Mel of 1 kHz; above it the scale is logarithmic."""
_STEP = np.log(6.4) / 27


def _mel(hertz: float) -> float:
    return float(_BREAK + np.log(hertz / 1000) / _STEP) if hertz >= 1000 else hertz / _LINEAR


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel >= _BREAK, 1000 * np.exp(_STEP * (mel - _BREAK)), mel * _LINEAR)
