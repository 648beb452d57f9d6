"""Where a card leads in the CRM: every value stays where its variable stands, and nothing is told that is not shown."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.desk.crm_link import filled

TEMPLATE = "https://crm.example.net/customers/{{customer.external_id}}?ref={{ message.reference }}#{{queue}}"


def test_the_values_are_put_in() -> None:
    values = {"customer.external_id": "K 17", "message.reference": "A&B=1", "queue": "sales"}
    assert filled(TEMPLATE, values.get) == "https://crm.example.net/customers/K%2017?ref=A%26B%3D1#sales"


@pytest.mark.parametrize("missing", [None, "", "  ", ".", ".."])
def test_without_a_value_there_is_no_address(missing: str | None) -> None:
    assert filled("https://crm.example.net/{{customer.external_id}}", lambda _: missing) is None
    assert filled(None, lambda _: "x") is None


@given(st.text(min_size=1).filter(lambda text: text.strip() and text not in (".", "..") and text.isprintable()))
def test_whatever_a_value_is_it_changes_nothing_else(value: str) -> None:
    address = filled(TEMPLATE, lambda _: value)
    assert address is not None
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc) == ("https", "crm.example.net")
    assert parts.path.count("/") == 2
    assert unquote(parts.path.rpartition("/")[2]) == value
    assert parse_qs(parts.query, keep_blank_values=True) == {"ref": [value]}
    assert unquote(parts.fragment) == value
