"""Cutting a long prompt into short ones at quiet places, so that no single command to Asterisk plays for long.

While Asterisk plays, it looks after the caller by a timeout that was set for the whole command. A key pressed early
leaves all the rest of that time; with short pieces the rest is short.
"""

from __future__ import annotations

import numpy as np

from router.speech.wav import HEADER_SIZE, TELEPHONE_RATE, telephone_wav

LONGEST = 4.5
"""Seconds of a piece."""
_SHORTEST = 1.5
_REST = 0.5
"""Seconds that are left at least for the last piece."""
_QUIET = 0.1
"""Seconds over which loudness is looked at: longer than the pause inside a plosive."""


def cut(wav: bytes) -> list[bytes]:
    """A telephone WAV as telephone WAVs of at most `LONGEST` seconds; put together they are the same samples."""
    samples = np.frombuffer(wav, "<i2", offset=HEADER_SIZE)
    pieces: list[bytes] = []
    while len(samples) > LONGEST * TELEPHONE_RATE:
        at = _quietest(samples)
        pieces.append(telephone_wav(samples[:at].tobytes()))
        samples = samples[at:]
    return [*pieces, telephone_wav(samples.tobytes())]


def _quietest(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> int:
    """The middle of the quietest moment at which the first piece may end."""
    first = int(_SHORTEST * TELEPHONE_RATE)
    last = int(min(LONGEST * TELEPHONE_RATE, len(samples) - _REST * TELEPHONE_RATE))
    width = int(_QUIET * TELEPHONE_RATE)
    loudness = np.abs(samples[first - width : last].astype(np.int32))
    sums = np.concatenate(([0], np.cumsum(loudness)))
    return first - width // 2 + int(np.argmin(sums[width:] - sums[:-width]))
