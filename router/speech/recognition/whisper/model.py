"""The files of a model and their hashes: what is not exactly what was chosen is never loaded."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from router.speech.recognition.recogniser import RecognitionFailed
from router.speech.recognition.whisper.vocabulary import FILES as VOCABULARIES

NAME: Final = "whisper-base"
"""The model that `threadline speech install` brings, and its folder."""
HASHES: Final[Mapping[str, str]] = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
"""SHA-256 of its files: Systran's faster-whisper-base, which is OpenAI's Whisper base converted for CTranslate2."""
SUMS: Final = "SHA256SUMS"
"""File beside another model with the hashes of its files, as `sha256sum` writes them; written at first use."""
_NEEDED = ("config.json", "model.bin")
_SUM = re.compile(r"([0-9a-f]{64})[ ][ *](.+)")


class ModelRefused(RecognitionFailed):
    """The model is not there, or not what it should be; the text says what to do."""


def is_there(folder: Path) -> bool:
    """Whether the files of a model are in ``folder``, whatever is in them."""
    return all((folder / name).is_file() for name in _NEEDED) and any(
        (folder / name).is_file() for name in VOCABULARIES
    )


def checked(folder: Path, hashes: Mapping[str, str] | None) -> None:
    """Read the files of a model through and compare them with ``hashes``, or, where that is None, with `SUMS` beside
    them. Raises `ModelRefused`."""
    if not is_there(folder):
        raise ModelRefused(
            f"there is no model in {folder}: it needs {', '.join(_NEEDED)} and {' or '.join(VOCABULARIES)}"
        )
    wanted = _noted(folder) if hashes is None else hashes
    try:
        wrong = [name for name, digest in wanted.items() if digest_of(folder / name) != digest]
    except OSError as error:
        raise ModelRefused(f"the model in {folder} cannot be read: {error.strerror or error}") from None
    if wrong:
        way = "run 'threadline speech install' again" if hashes is not None else f"see {SUMS} there"
        raise ModelRefused(f"in {folder}, {' and '.join(wrong)} is not what it should be: {way}")


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _noted(folder: Path) -> dict[str, str]:
    """The hashes beside the model, of all its files; those of a model seen for the first time are noted."""
    files = [*_NEEDED, *(name for name in VOCABULARIES if (folder / name).is_file())]
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return _note(folder, files)
    except (OSError, UnicodeDecodeError):
        raise ModelRefused(f"{folder / SUMS} cannot be read") from None
    noted = {match[2]: match[1] for line in lines if (match := _SUM.fullmatch(line))}
    if lacking := [name for name in files if name not in noted]:
        raise ModelRefused(f"{folder / SUMS} has no line for {' and '.join(lacking)}")
    return {name: noted[name] for name in files}


def _note(folder: Path, files: list[str]) -> dict[str, str]:
    try:
        digests = {name: digest_of(folder / name) for name in files}
        handle, written = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(f"{digest}  {name}\n" for name, digest in digests.items())
            os.chmod(written, 0o644)
            os.replace(written, folder / SUMS)
        except BaseException:
            with suppress(OSError):
                os.unlink(written)
            raise
    except OSError as error:
        way = f"write it with: cd {folder} && sha256sum {' '.join(files)} > {SUMS}"
        raise ModelRefused(f"{SUMS} cannot be written beside the model ({error.strerror}); {way}") from None
    return digests
