"""docs/messages.md names every field and column that there is, and its limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from router.core.times import rfc3339
from router.messages.columns import COLUMNS, FACT, SENSITIVE_FACT, TIMES
from router.messages.local_times import ZONES, with_offset
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


@pytest.mark.parametrize(("region", "zone"), ZONES.items())
def test_every_region_with_local_times_is_documented(region: str, zone: str) -> None:
    assert f"`{region}` (`{zone}`)" in " ".join(ABOUT_FILES.split())


def test_the_local_times_in_the_document_are_understood() -> None:
    written = [text for text in CODE.findall(ABOUT_FILES) if re.match(r"[0-9]+\.", text)]
    assert len(written) == 3
    for text in written:
        rfc3339(with_offset(text, "DE", ends=False))


def test_every_column_of_a_time_takes_local_times() -> None:
    fields = {"offer_" + name for name in Offer.model_fields} | set(Registration.model_fields)
    times = {name for name in fields & set(COLUMNS) if name.endswith("_at") or "_valid_" in name}
    assert times == TIMES
