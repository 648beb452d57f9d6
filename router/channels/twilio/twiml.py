"""TwiML as text: elements with what XML cannot hold left out. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
EMPTY: Final = f"{_HEAD}<Response/>"
"""Nothing more to do: the caller has gone."""

# Characters that XML 1.0 has no way to write (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Attributes = Mapping[str, str | int | bool | None]


def response(verbs: str) -> str:
    """The document of these verbs."""
    return f"{_HEAD}<Response>{verbs}</Response>"


def tag(name: str, attributes: Attributes | None = None, content: str = "") -> str:
    """An element; attributes that are None are left out, ``content`` is XML already."""
    written = "".join(f" {key}={_quoted(value)}" for key, value in (attributes or {}).items() if value is not None)
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def redirect(address: str) -> str:
    """Ask at ``address`` what comes next."""
    return tag("Redirect", {"method": "POST"}, text(address))


def text(plain: str) -> str:
    """Plain text as XML."""
    return escape(_xml(plain))


def _quoted(value: str | int | bool) -> str:
    return quoteattr(_xml(str(value).lower() if isinstance(value, bool) else str(value)))


def _xml(plain: str) -> str:
    return _NOT_XML.sub(" ", plain)
