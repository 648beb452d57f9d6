"""What callers hear while they wait for agents whom we ring. Pure."""

from __future__ import annotations

from typing import Final

from router.core.commands import Prompt
from router.flow.nodes.base import Words
from router.flow.queues import Announcements

_PATIENCE: Final = {
    "de": "Bitte haben Sie noch einen Moment Geduld. Wir verbinden Sie, sobald jemand frei ist.",
    "en": "Please stay on the line. We will connect you as soon as somebody is free.",
}
_NEXT: Final = {"de": "Sie sind als Nächstes an der Reihe.", "en": "You are next in line."}
_ONE: Final = {"de": "Vor Ihnen wartet noch ein Anruf.", "en": "There is one caller ahead of you."}
_MORE: Final = {"de": "Vor Ihnen warten noch {n} Anrufe.", "en": "There are {n} callers ahead of you."}
_MINUTE: Final = {"de": "Es dauert etwa eine Minute.", "en": "It will take about a minute."}
_MINUTES: Final = {"de": "Es dauert etwa {n} Minuten.", "en": "It will take about {n} minutes."}


def is_due(announcements: Announcements, heard: int, waited: float) -> bool:
    """Whether the next announcement is due after ``waited`` seconds, ``heard`` of them having been made."""
    return waited >= (heard + 1) * announcements.every


def announcement(
    announcements: Announcements, heard: int, language: str, ahead: int, expected: int | None
) -> tuple[Prompt, ...]:
    """The next announcement: how many are ``ahead`` and the ``expected`` wait in seconds, where they are to be told and
    known, and one of the texts in turn; without any of it a word of patience."""
    said: list[Prompt] = []
    if announcements.position:
        said.append(_in(_NEXT if ahead == 0 else _ONE if ahead == 1 else _MORE, language, ahead))
    if announcements.wait and expected is not None:
        minutes = max(1, round(expected / 60))
        said.append(_in(_MINUTE if minutes == 1 else _MINUTES, language, minutes))
    if announcements.texts:
        said.append(_words(announcements.texts[heard % len(announcements.texts)], language))
    return tuple(said) or (_in(_PATIENCE, language, 0),)


def _in(texts: dict[str, str], language: str, number: int) -> Prompt:
    known = language if language in texts else "en"
    return Prompt(texts[known].format(n=number), known)


def _words(words: Words, language: str) -> Prompt:
    known = language if language in words.texts else next(iter(words.texts), language)
    return Prompt(words.texts.get(known, ""), known)
