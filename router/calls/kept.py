"""Which recording of what a caller said belongs to a call."""

from __future__ import annotations

from typing import Any

from router.core.commands import AskDigits
from router.core.events import Event, SpeechHeard
from router.engine.session import Session


def kept_speech(asked: Session, event: Event) -> dict[str, Any] | None:
    """What is stored of a recording, where ``event`` answers a question whose answer may be kept; else None. ``asked``
    is the call as it waited for the answer."""
    match event, asked.waiting:
        case SpeechHeard(recording=str() as recording), AskDigits(listening=listening) if listening.keep:
            return {"call_id": asked.call_id, "step": asked.step or "", "recording": recording}
        case _:
            return None
