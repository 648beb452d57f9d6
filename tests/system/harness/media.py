"""What the caller hears, keys in and says: one end of an RTP stream in A-law, measured packet by packet.

It sends silence all the time, as a telephone does, a tone or recordings for speech, and digits as RFC 4733 events. Each
packet that arrives (20 ms) is classed as ring tone (425 Hz), other sound, or silence, so a test can tell what the
caller heard and when.
"""

from __future__ import annotations

import enum
import socket
import struct
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

PACKET_SECONDS = 0.02
_PAYLOAD_ALAW = 8
PAYLOAD_EVENT = 101
_SAMPLES = 160
_RING_HZ = 425
_AUDIBLE = 120.0  # root mean square of 16-bit samples; A-law's own idle noise is 8
_DIGITS = "0123456789*#ABCD"
_SILENCE = b"\xd5" * _SAMPLES
_TONE = b"\xb5\xb5\xb5\xb5\x35\x35\x35\x35" * (_SAMPLES // 8)  # 1,000 Hz, a square, loud


class Sound(enum.Enum):
    SILENCE = "silence"
    RINGING = "ringing"
    OTHER = "sound"


@dataclass(frozen=True, slots=True)
class Heard:
    """One packet: when it came (`time.monotonic` seconds) and what it was."""

    at: float
    sound: Sound


def _alaw_table() -> list[int]:
    # ITU-T G.711: even bits inverted, sign, three bits of segment, four of step.
    table = []
    for code in range(256):
        value = code ^ 0x55
        segment, step = (value >> 4) & 7, value & 15
        size = (step << 4) + 8 if segment == 0 else ((step << 4) + 0x108) << (segment - 1)
        table.append(size if value & 0x80 else -size)
    return table


ALAW_VALUES = np.array(_alaw_table())
"""The 16-bit sample that each byte of A-law stands for."""
_RING = np.exp(2j * np.pi * _RING_HZ * np.arange(_SAMPLES) / 8000)


def classify(payload: bytes) -> Sound:
    """What 20 ms of A-law are."""
    samples = ALAW_VALUES[np.frombuffer(payload[:_SAMPLES], np.uint8)]
    energy = float(samples @ samples)
    if energy < _AUDIBLE**2 * len(samples) or not energy:
        return Sound.SILENCE
    ringing = abs(complex(samples @ _RING[: len(samples)])) ** 2
    return Sound.RINGING if 2 * ringing / (len(samples) * energy) > 0.7 else Sound.OTHER


class Media:
    """One RTP port. `send_to` says where; `press` keys digits in, `play` speaks; `heard` is the record."""

    def __init__(self, host: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.settimeout(0.2)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._peer: tuple[str, int] | None = None
        self._record: list[Heard] = []
        self._digits: list[str] = []
        self._said = b""
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._receive, self._send)]
        for thread in self._threads:
            thread.start()

    def send_to(self, host: str, port: int) -> None:
        """Where the other side wants its sound; until then nothing is sent."""
        self._peer = (host, port)

    def close(self) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join(2)
        self._socket.close()

    def press(self, digits: str) -> None:
        """Keys in digits, each 100 ms long and 100 ms apart. Returns at once."""
        with self._lock:
            self._digits += [digit for digit in digits if digit in _DIGITS]

    @property
    def keying(self) -> bool:
        """Whether digits are still to be sent."""
        with self._lock:
            return bool(self._digits)

    def speak(self, seconds: float) -> None:
        """Says something for so long: a tone. Returns at once."""
        self.play(_TONE * round(seconds / PACKET_SECONDS))

    def play(self, sound: bytes) -> None:
        """Says this (A-law), instead of what is still to be said. Returns at once. A key takes the place of the sound
        that would have been sent meanwhile, as at a telephone."""
        with self._lock:
            self._said = sound

    @property
    def to_say(self) -> float:
        """Seconds that it still speaks."""
        with self._lock:
            return len(self._said) / _SAMPLES * PACKET_SECONDS

    @property
    def heard(self) -> list[Heard]:
        with self._lock:
            return list(self._record)

    def first(self, sound: Sound, since: float = 0.0) -> float | None:
        """The moment at which this was first heard after ``since``."""
        return next((packet.at for packet in self._since(since) if packet.sound is sound), None)

    def last(self, sound: Sound, since: float = 0.0) -> float | None:
        """The moment at which this was last heard after ``since``."""
        return next((packet.at for packet in reversed(self._since(since)) if packet.sound is sound), None)

    def _since(self, since: float) -> list[Heard]:
        with self._lock:
            return self._record[bisect_left(self._record, since, key=lambda packet: packet.at) :]

    def longest_silence(self, since: float, until: float) -> float:
        """Seconds of the longest stretch without any sound between two moments; packets that never came are silence."""
        longest, last = 0.0, since
        for packet in self._since(since):
            if packet.at <= until and packet.sound is not Sound.SILENCE:
                longest = max(longest, packet.at - last)
                last = packet.at
        return max(longest, until - last)

    def summary(self, since: float = 0.0) -> str:
        """What was heard, in stretches, for a person reading a failed test."""
        stretches: list[list[float | Sound]] = []
        for packet in self._since(since):
            if not stretches or stretches[-1][0] is not packet.sound:
                stretches.append([packet.sound, packet.at, packet.at])
            stretches[-1][2] = packet.at
        base = since or (self.heard[0].at if self.heard else 0.0)
        return ", ".join(
            f"{sound.value} {float(start) - base:.2f}-{float(end) - base:.2f}"
            for sound, start, end in stretches
            if isinstance(sound, Sound) and not isinstance(start, Sound) and not isinstance(end, Sound)
        )

    def _receive(self) -> None:
        while not self._closed.is_set():
            try:
                packet = self._socket.recv(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            at = time.monotonic()
            if len(packet) > 12 and packet[1] & 0x7F == _PAYLOAD_ALAW:
                heard = Heard(at, classify(packet[12 + 4 * (packet[0] & 15) :]))
                with self._lock:
                    self._record.append(heard)

    def _send(self) -> None:
        source = struct.unpack("!I", struct.pack("!I", 0x54000000 | self.port))[0]
        sequence = stamp = 0
        due = time.monotonic()
        digit: int | None = None
        ticks = pause = event_stamp = 0
        while not self._closed.is_set():
            due = max(due + PACKET_SECONDS, time.monotonic() - 0.1)
            if self._closed.wait(max(0.0, due - time.monotonic())) or not self._peer:
                continue
            if digit is None and pause <= 0:
                with self._lock:
                    digit = _DIGITS.index(self._digits.pop(0)) if self._digits else None
                ticks, event_stamp = 0, stamp
            with self._lock:
                said, self._said = self._said[:_SAMPLES], self._said[_SAMPLES:]
            kind, body, packet_stamp = _PAYLOAD_ALAW, said + _SILENCE[len(said) :], stamp
            copies = 1
            if digit is not None:
                ticks += 1
                ends = ticks == 5
                kind = PAYLOAD_EVENT | (0x80 if ticks == 1 else 0)
                body = struct.pack("!BBH", digit, (0x80 if ends else 0) | 10, ticks * _SAMPLES)
                packet_stamp = event_stamp
                if ends:  # RFC 4733: the end goes out three times
                    digit, pause, copies = None, 6, 3
            pause -= 1
            for _ in range(copies):
                head = struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, packet_stamp & 0xFFFFFFFF, source)
                sequence += 1
                try:
                    self._socket.sendto(head + body, self._peer)
                except OSError:
                    break
            stamp += _SAMPLES
