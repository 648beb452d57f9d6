"""The columns of a CSV file of messages, and how its cells become the fields of a registration."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Sequence
from typing import Any

from router.messages.local_times import with_offset
from router.messages.registration import FieldErrors

COLUMNS: dict[str, tuple[str, ...]] = {
    "external_id": ("external_id",),
    "channel": ("channel",),
    "to_phone": ("to", "phone"),
    "to_email": ("to", "email"),
    "customer_external_id": ("customer", "external_id"),
    "customer_name": ("customer", "name"),
    "customer_language": ("customer", "language"),
    "customer_segment": ("customer", "segment"),
    "customer_phones": ("customer", "phones"),
    "offer_title": ("offer", "title"),
    "offer_summary": ("offer", "summary"),
    "offer_valid_from": ("offer", "valid_from"),
    "offer_valid_until": ("offer", "valid_until"),
    "offer_queue": ("offer", "queue"),
    "offer_skills": ("offer", "skills"),
    "offer_topic": ("offer", "topic"),
    "offer_url": ("offer", "url"),
    "offer_script": ("offer", "script"),
    "body": ("body",),
    "reference": ("reference",),
    "campaign": ("campaign",),
    "call_to_action": ("call_to_action",),
    "pool": ("pool",),
    "lease": ("lease",),
    "sent_at": ("sent_at",),
}
"""The columns and the fields they fill. Several values in a cell are separated by ``|``, ``,`` or ``;``."""
FACT, SENSITIVE_FACT = "offer_facts.", "offer_sensitive_facts."
"""Columns that begin so hold facts of the offer, named by the rest: ``offer_facts.Price``."""
REQUIRED = ("external_id", "channel", "offer_title")
LISTS = frozenset({"customer_phones", "offer_skills"})
TIMES = frozenset({"offer_valid_from", "offer_valid_until", "sent_at"})
YES_OR_NO = frozenset({"call_to_action"})
SEPARATORS = (",", ";", "\t")
MOST_COLUMNS = 200

_BETWEEN = re.compile(r"[|,;\n]")
_SAID = {
    **dict.fromkeys(("true", "yes", "1", "wahr", "ja"), True),
    **dict.fromkeys(("false", "no", "0", "falsch", "nein"), False),
}
"""Yes and no as people and spreadsheets write them."""
_FIELDS = {".".join(path): column for column, path in COLUMNS.items()}


def separator(line: str) -> str:
    """The separator of a file whose first line is ``line``: the one that gives the most known columns."""

    def known(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([line.replace("\r", " ")], delimiter=delimiter), [])
        return sum(_known(_name(cell)) for cell in cells), len(cells)

    return max(SEPARATORS, key=known)


class Header:
    """The columns of one file, in their order."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.names = [_name(cell) for cell in cells]

    def errors(self) -> FieldErrors:
        """What is wrong with the columns; each unknown one is told with the nearest that there is."""
        if len(self.names) > MOST_COLUMNS:
            return [{"field": "row", "message": f"has more than {MOST_COLUMNS} columns"}]
        wrong = [
            {"field": shown(name), "message": _unknown(name)} for name in dict.fromkeys(self.names) if not _known(name)
        ]
        wrong += [
            {"field": shown(name), "message": "there is more than one such column"}
            for name in dict.fromkeys(self.names)
            if _known(name) and self.names.count(name) > 1
        ]
        missing = [name for name in REQUIRED if name not in self.names]
        return wrong + [{"field": name, "message": "this column is missing"} for name in missing]

    def data(self, cells: Sequence[str], region: str) -> dict[str, Any]:
        """A row as the JSON of a registration; empty cells were not given. As many cells as there are columns.
        ``region`` (ISO 3166) is where dates without an offset belong."""
        data: dict[str, Any] = {"offer": {}}
        for name, cell in zip(self.names, cells, strict=True):
            if not cell.strip():
                continue
            if name.startswith(FACT):
                data["offer"].setdefault("facts", {})[name.removeprefix(FACT)] = cell
            elif name.startswith(SENSITIVE_FACT):
                fact = {"value": cell, "sensitive": True}
                data["offer"].setdefault("facts", {})[name.removeprefix(SENSITIVE_FACT)] = fact
            else:
                _put(data, COLUMNS[name], _value(name, cell, region))
        return data


def column_of(field: str) -> str:
    """The column that fills a field of a registration, for errors; the field itself where there is none."""
    if field.startswith("offer.facts."):
        return FACT + field.removeprefix("offer.facts.")
    parts = field.split(".")
    return _FIELDS.get(field) or _FIELDS.get(".".join(parts[:-1])) or field


def shown(name: str) -> str:
    """A column's name as far as it can be shown."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name[:60])


def _name(cell: str) -> str:
    name = cell.strip()
    lowered = name.casefold()
    for prefix in (FACT, SENSITIVE_FACT):
        if lowered.startswith(prefix):
            return prefix + name[len(prefix) :].strip()
    return lowered


def _known(name: str) -> bool:
    return name in COLUMNS or any(name.startswith(prefix) and name != prefix for prefix in (FACT, SENSITIVE_FACT))


def _unknown(name: str) -> str:
    if not name:
        return "a column has no name"
    written = name.replace(".", "_").replace(" ", "_").replace("-", "_")
    nearest = difflib.get_close_matches(written[:60], COLUMNS, n=1, cutoff=0.5)
    return "there is no such column" + (f"; did you mean {nearest[0]}?" if nearest else "")


def _put(data: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    *parents, last = path
    for parent in parents:
        data = data.setdefault(parent, {})
    data[last] = value


def _value(column: str, cell: str, region: str) -> str | bool | list[str]:
    if column in LISTS:
        return _values(cell)
    text = cell.strip()
    if column in YES_OR_NO:
        return _SAID.get(text.casefold(), text)
    return with_offset(text, region, ends=column == "offer_valid_until") if column in TIMES else text


def _values(cell: str) -> list[str]:
    return [value.strip() for value in _BETWEEN.split(cell) if value.strip()]
