"""The recordings that are heard, as a manifest lists them."""

from __future__ import annotations

import csv
import wave
from dataclasses import dataclass
from pathlib import Path

from router.core.hearing import Expected, Listening
from router.speech.recognition.recogniser import RATE

SHORTEST, LONGEST = 4, 14
"""Characters of references as callers say them."""
_CONDITIONS = {"clean": "quiet", "mid": "20 dB", "noisy": "12 dB"}


class NoRecordings(Exception):
    """The folder cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: 16-bit samples at 8 kHz of somebody who says ``truth``."""

    name: str
    language: str
    voice: str
    style: str
    condition: str
    truth: str
    audio: bytes

    @property
    def listening(self) -> Listening:
        """How a flow would listen: to letters only where references have some."""
        letters = not self.truth.isdigit()
        return Listening(Expected.CHARACTERS if letters else Expected.DIGITS, SHORTEST, LONGEST)


def recordings(folder: Path) -> list[Recording]:
    """All recordings of ``folder``, in the order of its ``manifest.csv``: columns file, language, source, truth, style
    and condition (clean; mid: noise 20 dB below speech; noisy: 12 dB; or any other word).

    Raises `NoRecordings`.
    """
    try:
        with (folder / "manifest.csv").open(newline="", encoding="utf-8") as manifest:
            found = [_recording(folder, row) for row in csv.DictReader(manifest)]
    except (OSError, KeyError, wave.Error, EOFError) as error:
        raise NoRecordings(f"{folder}: {type(error).__name__}: {error}") from None
    if not found:
        raise NoRecordings(f"{folder}: its manifest.csv lists no recordings")
    return found


def _recording(folder: Path, row: dict[str, str]) -> Recording:
    with wave.open(str(folder / row["file"])) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise NoRecordings(f"{row['file']}: is not 16-bit mono at {RATE} Hz")
        audio = file.readframes(file.getnframes())
    condition = _CONDITIONS.get(row["condition"], row["condition"])
    return Recording(row["file"], row["language"], row["source"], row["style"], condition, row["truth"].upper(), audio)
