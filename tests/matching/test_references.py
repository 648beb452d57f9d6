"""References in one form, and what is one slip away from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.matching.references import (
    END,
    LONGEST_FUZZY,
    SHORTEST_FUZZY,
    ending,
    ends,
    indexed,
    neighbours,
    normalise,
    one_slip_apart,
)

keys = st.text("0123456789ABCXYZ", min_size=SHORTEST_FUZZY, max_size=LONGEST_FUZZY - 1)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("ab-482 / 139", "AB482139"),
        ("A.B_4:8#2", "AB482"),
        ("Nr. 7", "NR7"),
        ("12", None),
        ("", None),
        ("Straße 12", "STRASSE12"),
        ("Bär 12", None),
        ("1" * 33, None),
        ("1 " * 60, None),
        ("٤٨٢", None),
    ],
)
def test_one_form_for_every_way_of_writing(written: str, key: str | None) -> None:
    assert normalise(written) == key


@given(keys)
def test_what_is_normalised_stays_so(key: str) -> None:
    assert normalise(key) == key


@given(keys, st.data())
def test_every_slip_shares_a_neighbour(key: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(key) - 1))
    char = data.draw(st.sampled_from("0123456789ABCXYZ"))
    slips = [key[:place] + char + key[place + 1 :], key[:place] + char + key[place:], key[:place] + key[place + 1 :]]
    if place + 1 < len(key):
        slips.append(key[:place] + key[place + 1] + key[place] + key[place + 2 :])
    for slip in slips:
        assert one_slip_apart(key, slip) == one_slip_apart(slip, key) == (slip != key)
        if len(slip) >= SHORTEST_FUZZY:
            assert neighbours(key) & neighbours(slip)


@given(keys, st.data())
def test_however_many_slips_there_are_one_end_with_at_most_one_is_enough(key: str, data: st.DataObject) -> None:
    end = key[:END] if (first := data.draw(st.booleans())) else key[-END:]
    place = data.draw(st.integers(0, len(end) - 1))
    wrong = end[:place] + data.draw(st.sampled_from("0123456789ABCXYZ")) + end[place + 1 :]
    other = data.draw(st.text("0123456789ABCXYZ", max_size=LONGEST_FUZZY - END))
    heard = wrong + other if first else other + wrong
    if len(heard) >= SHORTEST_FUZZY:
        assert ends(key) & ends(heard)
        assert ends(key) <= indexed(key)
        assert ends(key, exactly=True) <= ends(key)
    if end == wrong and len(heard) >= SHORTEST_FUZZY:
        assert ends(key, exactly=True) & ends(heard, exactly=True)


@given(keys, keys)
def test_a_slip_is_what_optimal_string_alignment_says(one: str, other: str) -> None:
    assert one_slip_apart(one, other) == (_distance(one, other) == 1)


def test_two_slips_are_too_many() -> None:
    assert not one_slip_apart("482139", "481238")
    assert not one_slip_apart("482139", "482139")
    assert not one_slip_apart("1234", "123456")


def test_the_ending_is_digits_only() -> None:
    assert ending("AB482139", 3) == "139"
    assert ending("48A139", 4) is None
    assert ending("139", 3) == "139"
    assert ending("39", 3) is None


def test_too_short_and_too_long_are_not_found_with_a_slip() -> None:
    assert neighbours("1234") == frozenset()
    assert neighbours("1" * 21) == frozenset()
    assert all(-(2**63) <= each < 2**63 for each in neighbours("482139"))


def _distance(one: str, other: str) -> int:
    """Optimal string alignment by the textbook's table."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for n in range(len(one) + 1):
        table[n][0] = n
    for m in range(len(other) + 1):
        table[0][m] = m
    for n in range(1, len(one) + 1):
        for m in range(1, len(other) + 1):
            same = one[n - 1] == other[m - 1]
            table[n][m] = min(table[n - 1][m] + 1, table[n][m - 1] + 1, table[n - 1][m - 1] + (not same))
            if n > 1 and m > 1 and one[n - 1] == other[m - 2] and one[n - 2] == other[m - 1]:
                table[n][m] = min(table[n][m], table[n - 2][m - 2] + 1)
    return table[-1][-1]
