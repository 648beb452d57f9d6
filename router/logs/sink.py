"""Where lines go: standard error, or a file. Whoever logs never waits for that.

A line is put into a list, and a thread writes what is there: at once where it was idle, else together with what came in
the meantime. Where lines are taken too slowly they are counted and left out; a call is never held up by its log.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from pathlib import Path
from typing import Final, TextIO

MOST: Final = 10_000
"""Lines that may wait to be written."""
PAUSE: Final = 0.02
"""Seconds between two writes; lines that come meanwhile are written together."""
LAST_WORDS: Final = 2.0
"""Seconds that are left at the end to write what waits."""


class Sink:
    """Writes lines to ``file``, or to standard error where that is None; by a thread where it is ``beside`` us.

    A file that was moved away, as logrotate does, is opened anew before the next line; no signal is needed.
    """

    def __init__(self, file: Path | None = None, *, beside: bool = False, most: int = MOST) -> None:
        self._file = file
        self._most = most
        self._lines: list[str] = []
        self._left_out = 0
        self._wake = threading.Event()
        self._ending = False
        self._open: TextIO | None = None
        self._thread: threading.Thread | None = None
        self.dropped = 0
        """Lines that were left out so far."""
        if file is not None:
            self._open = _opened(file)
        if beside:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def write(self, line: str) -> None:
        """Have the line written; it ends with a line break."""
        if self._thread is None:
            self._put(line)
        elif len(self._lines) >= self._most:
            self.dropped += 1
        else:
            self._lines.append(line)
            if not self._wake.is_set():
                self._wake.set()

    def close(self) -> None:
        """Write what waits, and stop."""
        thread, self._ending = self._thread, True
        if thread is not None:
            self._wake.set()
            thread.join(LAST_WORDS)
            atexit.unregister(self.close)
        if self._open is not None and (thread is None or not thread.is_alive()):
            self._open.close()

    def _run(self) -> None:
        while not self._ending:
            self._wake.wait()
            self._wake.clear()
            self._write_all()
            time.sleep(PAUSE)
        self._write_all()

    def _write_all(self) -> None:
        lines, self._lines = self._lines, []
        if (left_out := self.dropped - self._left_out) > 0:
            self._left_out += left_out
            lines.append(f"{left_out} lines were left out here\n")
        if lines:
            self._put("".join(lines))

    def _put(self, text: str) -> None:
        try:
            stream = self._stream()
            stream.write(text)
            stream.flush()
        except (OSError, ValueError):  # a full disk, a closed pipe: there is nobody left to tell
            pass

    def _stream(self) -> TextIO:
        if self._file is None:
            return sys.stderr
        if self._open is None or _moved(self._open, self._file):
            if self._open is not None:
                self._open.close()
            self._open = _opened(self._file)
        return self._open


def _opened(file: Path) -> TextIO:
    return file.open("a", encoding="utf-8", errors="backslashreplace")


def _moved(stream: TextIO, file: Path) -> bool:
    """Whether the name now leads to another file than the one that is open, or to none."""
    try:
        there = file.stat()
    except OSError:
        return True
    ours = os.fstat(stream.fileno())
    return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)
