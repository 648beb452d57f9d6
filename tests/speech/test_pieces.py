"""Long prompts in short pieces: nothing is lost, nothing is long, and cuts fall into silence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.speech.pieces import LONGEST, cut
from router.speech.wav import HEADER_SIZE, TELEPHONE_RATE, telephone_seconds, telephone_wav


def tone(seconds: float) -> bytes:
    times = np.arange(int(seconds * TELEPHONE_RATE)) / TELEPHONE_RATE
    return (12_000 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * int(seconds * TELEPHONE_RATE))


@given(st.floats(0.01, 40))
def test_put_together_the_pieces_are_the_prompt(seconds: float) -> None:
    wav = telephone_wav(tone(seconds) or b"\0\0")
    pieces = cut(wav)
    assert b"".join(piece[HEADER_SIZE:] for piece in pieces) == wav[HEADER_SIZE:]
    for piece in pieces:
        length = telephone_seconds(piece[:HEADER_SIZE], len(piece))
        assert length is not None
        assert length <= LONGEST


@pytest.mark.parametrize("pause_at", [2.0, 3.0, 4.0])
def test_a_prompt_is_cut_where_it_is_quiet(pause_at: float) -> None:
    wav = telephone_wav(tone(pause_at) + silence(0.3) + tone(3))
    first = cut(wav)[0]
    ends = telephone_seconds(first[:HEADER_SIZE], len(first))
    assert ends is not None
    assert pause_at <= ends <= pause_at + 0.3


def test_a_short_prompt_stays_whole() -> None:
    wav = telephone_wav(tone(LONGEST))
    assert cut(wav) == [wav]
