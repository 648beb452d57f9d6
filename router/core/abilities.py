"""What a channel may or may not be able to render. A channel states its own, a step those that it needs."""

from __future__ import annotations

from enum import StrEnum


class Ability(StrEnum):
    """One thing that not every channel can do."""

    SPEECH = "speech"
    """Hear an answer that is spoken, where no key would do."""
    WHISPER = "whisper"
    """Say something to the agent alone before the two are connected."""
    SKILLS = "skills"
    """Look for an agent with certain skills."""
    PRIORITY = "priority"
    """Serve one caller of a queue before another."""
