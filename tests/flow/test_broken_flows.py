"""One file per mistake an admin can make, with the exact problems; the wording is frozen in `problems.txt`.

After a knowing change of wording: ``python -m tests.flow.test_broken_flows`` writes the file anew; read its diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from router.flow.load import load_file
from router.flow.problems import FlowRefused

FOLDER = Path(__file__).parents[1] / "broken_flows"
FROZEN = FOLDER / "problems.txt"
FILES = sorted(FOLDER.glob("*.yaml"))


def problems(file: Path) -> list[str]:
    try:
        load_file(file)
    except FlowRefused as refused:
        return [str(problem).replace(str(file), file.name) for problem in refused.problems]
    return []


def frozen() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in FROZEN.read_text().splitlines():
        found.setdefault(line.split(":", 1)[0], []).append(line)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_all_problems_are_named_with_their_places(file: Path) -> None:
    assert problems(file) == frozen()[file.name]


def test_nothing_is_frozen_that_is_not_tested() -> None:
    assert set(frozen()) == {file.name for file in FILES}


if __name__ == "__main__":
    FROZEN.write_text("".join(f"{line}\n" for file in FILES for line in problems(file)))
