"""Reads files of messages row by row: each row is what a sender told of one message, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, assert_never

from router.core.json_text import strict_json
from router.errors import Refused
from router.messages.columns import Header, column_of, separator
from router.messages.registration import FieldErrors, Registration, read
from router.messages.rows import (
    LONGEST_ROW,
    BrokenRow,
    CsvRow,
    CsvRows,
    Decoder,
    FileRefused,
    Lines,
    TooLong,
)

Format = Literal["csv", "ndjson"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: a registration, or what is wrong. ``number`` counts from 1, the header included, so it is the
    row of a spreadsheet or the line of a JSON file."""

    number: int
    external_id: str | None = None
    registration: Registration | None = None
    errors: tuple[dict[str, str], ...] = ()


class FileReader(Protocol):
    """Pieces of a file in, rows out."""

    def feed(self, data: bytes) -> Iterator[Row]:
        """The rows that are whole now. Raises `FileRefused`, and is at its end then."""
        ...

    def finish(self) -> Iterator[Row]:
        """The rows that were not closed by a line end. Raises `FileRefused`."""
        ...


def reader(format_: Format, region: str) -> FileReader:
    """A reader for one file. ``region`` (ISO 3166) is where national telephone numbers and, in CSV, dates
    without an offset belong."""
    match format_:
        case "csv":
            return _CsvReader(region)
        case "ndjson":
            return _JsonReader(region)
        case _:
            assert_never(format_)


class _CsvReader:
    def __init__(self, region: str) -> None:
        self._region = region
        self._decoder = Decoder(windows=True)
        self._lines = Lines()
        self._rows: CsvRows | None = None
        self._header: Header | None = None
        self._number = 0

    def feed(self, data: bytes) -> Iterator[Row]:
        yield from self._of_lines(self._lines.feed(self._decoder.feed(data)))

    def finish(self) -> Iterator[Row]:
        yield from self._of_lines(self._lines.feed(self._decoder.finish()))
        yield from self._of_lines(self._lines.finish())
        if self._rows is not None:
            for row in self._rows.finish():
                yield from self._of_row(row)
        if self._header is None:
            raise FileRefused("The file has no header; its first row names the columns, such as external_id.")

    def _of_lines(self, lines: Iterable[str | TooLong]) -> Iterator[Row]:
        for line in lines:
            if self._rows is None:
                if isinstance(line, str) and not line.strip():
                    self._number += 1
                    continue
                if isinstance(line, str) and (said := _separator_said(line)):
                    self._rows = CsvRows(said)
                    self._number += 1
                    continue
                self._rows = CsvRows(separator(line) if isinstance(line, str) else ",")
            for row in self._rows.feed(line):
                yield from self._of_row(row)

    def _of_row(self, row: CsvRow) -> Iterator[Row]:
        self._number += 1
        if isinstance(row, list) and not any(cell.strip() for cell in row):
            return
        if self._header is None:
            self._header = _header(row)
        elif isinstance(row, TooLong):
            yield Row(self._number, errors=(_TOO_LONG,))
        elif isinstance(row, BrokenRow):
            yield Row(self._number, errors=(_wrong("row", "a quotation mark is opened and never closed"),))
        else:
            yield self._of_cells(self._header, row)

    def _of_cells(self, header: Header, cells: list[str]) -> Row:
        expected = len(header.names)
        if len(cells) != expected:
            hint = "a text with the separator in it has to stand in quotation marks"
            message = f"has {len(cells)} cells where the header has {expected}; {hint}"
            return Row(self._number, errors=(_wrong("row", message),))
        return _row(self._number, header.data(cells, self._region), self._region, as_columns=True)


class _JsonReader:
    def __init__(self, region: str) -> None:
        self._region = region
        self._decoder = Decoder(windows=False)
        self._lines = Lines()
        self._number = 0

    def feed(self, data: bytes) -> Iterator[Row]:
        yield from self._of_lines(self._lines.feed(self._decoder.feed(data)))

    def finish(self) -> Iterator[Row]:
        yield from self._of_lines(self._lines.feed(self._decoder.finish()))
        yield from self._of_lines(self._lines.finish())

    def _of_lines(self, lines: Iterable[str | TooLong]) -> Iterator[Row]:
        for line in lines:
            self._number += 1
            if isinstance(line, TooLong):
                yield Row(self._number, errors=(_TOO_LONG,))
            elif line.strip():
                yield self._of_line(line)

    def _of_line(self, line: str) -> Row:
        try:
            data = strict_json(line.encode("utf-8", "surrogateescape"))
        except ValueError as error:
            # The position in the line is told; the line is always 1 and would confuse.
            return Row(self._number, errors=(_wrong("row", f"is not JSON: {str(error).replace(' line 1', '')}"),))
        return _row(self._number, data, self._region, as_columns=False)


def _row(number: int, data: Any, region: str, *, as_columns: bool) -> Row:
    told = data.get("external_id") if isinstance(data, dict) else None
    external_id = told if isinstance(told, str) and told.isprintable() and len(told) <= 200 else None
    try:
        registration = read(data, region)
    except Refused as refused:
        errors: FieldErrors = refused.more["errors"]
        if as_columns:
            errors = [{**error, "field": column_of(error["field"])} for error in errors]
        return Row(number, external_id, errors=tuple(errors))
    if registration.external_id is None:
        return Row(number, errors=(_wrong("external_id", "is missing; with it a file read twice does no harm"),))
    return Row(number, registration.external_id, registration)


def _header(row: CsvRow) -> Header:
    if not isinstance(row, list):
        raise FileRefused("The first row cannot be read; it has to name the columns, such as external_id.")
    header = Header(row)
    if errors := header.errors():
        raise HeaderRefused(errors)
    return header


class HeaderRefused(FileRefused):
    """The columns are not those of a file of messages; ``errors`` has one entry for each."""

    def __init__(self, errors: FieldErrors) -> None:
        super().__init__("; ".join(f"{error['field']}: {error['message']}" for error in errors))
        self.errors = errors


def _separator_said(line: str) -> str | None:
    """Excel's own first line ``sep=;``."""
    begins = line.casefold().startswith("sep=")
    return line[4] if begins and len(line) == 5 and line[4] not in '"\r' else None


def _wrong(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}


_TOO_LONG = _wrong("row", f"is longer than {LONGEST_ROW} characters")
