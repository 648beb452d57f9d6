"""All that was found by `make fuzz` stays mended, and what is kept is changed a little and tried again.

The changes are drawn with a seed and counted, not timed, so that a run can be repeated.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.__main__ import CORPUS, NAMES
from tests.fuzz.targets import TARGETS

SEED = 20261128
CHANGED = 3000
"""Inputs made for each target; those of flows and speech cost more."""
COSTLY = {"flow": 400, "spoken": 800}
BYTES = (
    b"\0",
    b"\xff",
    b"\n",
    b"\r\n",
    b'"',
    b":",
    b"=",
    b"%",
    b"&",
    b"{",
    b"[",
    b"\xc3",
    b"\xed\xa0\x80",
    b"9" * 40,
    b" ",
)


def kept(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def changed(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    for _ in range(chance.randint(1, 6)):
        at, to = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
        match chance.randrange(6):
            case 0:
                data = data[:at] + data[to:]
            case 1:
                data = data[:at] + chance.choice(BYTES) * chance.choice((1, 1, 1, 50)) + data[at:]
            case 2:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 3:
                data = data[:to] + data[at:to] + data[to:]
            case 4:
                other = chance.choice(others)
                data = data[:at] + other[chance.randrange(len(other) + 1) :]
            case _:
                data = data[:at] + chance.randbytes(chance.randint(1, 8)) + data[to:]
    return data[:4096]


def test_each_target_has_something_to_begin_with() -> None:
    assert sorted(NAMES) == sorted(TARGETS) == sorted(path.name for path in Path(CORPUS).iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_and_what_is_like_it(name: str) -> None:
    chance, corpus, target = random.Random(SEED), kept(name), TARGETS[name]
    for data in (b"", *corpus):
        target(data)
    for _ in range(COSTLY.get(name, CHANGED)):
        data = changed(chance, chance.choice(corpus), corpus)
        try:
            target(data)
        except Exception:
            print(f"seed {SEED}: {data!r}")
            raise
