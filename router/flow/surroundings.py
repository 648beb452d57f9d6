"""What a flow is checked against beside its own files. Where nothing is known, nothing is said about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from router.core.abilities import Ability


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``queues`` and ``webhooks`` are the names that the settings have; ``texts``: whether text messages can be sent;
    ``recordings`` are the recorded files there are, as (language, name); ``channels`` are those in use, by name, with
    what they can do. None: not known."""

    queues: Collection[str] | None = None
    webhooks: Collection[str] | None = None
    texts: bool | None = None
    recordings: Collection[tuple[str, str]] | None = None
    channels: Mapping[str, Collection[Ability]] = field(default_factory=dict)


NOTHING_KNOWN = Surroundings()
