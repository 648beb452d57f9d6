"""The table of levels, row by row."""

from __future__ import annotations

import pytest

from router.core.assurance import Assurance
from router.core.events import Attestation
from router.core.match import Evidence, EvidenceKind
from router.matching.assurance import assurance_of

L0, L1, L2, L3 = Assurance
K = EvidenceKind


@pytest.mark.parametrize(
    ("kinds", "attestation", "level"),
    [
        ([K.TIMING], None, L0),
        ([K.SERVICE_NUMBER], None, L0),
        ([K.SERVICE_NUMBER, K.LAST_DIGITS, K.TOPIC], None, L0),
        ([K.OTHER_NUMBER], Attestation.FULL, L0),
        ([K.RECIPIENT_NUMBER], None, L1),
        ([K.CUSTOMER_NUMBER], Attestation.PARTIAL, L1),
        ([K.SWITCHBOARD], Attestation.FULL, L1),
        ([K.RECIPIENT_NUMBER, K.LAST_DIGITS, K.TOPIC], None, L1),
        ([K.REFERENCE], None, L1),
        ([K.REFERENCE_HEARD], None, L1),
        ([K.REFERENCE, K.SWITCHBOARD], None, L1),
        ([K.REFERENCE_HEARD, K.RECIPIENT_NUMBER], None, L1),
        ([K.CALLBACK_CODE], None, L2),
        ([K.CALLBACK_CODE, K.OTHER_NUMBER], Attestation.FULL, L2),
        ([K.CALLBACK_CODE, K.SWITCHBOARD], None, L2),
        ([K.RECIPIENT_NUMBER], Attestation.FULL, L2),
        ([K.RECIPIENT_NUMBER, K.SHARED_NUMBER], Attestation.FULL, L1),
        ([K.REFERENCE, K.CUSTOMER_NUMBER], None, L2),
        ([K.REFERENCE, K.CUSTOMER_NUMBER], Attestation.FULL, L2),
        ([K.CALLBACK_CODE, K.RECIPIENT_NUMBER], None, L3),
        ([K.CALLBACK_CODE, K.CUSTOMER_NUMBER, K.SHARED_NUMBER], None, L3),
        ([K.RECIPIENT_NUMBER], Attestation.FAILED, L0),
        ([K.SWITCHBOARD], Attestation.FAILED, L0),
        ([K.REFERENCE, K.RECIPIENT_NUMBER], Attestation.FAILED, L1),
        ([K.CALLBACK_CODE, K.RECIPIENT_NUMBER], Attestation.FAILED, L2),
    ],
)
def test_the_level_follows_from_the_evidence(
    kinds: list[EvidenceKind], attestation: Attestation | None, level: Assurance
) -> None:
    evidence = [Evidence(kind, 1.0, ".") for kind in kinds]
    assert assurance_of(evidence, attestation) is level
    assert assurance_of([*evidence, Evidence(K.ATTESTATION, 0.1, ".")], attestation) is level
