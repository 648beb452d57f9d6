"""What documents take from the code is what the code says now."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from router.flow.check import check
from tools.docs import PARTS, written

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("document", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_documents_are_up_to_date(document: Path) -> None:
    text = document.read_text("utf-8")
    assert written(text) == text, "run 'make docs'"


def test_every_part_from_the_code_stands_in_a_document() -> None:
    text = "".join(document.read_text("utf-8") for document in DOCS.glob("*.md"))
    assert [name for name in PARTS if f"<!-- from the code: {name} -->" not in text] == []


def test_the_example_flow_in_the_documents_is_a_good_one() -> None:
    text = (DOCS / "flows.md").read_text("utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert yaml.safe_load(example)["name"] == "hotline"
    check(example, "docs/flows.md")
