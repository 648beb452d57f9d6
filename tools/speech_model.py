"""Puts Whisper's model together for tests and benchmarks, outside the checkout, and prints its folder.

``make test`` calls this; what is there already and right stays.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from router.speech.recognition.whisper.install import NotInstalled, assemble, packages_there  # noqa: E402
from router.speech.recognition.whisper.model import NAME, ModelRefused  # noqa: E402

COMMAND = "make .venv/.speech"


def folder() -> Path:
    """Where the model is, or would be: what `THREADLINE_SPEECH_MODEL` is set to in tests."""
    cache = os.environ.get("THREADLINE_TEST_CACHE")
    return (Path(cache) if cache else Path.home() / ".cache" / "threadline-tests") / "speech" / NAME


def lacking() -> str | None:
    """What tests with the real recogniser lack, None where nothing."""
    if not packages_there():
        return f"needs CTranslate2 and a Whisper model: {COMMAND}"
    try:
        assemble(folder(), lambda _: None)
    except (NotInstalled, ModelRefused) as error:
        return f"needs Whisper's model: {error}"
    return None


def main() -> int:
    """Put the model together. Answers 1 where that cannot be done."""
    if reason := lacking():
        print(reason, file=sys.stderr)
        return 1
    print(folder())
    return 0


if __name__ == "__main__":
    sys.exit(main())
