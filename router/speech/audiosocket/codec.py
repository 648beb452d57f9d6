"""The server's side of AudioSocket as a state machine without I/O: bytes in, events out; sound in, bytes out.

A frame is a byte for its kind, its length as 16 bits (big-endian), and so many bytes. Asterisk connects, says with the
first frame whose call it is (a UUID of 16 bytes), and then sends the caller's sound as it comes, 20 ms to a frame as a
rule, and each key when it is let go. Sound goes back the same way; the sender has to keep the time, because Asterisk
sends on at once what it gets (docs.asterisk.org, Configuration/Channel-Drivers/AudioSocket; ``res_audiosocket.c``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID

SECONDS_OF_FRAME: Final = 0.02
"""What a frame lasts that we send; Asterisk passes each on as one packet."""
BYTES_OF_FRAME: Final = 320

KEYS: Final = frozenset("0123456789*#")


class Kind(IntEnum):
    """Kinds of frames."""

    TERMINATE = 0x00
    UUID = 0x01
    KEY = 0x03
    SOUND = 0x10
    """16-bit signed little-endian, 8,000 samples a second, one channel."""
    ERROR = 0xFF


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a frame we take before we take the other side for broken or hostile. Bytes."""

    payload: int = 8_192
    """Half a second of sound; Asterisk sends 20 to 60 ms."""
    strange: int = 64
    """Frames of kinds we do not know, which are passed over: a later Asterisk may have more to tell."""


DEFAULT_LIMITS: Final = Limits()


class NotAudioSocket(Exception):
    """The other side sent what is not AudioSocket, or more of it than the limits allow. The text says what, without
    anything of its content."""


@dataclass(frozen=True, slots=True)
class Named:
    """The first frame: whose call this is."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Sound:
    """What the caller's line brought: 16-bit samples, 8,000 a second."""

    samples: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the telephone; one that no telephone has is empty."""

    key: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Asterisk ended the stream; with ``error`` because of one on its side."""

    error: bool = False


Event = Named | Sound | Key | Ended

_HEAD: Final = struct.Struct("!BH")


class Connection:
    """One connection from Asterisk. Feed it with `receive`; after `NotAudioSocket` or `Ended` nothing more comes."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._named = False
        self._over = False
        self._strange = 0

    def receive(self, data: bytes) -> Iterator[Event]:
        """The events that ``data`` completes. Raises `NotAudioSocket`.

        To be taken up before more is fed; what is held back is never more than one frame.
        """
        self._buffer += data
        at = 0
        try:
            while not self._over and len(self._buffer) - at >= _HEAD.size:
                kind, length = _HEAD.unpack_from(self._buffer, at)
                self._check(kind, length)
                end = at + _HEAD.size + length
                if end > len(self._buffer):
                    break
                payload = bytes(self._buffer[at + _HEAD.size : end])
                at = end
                event = self._event(kind, payload)
                if event is not None:
                    yield event
        except NotAudioSocket:
            self._over = True
            raise
        finally:
            if self._over:
                self._buffer.clear()
            else:
                del self._buffer[:at]

    def _check(self, kind: int, length: int) -> None:
        """Judge a frame by its head, before anything of it is kept."""
        if not self._named and (kind, length) != (Kind.UUID, 16):
            raise NotAudioSocket("the first frame is no UUID")
        if length > self._limits.payload:
            raise NotAudioSocket(f"a frame of {length} bytes, at most {self._limits.payload} are taken")

    def _event(self, kind: int, payload: bytes) -> Event | None:
        match kind:
            case Kind.UUID:
                if self._named:
                    raise NotAudioSocket("a second UUID")
                self._named = True
                return Named(UUID(bytes=payload))
            case Kind.SOUND:
                if len(payload) % 2:
                    raise NotAudioSocket("half a sample")
                return Sound(payload) if payload else None
            case Kind.KEY:
                if len(payload) != 1:
                    raise NotAudioSocket(f"a key of {len(payload)} bytes")
                key = chr(payload[0])
                return Key(key if key in KEYS else "")
            case Kind.TERMINATE | Kind.ERROR:
                self._over = True
                return Ended(error=kind == Kind.ERROR)
        self._strange += 1
        if self._strange > self._limits.strange:
            raise NotAudioSocket(f"more than {self._limits.strange} frames of unknown kinds")
        return None


def sound(samples: bytes) -> bytes:
    """The frame for what the caller is to hear; as a rule `BYTES_OF_FRAME` bytes each `SECONDS_OF_FRAME`."""
    return _HEAD.pack(Kind.SOUND, len(samples)) + samples


TERMINATE: Final = _HEAD.pack(Kind.TERMINATE, 0)
"""Ends the stream; the call stays where it is in Asterisk."""
