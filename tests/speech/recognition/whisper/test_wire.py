"""What worker and service say to each other: all that is said comes through, nothing else is taken for it."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.hearing import Expected, Listening, Reading
from router.speech.recognition.whisper import wire

LISTENINGS = st.builds(
    Listening,
    st.sampled_from(Expected),
    st.integers(1, 4),
    st.integers(4, 20),
    st.lists(st.text(max_size=9)).map(tuple),
)


@given(st.text(max_size=5), LISTENINGS, st.binary(max_size=50))
def test_a_job_comes_through(language: str, listening: Listening, audio: bytes) -> None:
    pipe = io.BytesIO(wire.packed(wire.job(language, listening), audio) + wire.packed({"next": 1}))
    message = wire.read(pipe)
    assert message is not None
    assert (wire.job_of(message[0]), message[1]) == ((language.encode(errors="replace").decode(), listening), audio)
    assert wire.read(pipe) == ({"next": 1}, b"")
    assert wire.read(pipe) is None


def test_an_answer_comes_through() -> None:
    readings = (Reading("vier", 0.5), Reading("viel", 0.25))
    header = json.loads(json.dumps(wire.answer(readings, {"mel": 0.01})))
    assert wire.answer_of(header) == (readings, {"mel": 0.01})


def test_a_message_cut_off_is_the_end() -> None:
    whole = wire.packed({"a": 1}, b"audio")
    assert all(wire.read(io.BytesIO(whole[:length])) is None for length in range(len(whole)))


@given(st.binary(max_size=40))
def test_anything_else_is_refused(noise: bytes) -> None:
    try:
        wire.read(io.BytesIO(noise))
    except wire.Garbled as error:
        assert str(error)


@pytest.mark.parametrize("header", [{}, {"readings": 1, "seconds": {}}, {"readings": [["a"]], "seconds": {}}])
def test_an_answer_that_is_none_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(wire.Garbled):
        wire.answer_of(header)
    with pytest.raises(wire.Garbled):
        wire.job_of(header)
