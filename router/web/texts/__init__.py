"""Everything the pages say, in German and English: ``KEY: (German, English)``, one file for each room."""

from __future__ import annotations

from typing import Final

from router.web.person import LANGUAGES
from router.web.texts import (
    admin,
    audit,
    callbacks,
    card,
    common,
    crm,
    desk,
    desk_page,
    failures,
    flows,
    keys,
    people,
    quality,
    refused,
    sign_in,
    supervisor,
    testphone,
    todo,
    work,
)

ALL: Final[dict[str, tuple[str, str]]] = {
    **common.TEXTS,
    **sign_in.TEXTS,
    **desk.TEXTS,
    **desk_page.TEXTS,
    **card.TEXTS,
    **crm.TEXTS,
    **testphone.TEXTS,
    **todo.TEXTS,
    **admin.TEXTS,
    **people.TEXTS,
    **keys.TEXTS,
    **audit.TEXTS,
    **callbacks.TEXTS,
    **quality.TEXTS,
    **flows.TEXTS,
    **supervisor.TEXTS,
    **work.TEXTS,
    **refused.TEXTS,
    **failures.TEXTS,
}


class Texts:
    """The texts of one language: ``texts("desk.title")``; ``{name}`` in a text is replaced by the value given.

    Raises `KeyError` for a key that does not exist.
    """

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._column = LANGUAGES.index(self.language)

    def __call__(self, key: str, **values: object) -> str:
        text = ALL[key][self._column]
        return text.format(**values) if values else text

    def known(self, key: str, otherwise: str) -> str:
        """The text of a key that may not exist, and what to say then."""
        return ALL[key][self._column] if key in ALL else otherwise

    def under(self, prefix: str) -> dict[str, str]:
        """The texts whose key begins with ``prefix``, without it; for the page's scripts."""
        return {key.removeprefix(prefix): pair[self._column] for key, pair in ALL.items() if key.startswith(prefix)}


def preferred(accept_language: str | None) -> str:
    """The language of somebody who is not signed in, from Accept-Language (RFC 9110 section 12.5.4); else English."""
    best, best_weight = "en", 0.0
    for part in (accept_language or "")[:500].split(","):
        name, _, parameters = part.partition(";")
        language = name.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
