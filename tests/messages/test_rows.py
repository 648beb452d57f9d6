"""Cutting files into rows: whatever the pieces, the encoding and the quotation marks."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.messages.rows import (
    BROKEN,
    LONGEST_ROW,
    MOST_LINES,
    TOO_LONG,
    CsvRow,
    CsvRows,
    Decoder,
    FileRefused,
    Lines,
    TooLong,
)


def decoded(data: bytes, *, windows: bool = True, piece: int = 7) -> str:
    decoder = Decoder(windows=windows)
    text = "".join(decoder.feed(data[start : start + piece]) for start in range(0, len(data), piece))
    return text + decoder.finish()


def rows_of(text: str, delimiter: str = ",") -> list[CsvRow]:
    lines, rows = Lines(), CsvRows(delimiter)
    found: list[CsvRow] = []
    for line in [*lines.feed(text), *lines.finish()]:
        found += rows.feed(line)
    return [*found, *rows.finish()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("filler", [0, 70_000])
def test_umlauts_are_read_in_utf_8_and_as_german_excel_writes_them(encoding: str, filler: int) -> None:
    text = "Müller;Groß;5 €\n" + "x" * filler + "äöü\n"
    assert decoded(text.encode(encoding)) == text


def test_a_character_cut_by_the_probe_is_no_sign_of_windows() -> None:
    text = "x" * (64 * 1024 - 1) + "ü"
    assert decoded(text.encode(), piece=64 * 1024) == text


def test_a_byte_that_fits_neither_is_kept_for_its_row_to_be_refused() -> None:
    assert decoded(b"x" * 70_000 + b"\xfc") == "x" * 70_000 + "\udcfc"
    assert decoded(b"\xfc", windows=False) == "\udcfc"


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xff\xfea\0", b"\xfe\xff\0a", b"a\0b"])
def test_what_is_no_text_is_refused(start: bytes) -> None:
    with pytest.raises(FileRefused, match="UTF-8"):
        decoded(start * 20)


def test_a_line_that_is_too_long_is_thrown_away_and_the_next_is_read() -> None:
    lines = Lines()
    found: list[str | TooLong] = []
    for piece in ["a\n" + "x" * LONGEST_ROW, "x", "x" * LONGEST_ROW, "y\nb\r\n", "c"]:
        found += lines.feed(piece)
    assert [*found, *lines.finish()] == ["a", TOO_LONG, "b", "c"]
    assert list(Lines().feed("x" * (LONGEST_ROW + 1) + "\nb\n")) == [TOO_LONG, "b"]


cells = st.text(st.sampled_from('ab",;\n ü'), max_size=6)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), max_size=6), st.sampled_from(",;"))
def test_what_a_spreadsheet_wrote_is_read_back(table: list[list[str]], delimiter: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerows(table)
    assert rows_of(written.getvalue(), delimiter) == table


@given(st.text(st.sampled_from('a",\n\r\x0b\u2028'), max_size=60))
def test_any_text_gives_rows_and_loses_no_line(text: str) -> None:
    rows = rows_of(text)
    assert len(rows) <= text.count("\n") + 1
    if '"' not in text:
        kept = [line.removesuffix("\r") for line in text.split("\n")]
        assert len(rows) == len(kept) - (kept[-1] == "" and not text.endswith("\r"))


def test_a_mark_that_never_closes_breaks_its_row_only() -> None:
    rows = rows_of('a,b\n"c,d\ne,f\ng,h\n')
    assert rows == [["a", "b"], BROKEN, ["e", "f"], ["g", "h"]]
    many = rows_of('"a\n' + "b,c\n" * (MOST_LINES + 5))
    assert many[0] is BROKEN
    assert many[1:] == [["b", "c"]] * (MOST_LINES + 5)


def test_a_mark_within_a_cell_is_a_mark() -> None:
    assert rows_of('3" pipe,b\nc,d\n') == [['3" pipe', "b"], ["c", "d"]]
    assert rows_of('"3"" pipe\r\nlong",b\n') == [['3" pipe\nlong', "b"]]


def test_very_many_marks_take_no_longer() -> None:
    assert rows_of('"' * 100_001 + "\na,b\n")[-1] == ["a", "b"]
    assert rows_of('"",' * 30_000)[0] is not BROKEN
