"""Texts of the administration."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "admin.title": ("Verwaltung", "Administration"),
}
