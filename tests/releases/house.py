"""Flows and releases of them for tests: short, with a shared piece, and a clock that counts its seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from router.releases.releases import Releases
from router.store.bus import Bus
from router.store.database import Database

FLOW = """\
version: 1
name: {name}
languages: [en]
start: greet
steps:
  greet: {{type: say, text: {{en: {text}}}, next: office}}
  office: {{type: hours, during: office, open: human, closed: bye}}
  bye: {{type: hangup}}
"""
HOURS = """\
version: 1
hours:
  office: {timezone: Europe/Berlin, weekly: {mon-sun: ["00:00-24:00"]}}
"""


def flow(text: str = "Hello.", name: str = "hotline") -> str:
    """A flow that says ``text`` and hands the caller to a person."""
    return FLOW.format(name=name, text=text)


FILES = {"hotline.yaml": flow(), "shared/hours.yaml": HOURS}


def clock() -> Callable[[], datetime]:
    """A second later each time it is looked at."""
    seconds = count()
    return lambda: datetime(2026, 11, 23, 10, tzinfo=UTC) + timedelta(seconds=next(seconds))


def releases_on(database: Database, bus: Bus | None = None) -> Releases:
    """Releases where the settings name the flow `hotline`."""
    return Releases(database, bus or Bus(), clock(), needed={"hotline": "it is the setting `flow`"})
