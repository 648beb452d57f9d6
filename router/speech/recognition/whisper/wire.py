"""What a worker and the service say to each other over pipes: a JSON header with its length before it, then audio."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from typing import Any, BinaryIO

from router.core.hearing import Expected, Listening, Reading

LENGTH = struct.Struct(">II")
"""Bytes of the header and of the audio behind it."""
MOST_HEADER = 262_144
MOST_AUDIO = 32 * 2**20
"""More is nothing that we would say: the other side talks of something else."""


class Garbled(ValueError):
    """What came is no message of ours."""


def packed(header: dict[str, Any], audio: bytes = b"") -> bytes:
    """A message."""
    text = json.dumps(header, ensure_ascii=False).encode(errors="replace")
    return LENGTH.pack(len(text), len(audio)) + text + audio


def lengths(first: bytes) -> tuple[int, int]:
    """The lengths of header and audio. Raises `Garbled`."""
    header, audio = LENGTH.unpack(first)
    if header > MOST_HEADER or audio > MOST_AUDIO:
        raise Garbled("a message too long to be one")
    return header, audio


def header_of(text: bytes) -> dict[str, Any]:
    """The header. Raises `Garbled`."""
    try:
        header = json.loads(text)
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise Garbled("a header that is no JSON object")
    return header


def read(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message of a pipe, None at its end. Raises `Garbled`."""
    if len(first := source.read(LENGTH.size)) < LENGTH.size:
        return None
    header, audio = lengths(first)
    body = source.read(header + audio)
    if len(body) < header + audio:
        return None
    return header_of(body[:header]), body[header:]


def job(language: str, listening: Listening) -> dict[str, Any]:
    """The header of a job; the audio comes behind it."""
    return {"language": language, "listening": asdict(listening)}


def job_of(header: dict[str, Any]) -> tuple[str, Listening]:
    """Language and listening of a job. Raises `Garbled`."""
    try:
        listening = dict(header["listening"])
        words = tuple(listening.pop("words"))
        return header["language"], Listening(Expected(listening.pop("expected")), words=words, **listening)
    except (KeyError, TypeError, ValueError):
        raise Garbled("a job that is none") from None


def answer(readings: tuple[Reading, ...], seconds: dict[str, float]) -> dict[str, Any]:
    """The header of an answer."""
    return {"readings": [[each.text, each.weight] for each in readings], "seconds": seconds}


def answer_of(header: dict[str, Any]) -> tuple[tuple[Reading, ...], dict[str, float]]:
    """Readings and seconds of an answer. Raises `Garbled`."""
    try:
        readings = tuple(Reading(str(text), float(weight)) for text, weight in header["readings"])
        return readings, {str(stage): float(took) for stage, took in header["seconds"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Garbled("an answer that is none") from None
