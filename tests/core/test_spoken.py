from __future__ import annotations

import pytest

from router.core.spoken import digits_said


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("4 8 2, 139 - 0", "4821390"),
        ("vier acht zwei eins drei neun null", "4821390"),
        ("Four eight TWO, oh", "4820"),
        ("zwo fünf fuenf", "255"),
        ("Ich habe keinen Code", ""),
        ("٤٢", ""),
        ("", ""),
    ],
)
def test_digits_said(said: str, digits: str) -> None:
    assert digits_said(said) == digits
