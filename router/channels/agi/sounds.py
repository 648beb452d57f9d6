"""Prompts as Asterisk fetches them: made if need be, then played from our own address."""

from __future__ import annotations

from router.channels.agi.render import Sound
from router.channels.agi.session import Sounds
from router.core.commands import Prompt
from router.speech.brief import KEPT
from router.speech.prompts import PromptStore
from router.speech.serving import prompt_path


def prompt_sounds(store: PromptStore, base_url: str, kept: float = KEPT) -> Sounds:
    """Prompts of ``store`` under ``base_url``, the address at which Asterisk reaches this service. Those made for one
    call are there for ``kept`` seconds."""
    base = base_url.rstrip("/")

    async def sounds(prompt: Prompt) -> list[Sound]:
        if prompt.once:
            pieces = await store.once(prompt.text, prompt.language, prompt.recordings, kept)
        else:
            pieces = await store.pieces(prompt.text, prompt.language, prompt.recording)
        return [Sound(base + prompt_path(piece.key), piece.seconds, piece.path) for piece in pieces]

    return sounds
