"""What a network says of a caller number, as an attestation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.events import Attestation
from router.core.verstat import attestation


@pytest.mark.parametrize(
    ("verstat", "expected"),
    [
        ("TN-Validation-Passed-A", Attestation.FULL),
        ("TN-Validation-Passed-B", Attestation.PARTIAL),
        ("TN-Validation-Passed-C", Attestation.GATEWAY),
        ("tn-validation-passed-a", Attestation.FULL),
        ("TN-Validation-Passed-A-Diverted", Attestation.FULL),
        ("TN-Validation-Failed", Attestation.FAILED),
        ("TN-Validation-Failed-A", Attestation.FAILED),
        ("TN-Validation-Failed-C-Diverted", Attestation.FAILED),
        ("No-TN-Validation", None),
        ("TN-Validation-Passed", None),
        ("TN-Validation-Passed-A-Passthrough", None),
        ("TN-Validation-Passed-D", None),
        ("TN-Validation-Passed-A;x", None),
        ("", None),
        (None, None),
    ],
)
def test_every_word_has_its_meaning_or_none(verstat: str | None, expected: Attestation | None) -> None:
    assert attestation(verstat) is expected


@given(st.text())
def test_whatever_else_is_said_says_nothing(text: str) -> None:
    assert attestation(text) is None or "validation" in text.casefold()
