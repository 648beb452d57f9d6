"""How far the evidence for the message named can be trusted; what is shown for it stands in `disclosure`."""

from __future__ import annotations

from collections.abc import Iterable

from router.core.assurance import Assurance
from router.core.events import Attestation
from router.core.match import Evidence, EvidenceKind

_ON_FILE = frozenset({EvidenceKind.RECIPIENT_NUMBER, EvidenceKind.CUSTOMER_NUMBER})
_GIVEN = frozenset({EvidenceKind.REFERENCE, EvidenceKind.REFERENCE_HEARD})
_NAMES_SOMEBODY = _ON_FILE | _GIVEN | {EvidenceKind.SWITCHBOARD}


def assurance_of(evidence: Iterable[Evidence], attestation: Attestation | None) -> Assurance:
    """The level for a message with this evidence, for a caller number with this attestation.

    A forged number is none. An attested one says who calls only where nobody else uses it. The last digits of a
    reference, a topic and a service number tell messages apart, not people.
    """
    kinds = frozenset(each.kind for each in evidence if each.kind not in _GIVEN or each.log_odds >= 0.0)
    if attestation is Attestation.FAILED:
        kinds -= _ON_FILE | {EvidenceKind.SWITCHBOARD}
    by_number = bool(kinds & _ON_FILE)
    if EvidenceKind.CALLBACK_CODE in kinds:
        return Assurance.L3 if by_number else Assurance.L2
    if by_number and EvidenceKind.REFERENCE in kinds:
        return Assurance.L2
    if by_number and attestation is Attestation.FULL and EvidenceKind.SHARED_NUMBER not in kinds:
        return Assurance.L2
    return Assurance.L1 if kinds & _NAMES_SOMEBODY else Assurance.L0
