"""Where text messages may go and who may be called back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.destinations import Destinations, takes_texts

GERMANY = Destinations(("DE",))


@pytest.mark.parametrize(
    ("number", "texts", "calls"),
    [
        ("+491713920011", True, True),
        ("+493023125011", False, True),
        ("+49900112345", False, False),  # premium rate
        ("+4918051234567", False, False),  # shared cost
        ("+4970012345678", False, False),  # personal number, dear
        ("+498001234567", False, False),  # free of charge for the caller: nobody's telephone
        ("+436641234567", True, False),  # not Germany
        ("+493", False, False),
        ("030123456", False, False),
        ("", False, False),
    ],
)
def test_numbers_of_every_kind(number: str, texts: bool, calls: bool) -> None:
    assert takes_texts(number) is texts
    assert GERMANY.may_be_called(number) is calls


def test_one_country_code_is_not_one_country() -> None:
    assert Destinations(("US",)).allow("+12025550123")
    assert not Destinations(("US",)).allow("+18765551234"), "Jamaica"
    assert Destinations(("+1",)).allow("+18765551234"), "as it was written"


def test_a_beginning_can_be_as_narrow_as_one_likes() -> None:
    narrow = Destinations(("+49171", "AT"))
    assert narrow.allow("+491713920011") and narrow.allow("+436641234567")
    assert not narrow.allow("+491723920011") and not Destinations(()).allow("+491713920011")


@given(st.text(max_size=30) | st.from_regex(r"\+[0-9]{1,18}", fullmatch=True))
def test_nothing_that_is_typed_breaks_it(number: str) -> None:
    takes_texts(number)
    assert not GERMANY.may_be_called(number) or number.startswith("+49")
