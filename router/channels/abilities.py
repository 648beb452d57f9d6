"""What each channel can do beyond what all can. A flow is checked against the channels in use."""

from __future__ import annotations

from collections.abc import Mapping

from router.core.abilities import Ability
from router.settings import Settings

ABILITIES: Mapping[str, frozenset[Ability]] = {
    "asterisk": frozenset({Ability.WHISPER, Ability.SKILLS, Ability.PRIORITY}),
    "twilio": frozenset({Ability.SPEECH, Ability.WHISPER}),
    "testphone": frozenset(Ability),
}


def in_use(settings: Settings) -> tuple[str, ...]:
    """The channels that real calls come in on: Twilio where it is set up; Asterisk where its manager interface is, or
    where nothing else is."""
    twilio = settings.twilio_auth_token is not None
    asterisk = settings.ami_secret is not None or not twilio
    return tuple(name for name, used in (("asterisk", asterisk), ("twilio", twilio)) if used)
