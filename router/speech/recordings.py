"""Recorded prompts: finding the file a flow names, checking it, and turning it into what a telephone plays."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from router.speech.cache import content_key
from router.speech.conversion import to_telephone
from router.speech.failures import RecordingRefused
from router.speech.wav import WavUnreadable, read_wav, telephone_wav

LARGEST_RECORDING = 32 * 2**20
"""Bytes of one recorded file; over five minutes of stereo at 44.1 kHz."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_CONVERSION = "recording 1"


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A recording as it lies on disk; `version` changes when the file does."""

    path: Path
    version: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as a telephone WAV, and the key of the file's content."""

    key: str
    wav: bytes


def check_name(name: str) -> None:
    """Raise `RecordingRefused` unless `name` is letters, digits, `-` and `_` (so it cannot leave its directory)."""
    if not _NAME.fullmatch(name):
        raise RecordingRefused(
            f"recording name {name[:80]!r}: use 1 to 64 letters, digits, '-' and '_', without folder or '.wav'"
        )


def find_recording(directory: Path, name: str, language: str) -> RecordedFile | None:
    """The file `<directory>/<language>/<name>.wav`; for `de-AT` also the one for `de`. None when there is none.

    Raises `RecordingRefused` for a name or language that is not one, and for what is not a regular file.
    """
    check_name(name)
    if not _LANGUAGE.fullmatch(language):
        raise RecordingRefused(f"{language[:20]!r} is not a language like 'de' or 'en-GB'")
    for folder in dict.fromkeys((language, language.split("-")[0])):
        path = directory / folder / f"{name}.wav"
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise RecordingRefused(f"recording {path}: {error.strerror}") from error
        if not stat.S_ISREG(found.st_mode):
            raise RecordingRefused(f"recording {path}: it is not a file")
        return RecordedFile(path, (found.st_ino, found.st_mtime_ns, found.st_size))
    return None


def load_recording(file: RecordedFile) -> Recording:
    """Read a recording and convert it where needed. Blocks; raises `RecordingRefused` saying how to mend the file."""
    try:
        content = _read(file.path)
    except OSError as error:
        raise RecordingRefused(f"recording {file.path}: {error.strerror}") from error
    if len(content) > LARGEST_RECORDING:
        raise RecordingRefused(f"recording {file.path}: larger than {LARGEST_RECORDING // 2**20} MiB")
    try:
        wav = read_wav(content)
        # What already is telephone WAV is played as it was recorded; extra chunks (titles, markers) go.
        telephone = telephone_wav(bytes(wav.data)) if wav.is_telephone and wav.data else to_telephone(wav)
    except WavUnreadable as error:
        way_out = "save it as 16-bit PCM WAV, best mono at 8000 Hz"
        raise RecordingRefused(f"recording {file.path}: {error}; {way_out}") from error
    return Recording(content_key(_CONVERSION, content), telephone)


def _read(path: Path) -> bytes:
    # O_NONBLOCK: should the file have become a pipe in the meantime, opening it must not wait for a writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        return file.read(LARGEST_RECORDING + 1)


def recorded(directory: Path) -> frozenset[tuple[str, str]]:
    """Language and name of every recording in `directory`; none where that is not there."""
    try:
        files = list(directory.glob("*/*.wav"))
    except OSError:
        return frozenset()
    return frozenset((file.parent.name, file.stem) for file in files)
