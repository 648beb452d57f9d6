"""How queues are described in what is released now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from router.flow.queues import Queue
from router.releases.flows import Flows

PLAIN: Final = Queue()
"""What counts for a queue that nobody described."""


class QueueBook:
    """Looks queues up in the flows that new calls run. A newer release counts at once."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    @property
    def described(self) -> Mapping[str, Queue]:
        """All that are described, by name."""
        # All flows of a set share the same pieces.
        return next(iter(self._flows.current.values())).queues if self._flows.current else {}

    def get(self, queue: str | None) -> Queue:
        """The description of ``queue``; where there is none, the one of a queue with nothing special about it."""
        return self.described.get(queue or "", PLAIN)
