"""The codec against what Asterisk sends, in any pieces, and against what it never would."""

from __future__ import annotations

import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.speech.audiosocket.codec import (
    TERMINATE,
    Connection,
    Ended,
    Event,
    Key,
    Limits,
    Named,
    NotAudioSocket,
    Sound,
    sound,
)

ID = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
NAMED = b"\x01\x00\x10" + ID.bytes


def frame(kind: int, payload: bytes = b"") -> bytes:
    return struct.pack("!BH", kind, len(payload)) + payload


def events(data: bytes, limits: Limits | None = None) -> list[Event]:
    return list(Connection(limits or Limits()).receive(data))


def test_a_call_as_asterisk_sends_it() -> None:
    samples = bytes(range(256)) + bytes(64)
    assert events(NAMED + frame(0x10, samples) + frame(3, b"5") + frame(3, b"#") + frame(0)) == [
        Named(ID),
        Sound(samples),
        Key("5"),
        Key("#"),
        Ended(),
    ]


def test_what_we_send_is_what_asterisk_reads() -> None:
    assert sound(b"\1\0\2\0") == b"\x10\x00\x04\1\0\2\0"
    assert TERMINATE == b"\0\0\0"


@given(st.lists(st.one_of(st.binary(max_size=500).map(lambda b: (0x10, b[: len(b) // 2 * 2])),
                          st.sampled_from("0123456789*#").map(lambda key: (3, key.encode())),
                          st.binary(max_size=40).map(lambda b: (0x55, b))), max_size=12),
       st.data())  # fmt: skip
def test_pieces_do_not_matter(frames: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = NAMED + b"".join(frame(kind, payload) for kind, payload in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    wire, found = Connection(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += list(wire.receive(stream[start:end]))
    assert found == events(stream)
    assert [event for event in found if isinstance(event, Sound)] == [
        Sound(payload) for kind, payload in frames if kind == 0x10 and payload
    ]


@given(st.binary(max_size=2000), st.booleans())
def test_whatever_comes_is_an_event_or_refused(data: bytes, named: bool) -> None:
    wire = Connection()
    try:
        found = list(wire.receive(NAMED + data if named else data))
    except NotAudioSocket:
        found = []
        assert list(wire.receive(NAMED)) == [], "nothing more comes of a connection that was refused"
    assert all(isinstance(event, Named | Sound | Key | Ended) for event in found)
    assert len(wire._buffer) <= 3 + Limits().payload


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GET / HTTP/1.1\r\n", "no UUID"),
        (frame(0x10, bytes(320)), "no UUID"),
        (frame(0), "no UUID"),
        (b"\x01\x00\x0f", "no UUID"),
        (b"\x01\xff\xff", "no UUID"),
        (NAMED + NAMED, "a second UUID"),
        (NAMED + b"\x10\xff\xff", "65535 bytes"),
        (NAMED + frame(0x10, bytes(3)), "half a sample"),
        (NAMED + frame(3, b"12"), "a key of 2 bytes"),
        (NAMED + frame(3), "a key of 0 bytes"),
        (NAMED + frame(0x77) * 65, "unknown kinds"),
    ],
)
def test_what_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(NotAudioSocket, match=why):
        events(data)


def test_what_came_before_a_mistake_counts() -> None:
    wire, found = Connection(), []
    with pytest.raises(NotAudioSocket):
        for event in wire.receive(NAMED + frame(3, b"7") + frame(3, b"77")):
            found.append(event)
    assert found == [Named(ID), Key("7")]


def test_odd_keys_and_errors() -> None:
    assert events(NAMED + frame(3, b"A") + frame(0xFF, b"\4") + frame(3, b"1")) == [
        Named(ID),
        Key(""),
        Ended(error=True),
    ]


def test_nothing_follows_the_end() -> None:
    assert events(NAMED + TERMINATE + frame(3, b"1")) == [Named(ID), Ended()]
