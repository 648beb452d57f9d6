"""What documents take from the code is what the code says now."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest
import yaml

from router.engine.scenario import read_scenario
from router.flow.files import check, check_files
from tools.docs import PARTS, written

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("document", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_documents_are_up_to_date(document: Path) -> None:
    text = document.read_text("utf-8")
    assert written(text) == text, "run 'make docs'"


def test_every_part_from_the_code_stands_in_a_document() -> None:
    text = "".join(document.read_text("utf-8") for document in DOCS.glob("*.md"))
    assert [name for name in PARTS if f"<!-- from the code: {name} -->" not in text] == []


EXAMPLES = [
    example
    for document in ("flows.md", "prompts.md", "webhooks.md", "asking-for-numbers.md")
    for example in re.findall(r"```yaml\n(.*?)```", (DOCS / document).read_text("utf-8"), flags=re.DOTALL)
    if document != "asking-for-numbers.md" or example.startswith("version:")
]


NAMES = [str(yaml.safe_load(example).get("name", "shared pieces")) for example in EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_the_example_files_in_the_documents_are_good_ones(example: str) -> None:
    shared = "steps" not in yaml.safe_load(example)
    check_files({"shared/example.yaml" if shared else "example.yaml": example})


def test_the_documents_have_example_flows() -> None:
    assert NAMES == ["hotline", "shared pieces", "recognising", "offer_told", "orders", "spoken_reference"]


PARTS_OF_FLOWS = [
    example
    for example in re.findall(
        r"```yaml\n(.*?)```", (DOCS / "asking-for-numbers.md").read_text("utf-8"), flags=re.DOTALL
    )
    if not example.startswith("version:")
]


FRAME = """version: 1
name: parts
languages: [de, en]
start: consent
steps:
  number: {type: collect, text: {de: Zahl?, en: Number?}, into: number, next: confirmed}
  number_kept:
    type: collect
    text: {de: Zahl?, en: Number?}
    into: number
    keep_recording: {announced_by: consent}
    next: confirmed
  connect: {type: transfer}
"""


def test_the_parts_of_flows_that_talk_with_callers_are_good_ones() -> None:
    confirmed, consent, lines = PARTS_OF_FLOWS
    flow = check(FRAME + indent(confirmed + consent, "  "), "parts.yaml")
    begin = "flow: parts\nat: 2026-11-23T10:00:00+01:00\nfrom: withheld\ncall:\n- start: true\n"
    assert len(read_scenario(begin + lines, "parts.yaml").text.call) == 3
    assert flow.name == "parts"
