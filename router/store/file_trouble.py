"""Why an embedded database cannot be used, as far as its file and folder tell."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import make_url


def file_trouble(url: str) -> str | None:
    """What is wrong with the file of ``url``, or with its folder; None where nothing is, or it is no embedded one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    file = Path(parsed.database)
    folder = file.absolute().parent
    if not folder.is_dir():
        return f"{file}: the folder {folder} does not exist: make it, for the service's user"
    if file.is_dir():
        return f"{file}: is a folder, not a file"
    for place in (folder, file):  # its write-ahead log is made in the folder
        if place.exists() and not os.access(place, os.W_OK):
            return f"{file}: {place} cannot be written to: give it to the service's user"
    return None
