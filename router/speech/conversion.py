"""Turning sound of any sampling rate into what a telephone plays (telephone WAV, see `wav`)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from router.speech.wav import A_LAW, MU_LAW, PCM, TELEPHONE_RATE, Wav, WavUnreadable, telephone_wav

_RATES = range(4_000, 192_001)
_MOST_CHANNELS = 8
_PEAK = 10 ** (-3 / 20)
"""Loudest sample after conversion: 3 dB below full scale, so neither resampling nor A-law clips."""
_SILENCE = 10 ** (-50 / 20)
"""What is quieter than this, relative to full scale, counts as silence."""
_LEAD_SECONDS = 0.05
"""Silence kept in front: the first packets of a stream are the ones a phone loses."""
_TAIL_SECONDS = 0.12

Samples = NDArray[np.float32]


def to_telephone(wav: Wav, *, trim: bool = False) -> bytes:
    """Convert A-law, µ-law, or integer PCM of 8 to 32 bits, any usual rate, up to 8 channels, to a telephone WAV.

    Channels are averaged; sound louder than -3 dBFS is made quieter, never louder. With `trim`, silence is shortened to
    50 ms in front and 120 ms at the end. Raises `WavUnreadable` when the format is none of those or nothing is left.
    """
    samples = _mono(wav)
    if wav.rate != TELEPHONE_RATE:
        samples = soxr.resample(samples, wav.rate, TELEPHONE_RATE, quality="HQ")
    if trim:
        samples = _trimmed(samples)
    if not len(samples):
        raise WavUnreadable("it contains no sound")
    peak = float(np.abs(samples).max())
    if peak > _PEAK:
        samples = samples * np.float32(_PEAK / peak)
    return telephone_wav(np.rint(samples * 32767).astype("<i2").tobytes())


def _mono(wav: Wav) -> Samples:
    if wav.encoding not in (PCM, A_LAW, MU_LAW):
        raise WavUnreadable(f"its sound is {wav.encoding_name}, not PCM")
    if wav.rate not in _RATES or not 0 < wav.channels <= _MOST_CHANNELS:
        raise WavUnreadable(f"{wav.rate} Hz with {wav.channels} channels is not supported")
    mono: Samples = _flat(wav).reshape(-1, wav.channels).mean(axis=1, dtype=np.float32)
    return mono


def _flat(wav: Wav) -> Samples:
    """All samples, full scale is 1."""
    if wav.encoding != PCM and wav.bits != 8:
        raise WavUnreadable(f"{wav.bits} bits a sample of {wav.encoding_name} are not supported")
    flat: NDArray[Any]
    match wav.bits:
        case 8 if wav.encoding != PCM:
            flat = _expanded(wav.encoding)[np.frombuffer(wav.data, "u1")]
        case 8:
            flat = (np.frombuffer(wav.data, "u1").astype(np.float32) - 128) / 128
        case 16:
            flat = np.frombuffer(wav.data, "<i2").astype(np.float32) / 2**15
        case 24:
            # Three bytes a sample: put them in the upper three of four and let the sign come along.
            wide = np.zeros((len(wav.data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(wav.data, "u1").reshape(-1, 3)
            flat = wide.view("<i4").reshape(-1).astype(np.float32) / 2**31
        case 32:
            flat = np.frombuffer(wav.data, "<i4").astype(np.float32) / 2**31
        case _:
            raise WavUnreadable(f"{wav.bits} bits a sample are not supported")
    return flat.astype(np.float32, copy=False)


@cache
def _expanded(encoding: int) -> Samples:
    """The sample for each byte of A-law or µ-law (ITU-T G.711), full scale is 1."""
    byte = np.arange(256)
    # Both send bits inverted; then: a sign, three bits of the segment, four bits within it.
    byte = byte ^ (0x55 if encoding == A_LAW else 0xFF)
    segment, step = byte >> 4 & 7, byte & 15
    if encoding == A_LAW:
        size = np.where(segment == 0, (step << 4) + 8, ((step << 4) + 0x108) << np.maximum(segment - 1, 0))
        sign = np.where(byte & 0x80, 1, -1)
    else:
        size = (((step << 3) + 0x84) << segment) - 0x84
        sign = np.where(byte & 0x80, -1, 1)
    return (sign * size / 2**15).astype(np.float32)


def _trimmed(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > _SILENCE)
    if not len(loud):
        return samples[:0]
    lead, tail = int(_LEAD_SECONDS * TELEPHONE_RATE), int(_TAIL_SECONDS * TELEPHONE_RATE)
    speech = samples[loud[0] : loud[-1] + 1]
    # Padding with zeros where the original has less silence than we keep, so that every prompt begins alike.
    return np.concatenate([np.zeros(lead, np.float32), speech, np.zeros(tail, np.float32)])
