"""What a new file begins with: small, right, and something to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from router.flow.files import FileKind

_FLOW = """\
version: 1
name: NAME
languages: [de, en]
start: greet

prompts:
  greeting:
    de: Guten Tag.
    en: Hello.

steps:
  greet:
    type: say
    text: greeting
    next: connect

  connect:
    type: transfer
    queue: default
"""

_SHARED = """\
version: 1

prompts:
  goodbye:
    de: Auf Wiederhören.
    en: Goodbye.
"""

_SCENARIO = """\
flow: hotline
at: "2026-11-23T10:00:00+01:00"
from: "+493023125011"
call:
  - start: true
    then: ask
"""

SAMPLES: Final[Mapping[FileKind, str]] = {
    FileKind.FLOW: _FLOW,
    FileKind.SHARED: _SHARED,
    FileKind.SCENARIO: _SCENARIO,
}
"""Texts by the kind of file; ``NAME`` stands for the name of the new flow."""
