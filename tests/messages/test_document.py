"""docs/messages.md names every field and column that there is, and its limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from router.messages.columns import COLUMNS, FACT, SENSITIVE_FACT
from router.messages.registration import Customer, Offer, Recipient, Registration
from router.messages.rows import LONGEST_ROW

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "messages.md").read_text("utf-8")
ABOUT_ONE, ABOUT_FILES = TEXT.split("## A file")
CODE = re.compile(r"`([^`\n]+)`")


@pytest.mark.parametrize("column", [*COLUMNS, FACT + "NAME", SENSITIVE_FACT + "NAME"])
def test_every_column_is_documented(column: str) -> None:
    assert column in CODE.findall(ABOUT_FILES)


@pytest.mark.parametrize(
    ("model", "prefix"), [(Registration, ""), (Recipient, "to."), (Customer, "customer."), (Offer, "offer.")]
)
def test_every_field_is_documented(model: type[BaseModel], prefix: str) -> None:
    # A row of the table names the first field of a part in full, and the others by their own name: `.name`.
    table = [line for line in ABOUT_ONE.splitlines() if line.startswith(f"| `{prefix}")]
    named = {name.removeprefix(prefix).removeprefix(".") for line in table for name in CODE.findall(line.split("|")[1])}
    parts = {"to", "customer", "offer"} if model is Registration else set()
    assert set(model.model_fields) - parts <= named


def test_the_longest_row_is_documented() -> None:
    assert f"{LONGEST_ROW:,} characters" in ABOUT_FILES
