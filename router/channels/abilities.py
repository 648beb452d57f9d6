"""What each channel can do beyond what all can. A flow is checked against the channels in use."""

from __future__ import annotations

from collections.abc import Mapping

from router.channels.twilio.destinations import TwilioQueue, destinations
from router.core.abilities import Ability
from router.settings import Settings
from router.speech.recognition.choice import chosen

ABILITIES: Mapping[str, frozenset[Ability]] = {
    "asterisk": frozenset({Ability.WHISPER, Ability.SKILLS, Ability.PRIORITY}),
    "twilio": frozenset({Ability.SPEECH, Ability.WHISPER}),
    "testphone": frozenset(Ability),
}


def abilities_of(name: str, settings: Settings) -> frozenset[Ability]:
    """What a channel can do as it is set up. An agent who takes callers out of a queue of Twilio's own is told nothing
    before: Twilio whispers to whom it dials. Asterisk hears speech where there is a recogniser; Twilio has its own."""
    able = ABILITIES[name]
    if name == "asterisk" and chosen(settings) is not None:
        return able | {Ability.SPEECH}
    if name != "twilio":
        return able
    taken_to = destinations(settings.twilio_queues, settings.region)
    dials = any(not isinstance(taken_to[queue], TwilioQueue) for queue in {*settings.queues, *settings.twilio_queues})
    return able if dials else able - {Ability.WHISPER}


def in_use(settings: Settings) -> tuple[str, ...]:
    """The channels that real calls come in on: Twilio where it is set up; Asterisk where its manager interface is, or
    where nothing else is."""
    twilio = settings.twilio_auth_token is not None
    asterisk = settings.ami_secret is not None or not twilio
    return tuple(name for name, used in (("asterisk", asterisk), ("twilio", twilio)) if used)
