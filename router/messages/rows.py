"""Cuts a file that arrives in pieces into rows: CSV with whatever separator, or JSON lines. No I/O.

However long the file and however broken its quotation marks, no more than one row and one piece are held.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator

LONGEST_ROW = 128 * 1024
"""Characters of a row; Python's csv module takes no longer cell."""
MOST_LINES = 1000
"""Lines of text in one CSV row; beyond, a quotation mark was surely not closed."""
_PROBE = 64 * 1024
"""Bytes looked at to tell the encoding."""

_NOT_TEXT = (
    (b"PK\x03\x04", "This is an Excel workbook or another archive; save the sheet as CSV in UTF-8."),
    (codecs.BOM_UTF16_LE, "The file is in UTF-16; save it in UTF-8."),
    (codecs.BOM_UTF16_BE, "The file is in UTF-16; save it in UTF-8."),
)


class FileRefused(ValueError):
    """Nothing of the file can be read; the text says why and what to do."""


class Decoder:
    """Bytes to text. UTF-8 is expected, with or without a byte order mark. Where the first 64 KiB are not UTF-8 the
    file is taken for Windows-1252, which German Excel writes, if that is allowed. A byte that fits neither becomes a
    lone surrogate, so that only its row is refused."""

    def __init__(self, *, windows: bool) -> None:
        self._windows = windows
        self._start = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, data: bytes) -> str:
        """The text so far. Raises `FileRefused`."""
        if self._decoder is not None:
            return self._decoder.decode(data)
        self._start += data
        return self._begin() if len(self._start) >= _PROBE else ""

    def finish(self) -> str:
        """The rest of the text. Raises `FileRefused`."""
        text = "" if self._decoder is not None else self._begin()
        assert self._decoder is not None  # noqa: S101
        return text + self._decoder.decode(b"", final=True)

    def _begin(self) -> str:
        start, self._start = self._start, b""
        for mark, reason in _NOT_TEXT:
            if start.startswith(mark):
                raise FileRefused(reason)
        if b"\0" in start[:_PROBE]:
            raise FileRefused("This is not a text file; send CSV or JSON lines in UTF-8.")
        encoding = "cp1252" if self._windows and not _is_utf8(start) else "utf-8-sig"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
        return self._decoder.decode(start)


def _is_utf8(start: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # a character may be cut at the end
    except UnicodeDecodeError:
        return False
    return True


class TooLong:
    """Stands for a line that was longer than `LONGEST_ROW` and was thrown away."""


TOO_LONG = TooLong()


class Lines:
    """Text in pieces to lines without their ends."""

    def __init__(self) -> None:
        self._rest = ""
        self._skipping = False

    def feed(self, text: str) -> Iterator[str | TooLong]:
        """The lines that are whole now."""
        *whole, rest = (self._rest + text).split("\n")
        self._rest = ""
        for line in whole:
            if self._skipping:
                self._skipping = False
            else:
                yield TOO_LONG if len(line) > LONGEST_ROW else line.removesuffix("\r")
        if self._skipping:
            return
        if len(rest) > LONGEST_ROW:
            self._skipping = True
            yield TOO_LONG
        else:
            self._rest = rest

    def finish(self) -> Iterator[str | TooLong]:
        """The last line, where no line end closes it."""
        rest, self._rest = self._rest, ""
        if rest:
            yield rest.removesuffix("\r")


class BrokenRow:
    """Stands for a row whose quotation marks do not close."""


BROKEN = BrokenRow()
CsvRow = list[str] | TooLong | BrokenRow

_CLOSING = re.compile(r'[^"]*+(?:""[^"]*+)*+"')


class CsvRows:
    """Lines to CSV rows (RFC 4180): a row goes on over line ends within quotation marks.

    Where a mark is never closed, only the row it stands in is broken; the lines after it are read as rows again.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._open: list[str] = []
        self._length = 0

    def feed(self, line: str | TooLong) -> Iterator[CsvRow]:
        """The rows that are whole with this line."""
        waiting: list[str | TooLong] = [line]
        while waiting:
            line = waiting.pop(0)
            if not isinstance(line, TooLong) and self._fits(line):
                if not _stays_open(line, bool(self._open), self._delimiter):
                    yield self._cells(line)
                else:
                    self._open.append(line)
                    self._length += len(line) + 1
            elif self._open:
                waiting = [*self._give_up(), line, *waiting]
                yield BROKEN
            else:
                yield TOO_LONG

    def finish(self) -> Iterator[CsvRow]:
        """What is left at the end of the file."""
        while self._open:
            after = self._give_up()
            yield BROKEN
            for line in after:
                yield from self.feed(line)

    def _fits(self, line: str) -> bool:
        return len(self._open) < MOST_LINES and self._length + len(line) <= LONGEST_ROW

    def _give_up(self) -> list[str]:
        after, self._open, self._length = self._open[1:], [], 0
        return after

    def _cells(self, line: str) -> list[str]:
        text = "\n".join([*self._open, line])
        self._open, self._length = [], 0
        # csv ends a row at a lone carriage return too; one within a row is a blank here.
        return next(csv.reader([text.replace("\r", " ")], delimiter=self._delimiter), [])


def _stays_open(line: str, opened: bool, delimiter: str) -> bool:
    """Whether a quoted cell goes on after ``line``, which begins within one when ``opened``."""
    place = 0
    while True:
        if opened or line.startswith('"', place):
            closing = _CLOSING.match(line, place if opened else place + 1)
            if closing is None:
                return True
            place, opened = closing.end(), False
        place = line.find(delimiter, place)
        if place < 0:
            return False
        place += 1
