"""What a network says of a caller number, read from the words it says it with.

``verstat`` (ATIS-1000074, 3GPP TS 24.229) is what P-Asserted-Identity carries and what Twilio calls ``StirVerstat``:
``TN-Validation-Passed-A``, ``TN-Validation-Failed``, ``No-TN-Validation`` and so on.
"""

from __future__ import annotations

import re
from typing import Final

from router.core.events import Attestation

_VERSTAT: Final = re.compile(r"tn-validation-(?:(passed)-([abc])|(failed)(?:-[abc])?)(?:-diverted)?")
_LEVELS: Final = {"a": Attestation.FULL, "b": Attestation.PARTIAL, "c": Attestation.GATEWAY}


def attestation(verstat: str | None) -> Attestation | None:
    """The attestation that ``verstat`` stands for, in any case of letters.

    A call that was diverted on its way keeps what its number was found to be. None, which says nothing either way, for
    whatever else is said: no check, a check passed without its level, a signature meant for another call
    (``-Passthrough``), and words not known.
    """
    said = _VERSTAT.fullmatch((verstat or "").strip().casefold())
    if said is None:
        return None
    return Attestation.FAILED if said[3] else _LEVELS[said[2]]
