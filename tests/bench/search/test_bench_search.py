"""The benchmark of searches finds what it is to find, and tells what was too slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.search.__main__ import MOST, main
from bench.search.measure import CARDS, Timed


def test_every_search_finds_what_it_is_to_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.search.rows.SENT_TO_ONE", 200)
    options = f"--size 20000 --databases sqlite --searches 4 --rounds 1 --folder {tmp_path}"
    monkeypatch.setattr("sys.argv", ["bench.search", *options.split()])
    main()
    table = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    found = {kind: told for kind, told, *_ in table[2:]}
    nothing = {kind for kind, told in found.items() if told == "0 to 0"}
    assert {each for each in found if "nobody has" in each} | {"number with 20,000 messages", *CARDS} == nothing
    assert (found["code"], found["reference"], found["customer number"]) == ("1 to 1", "1 to 1", "2 to 2")


def test_the_fastest_of_all_rounds_counts_and_the_slowest_search_of_a_kind_decides() -> None:
    timed = Timed()
    for took in (900.0, 3.0, 5.0):
        for place in range(100):
            timed.take(place, took + place, 1.0, 0)
    assert timed.medians == (52.5, 1.0)
    assert MOST < timed.slowest < 103
