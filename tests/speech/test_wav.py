"""Reading other people's WAV files and writing our own."""

from __future__ import annotations

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.speech.wav import WavUnreadable, read_wav, telephone_seconds, telephone_wav


@given(st.binary(min_size=2, max_size=4000).map(lambda raw: raw[: len(raw) // 2 * 2]))
def test_what_we_write_is_read_alike_by_python(samples: bytes) -> None:
    with wave.open(io.BytesIO(telephone_wav(samples))) as theirs:
        assert (theirs.getnchannels(), theirs.getsampwidth(), theirs.getframerate()) == (1, 2, 8000)
        assert theirs.readframes(theirs.getnframes()) == samples
    ours = read_wav(telephone_wav(samples))
    assert ours.is_telephone
    assert bytes(ours.data) == samples


@given(
    channels=st.integers(1, 4),
    width=st.sampled_from([1, 2, 3, 4]),
    rate=st.sampled_from([8000, 22050, 44100, 48000]),
    frames=st.integers(0, 50),
)
def test_what_python_writes_is_read_alike_by_us(channels: int, width: int, rate: int, frames: int) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as theirs:
        theirs.setnchannels(channels)
        theirs.setsampwidth(width)
        theirs.setframerate(rate)
        theirs.writeframes(bytes(range(channels * width)) * frames)
    ours = read_wav(file.getvalue())
    assert (ours.channels, ours.bits, ours.rate, ours.frames) == (channels, width * 8, rate, frames)


def test_chunks_around_the_sound_and_the_extensible_header_are_read() -> None:
    form = struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 16000, 2, 16) + struct.pack("<HHI", 22, 16, 4)
    form += struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    body = b"WAVE" + b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"fmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", 4) + b"\x01\x00\x02\x00" + b"id3 " + struct.pack("<I", 2) + b"xx"
    wav = read_wav(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert wav.is_telephone
    assert bytes(wav.data) == b"\x01\x00\x02\x00"


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: telephone_wav(b"ab" * 9)[:30] + tail))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read_wav(content, streamed=True)
    except WavUnreadable as error:
        assert str(error)


def test_a_file_cut_off_is_refused_unless_it_was_streamed() -> None:
    cut = telephone_wav(b"abcdef")[:-3]
    with pytest.raises(WavUnreadable, match="6 bytes of sound announced, 3 there"):
        read_wav(cut)
    assert bytes(read_wav(cut, streamed=True).data) == b"ab"


def test_a_format_that_contradicts_itself_is_refused() -> None:
    for at, value in ((22, 0), (24, 0), (32, 3), (34, 12)):
        broken = bytearray(telephone_wav(b"abcd"))
        struct.pack_into("<H", broken, at, value)
        with pytest.raises(WavUnreadable, match="contradicts itself"):
            read_wav(bytes(broken))


def test_only_a_whole_telephone_wav_has_a_length() -> None:
    whole = telephone_wav(b"ab" * 4000)
    assert telephone_seconds(whole[:44], len(whole)) == 0.5
    assert telephone_seconds(whole[:44], len(whole) - 2) is None
    assert telephone_seconds(bytes(44), len(whole)) is None
    assert telephone_seconds(b"", 0) is None
    assert telephone_seconds(telephone_wav(b"")[:44], 44) is None
