"""Lines get to their file or stream, and nobody waits for them."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from router.logs.sink import Sink


def test_a_file_that_was_moved_away_is_opened_anew(tmp_path: Path) -> None:
    file = tmp_path / "threadline.log"
    sink = Sink(file)
    sink.write("one\n")
    file.rename(tmp_path / "threadline.log.1")
    sink.write("two\n")
    file.unlink()
    sink.write("three\n")
    sink.close()
    assert (tmp_path / "threadline.log.1").read_text() == "one\n"
    assert file.read_text() == "three\n"


def test_lines_are_written_beside_us_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "threadline.log"
    sink = Sink(file, beside=True)
    for number in range(1000):
        sink.write(f"{number}\n")
    sink.close()
    assert file.read_text().split() == [str(number) for number in range(1000)]
    assert sink.dropped == 0


def test_who_logs_does_not_wait_for_a_reader_who_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error is a pipe that nobody empties: lines are counted and left out, and told of afterwards."""
    reads, writes = os.pipe()
    with open(writes, "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        sink = Sink(beside=True, most=100)
        line = "x" * 4000 + "\n"
        for _ in range(2000):
            sink.write(line)  # 8 MB, of which a pipe takes 64 kB
        assert sink.dropped > 1000
        read = bytearray()

        def empty() -> None:
            while part := os.read(reads, 65536):
                read.extend(part)

        reader = threading.Thread(target=empty)
        reader.start()
        sink.close()
    reader.join(10)
    os.close(reads)
    assert b"lines were left out here" in read
    assert read.count(b"x\n") + sink.dropped == 2000


def test_a_closed_stream_does_no_harm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "closed").open("w") as closed:
        pass
    monkeypatch.setattr(sys, "stderr", closed)
    Sink().write("to nobody\n")


def test_a_file_that_cannot_be_opened_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Sink(tmp_path / "gone" / "threadline.log")
