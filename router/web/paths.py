"""Paths on this site that somebody asks to be taken to."""

from __future__ import annotations


def local_path(wanted: str) -> str:
    """``wanted`` when it is a path on this site, else "": a sign-in must not lead to another site."""
    plain = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if plain and wanted.isascii() and wanted.isprintable() and len(wanted) <= 200 else ""
