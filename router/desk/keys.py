"""The keys of the desk, as its help lists them; the keys themselves stand on the buttons (``data-key``)."""

from __future__ import annotations

from typing import Final

KEYS: Final = (
    ("state", ((("R",), "ready"), (("P",), "pause"), (("O",), "off"))),
    ("call", ((("A",), "answer"), (("E",), "finish"), (("W",), "next_call"), (("C",), "next"), (("↑", "↓"), "calls"))),
    (
        "match",
        (
            (("Y",), "right"),
            (("N",), "other"),
            (("1", "…", "9"), "this"),
            (("0",), "none"),
            (("U",), "undo"),
            (("←", "→"), "alternatives"),
        ),
    ),
    ("page", ((("?",), "help"), (("Tab",), "tab"), (("Esc",), "escape"))),
)
"""Groups of keys: what each is called on the keyboard, and the text that says what it does (``keys.…``)."""

KEYS_WITH_CRM: Final = tuple((group, (*keys, (("K",), "crm")) if group == "call" else keys) for group, keys in KEYS)
"""The same where cards lead to a CRM."""
