"""RIFF WAV as bytes: reading what others wrote, writing what a telephone plays. No files, no resampling.

"Telephone WAV" below is the one form this project plays: 8,000 Hz, one channel, 16-bit signed little-endian PCM behind
the plain 44-byte header, which Asterisk reads as `.wav` and browsers play too. Chunk layout: Microsoft/IBM,
"Multimedia Programming Interface and Data Specifications 1.0" (1991), and WAVEFORMATEXTENSIBLE for the newer header.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

TELEPHONE_RATE = 8000
"""Samples per second of the audio played to callers."""

HEADER_SIZE = 44
"""Bytes before the first sample of a telephone WAV."""

PCM, A_LAW, MU_LAW = 1, 6, 7
_EXTENSIBLE = 0xFFFE
_ENCODINGS = {
    2: "MS ADPCM",
    3: "floating point",
    A_LAW: "A-law",
    MU_LAW: "µ-law",
    0x11: "IMA ADPCM",
    0x31: "GSM",
    0x55: "MP3",
}


class WavUnreadable(ValueError):
    """The bytes are not a WAV file we can read; the message says why."""


@dataclass(frozen=True, slots=True)
class Wav:
    """The sound of a WAV file: `data` holds whole frames of `channels` samples of `bits` bits, little-endian."""

    encoding: int
    channels: int
    rate: int
    bits: int
    data: memoryview

    @property
    def frames(self) -> int:
        return len(self.data) // (self.channels * self.bits // 8)

    @property
    def is_telephone(self) -> bool:
        return (self.encoding, self.channels, self.rate, self.bits) == (PCM, 1, TELEPHONE_RATE, 16)

    @property
    def encoding_name(self) -> str:
        return "PCM" if self.encoding == PCM else _ENCODINGS.get(self.encoding, f"encoding {self.encoding}")


def read_wav(content: bytes, *, streamed: bool = False) -> Wav:
    """Read a WAV file held in memory.

    With `streamed`, a data chunk that claims more than there is ends where the bytes end: a program that writes to a
    pipe cannot know the length beforehand. Without it such a file counts as cut off. Raises `WavUnreadable`.
    """
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise WavUnreadable("it does not begin like a WAV file (RIFF … WAVE)")
    form: tuple[int, int, int, int] | None = None
    for name, start, size in _chunks(content):
        if name == b"fmt ":
            form = _form(content[start : start + size])
        elif name == b"data":
            if form is None:
                raise WavUnreadable("its sound comes before the description of the format")
            if start + size > len(content) and not streamed:
                raise WavUnreadable(f"it is cut off: {size} bytes of sound announced, {len(content) - start} there")
            return _whole_frames(form, memoryview(content)[start : start + size])
    raise WavUnreadable("it contains no sound (no data chunk)")


def telephone_header(size: int) -> bytes:
    """The 44 bytes before `size` bytes of telephone sound."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", size + HEADER_SIZE - 8, b"WAVE",
        b"fmt ", 16, PCM, 1, TELEPHONE_RATE, TELEPHONE_RATE * 2, 2, 16,
        b"data", size,
    )  # fmt: skip


def telephone_wav(samples: bytes) -> bytes:
    """A telephone WAV of 16-bit little-endian samples."""
    return telephone_header(len(samples)) + samples


def telephone_seconds(head: bytes, file_size: int) -> float | None:
    """How long a telephone WAV plays, from its first 44 bytes and its size; None when it is not whole.

    A file counts as whole only when it begins with exactly the header we write for that size, so a file cut off, filled
    with zeros or written by something else is noticed without reading it.
    """
    size = file_size - HEADER_SIZE
    if size <= 0 or size % 2 or head[:HEADER_SIZE] != telephone_header(size):
        return None
    return size / (2 * TELEPHONE_RATE)


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start of the body and announced size of each chunk; bodies are padded to even length."""
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        yield name, at + 8, size
        at += 8 + size + size % 2


def _form(chunk: bytes) -> tuple[int, int, int, int]:
    if len(chunk) < 16:
        raise WavUnreadable("the description of its format is cut off")
    encoding, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
    if encoding == _EXTENSIBLE and len(chunk) >= 26:
        (encoding,) = struct.unpack_from("<H", chunk, 24)
    if encoding == PCM and (not channels or not rate or bits % 8 or block != channels * bits // 8 or not block):
        raise WavUnreadable("the description of its format contradicts itself")
    return encoding, channels, rate, bits


def _whole_frames(form: tuple[int, int, int, int], data: memoryview) -> Wav:
    encoding, channels, rate, bits = form
    frame = max(1, channels * bits // 8)
    return Wav(encoding, channels, rate, bits, data[: len(data) - len(data) % frame])
