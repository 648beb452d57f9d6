"""What flows are checked against beside their own files: queues, channels, recordings, as far as settings tell."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from router.channels.abilities import ABILITIES, abilities_of, in_use
from router.flow.surroundings import Surroundings
from router.settings import Settings
from router.speech.recordings import recorded


def surroundings_of(settings: Settings) -> Surroundings:
    """For the service, where every setting counts, also one that is as it comes."""
    return Surroundings(
        queues={*settings.queues, *settings.twilio_queues},
        webhooks=set(settings.webhooks),
        texts=settings.sends_texts,
        recordings=recorded(settings.recordings),
        channels={name: abilities_of(name, settings) for name in in_use(settings)},
    )


def known_beforehand(settings: Settings | None, channels: Iterable[str], recordings: Path | None) -> Surroundings:
    """For the command line, which also checks flows where no service is set up: what was said on it, and what the
    settings name themselves. ``channels`` are names of `ABILITIES`."""
    named = settings.model_fields_set if settings else frozenset()
    queues = {*settings.queues, *settings.twilio_queues} if settings and "queues" in named else None
    if settings and not channels and {"ami_secret", "twilio_auth_token"} & named:
        channels = in_use(settings)
    if settings and recordings is None and "recordings" in named:
        recordings = settings.recordings
    return Surroundings(
        queues=queues,
        webhooks=set(settings.webhooks) if settings and "webhooks" in named else None,
        texts=True if settings and settings.sends_texts else None,
        recordings=recorded(recordings) if recordings else None,
        channels={name: abilities_of(name, settings) if settings else ABILITIES[name] for name in channels},
    )
