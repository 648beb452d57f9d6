"""What looks personal does not get into the log; ids and times do."""

from __future__ import annotations

import string
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.logs.masking import HIDDEN, LONGEST, masked, masked_value


@pytest.mark.parametrize(
    "personal",
    [
        "+4930666001", "0049 30 666 001", "030/666001", "(030) 666-001", "0171 392 00 11", "4711054711", "471105",
        "anna.beispiel@example.com", "tl_0123456789ab_aBcDeFgHiJkLmNoP", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "caller {} is not known", "to={}, gone", "'{}'", "<{}>", "tel:{}"])
def test_what_is_personal_is_hidden(personal: str, around: str) -> None:
    text = around.format(personal)
    assert personal not in masked(text)
    assert HIDDEN in masked(text)


@pytest.mark.parametrize(
    "readable",
    [
        "ba3e33c260b5a863a2889fcf64db3748", "CA0123456789abcdef0123456789abcdef", "1717171717.123",
        "PJSIP/101-0000001a",
        "2026-11-27T22:54:10.123+00:00", "2026-11-27 22:54:10", "127.0.0.1:8080", "192.168.100.123", "5.5 s of 12.25 s",
        "12345678-1234-1234-8abc-0123456789ab", "agi://127.0.0.1:4573/threadline", "HTTP 503", "sip:anna", "",
        "postgresql+asyncpg", "handle.py:123 _handled", "+49", "12345",
    ],
)  # fmt: skip
def test_ids_times_and_places_stay_readable(readable: str) -> None:
    assert masked(readable) == readable
    assert masked(f"it was {readable} before") == f"it was {readable} before"


def test_a_password_in_an_address_is_hidden() -> None:
    assert "geheim" not in masked("postgresql://threadline:geheim@db.example.net/threadline")


def test_whatever_a_line_holds_is_looked_through() -> None:
    class Caller:
        def __str__(self) -> str:
            return "Caller('+4930666001')"

    told: Any = masked_value(
        {"reply": [("+4930666001", {"to": "a@example.com"})], "who": Caller(), "n": 3, "call": "1" * 32}
    )
    assert told == {"reply": [[HIDDEN, {"to": HIDDEN}]], "who": f"Caller('{HIDDEN}')", "n": 3, "call": "1" * 32}
    deep: Any = "+4930666001"
    for _ in range(50):
        deep = [deep]
    assert "666001" not in str(masked_value(deep))


@given(st.text(string.digits + "+ ()/-", min_size=6, max_size=60))
def test_digits_however_written_are_hidden(text: str) -> None:
    """Six and more digits with at most two signs between them never come through whole."""
    told = masked(text)
    runs = [run for run in "".join(c if c.isdigit() else " " for c in told).split() if len(run) > 5]
    assert not [run for run in runs if len(run) >= 6 and f"-{run}" not in told and f"{run}-" not in told]


def test_no_text_takes_long() -> None:
    begun = time.process_time()
    for text in ("1 " * 100_000, "a@" * 100_000, "1-" * 100_000, "a." * 100_000, "://a:" * 50_000, "(" * 200_000):
        assert len(masked(text)) <= LONGEST + 200
    assert time.process_time() - begun < 5
