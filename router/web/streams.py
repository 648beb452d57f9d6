"""Event streams of pages: server-sent events, bounded for each person, with a heartbeat that shows the line is alive.

Format: WHATWG HTML, section 9.2 "Server-sent events".
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi.responses import StreamingResponse

HEARTBEAT: Final = 15.0
"""Seconds without an event after which a comment shows that the line is alive."""
PER_PERSON: Final = 8
RETRY: Final = "retry: 1000\n\n"
HEART: Final = ": alive\n\n"


class EventStream(StreamingResponse):
    """A response that no proxy keeps back or stores."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[str]) -> None:
        super().__init__(content, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


@dataclass(slots=True, eq=False)
class _Open:
    """One open page."""

    replaced: asyncio.Event = field(default_factory=asyncio.Event)


class OpenPages:
    """Bounds the streams of each person: when one too many opens, the oldest is told to stop."""

    def __init__(self, per_person: int = PER_PERSON) -> None:
        self._per_person = per_person
        self._open: dict[str, OrderedDict[_Open, None]] = {}

    @contextmanager
    def one_more(self, person_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when this page has to give way."""
        page, pages = _Open(), self._open.setdefault(person_id, OrderedDict())
        pages[page] = None
        if len(pages) > self._per_person:
            oldest, _ = pages.popitem(last=False)
            oldest.replaced.set()
        try:
            yield page.replaced
        finally:
            pages.pop(page, None)
            if not pages and self._open.get(person_id) is pages:
                del self._open[person_id]

    def count(self, person_id: str) -> int:
        """Pages this person has open now."""
        return len(self._open.get(person_id, ()))

    @property
    def total(self) -> int:
        """Pages that all people have open now."""
        return sum(len(pages) for pages in self._open.values())


def message(name: str, data: dict[str, Any], number: int | None = None) -> str:
    """One event as text; JSON has no line breaks of its own."""
    lines = [f"id: {number}"] if number is not None else []
    return "\n".join([*lines, f"event: {name}", f"data: {json.dumps(data)}", "", ""])


async def pause(seconds: float, **signals: asyncio.Event) -> str:
    """Wait for the first of ``signals``, at most so long; its name, or ``time``. Of several the one named first."""
    tasks = {asyncio.create_task(event.wait()): name for name, event in signals.items()}
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    names = {tasks[task] for task in done}
    return next((name for name in signals if name in names), "time")
