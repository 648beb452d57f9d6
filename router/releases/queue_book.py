"""How queues are described in what is released now, and which there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, overload

from router.flow.queues import Queue
from router.releases.flows import Flows

PLAIN: Final = Queue()
"""What counts for a queue that nobody described."""


class QueueBook:
    """Looks queues up in the flows that new calls run. A newer release counts at once. ``named`` are queues that the
    settings name, described or not."""

    def __init__(self, flows: Flows, named: Iterable[str] = ()) -> None:
        self._flows = flows
        self._named = tuple(named)
        self.names: Sequence[str] = _Names(self)

    @property
    def described(self) -> Mapping[str, Queue]:
        """All that are described, by name."""
        # All flows of a set share the same pieces.
        return next(iter(self._flows.current.values())).queues if self._flows.current else {}

    @property
    def named(self) -> tuple[str, ...]:
        """Those of the settings."""
        return self._named

    def get(self, queue: str | None) -> Queue:
        """The description of ``queue``; where there is none, the one of a queue with nothing special about it."""
        return self.described.get(queue or "", PLAIN)

    def labels(self, queue: str, result: str | None = None) -> Mapping[str, str]:
        """What people call ``queue``, or this result of a talk in it, by language."""
        described = self.get(queue)
        results = (each.label for each in described.dispositions if each.code == result)
        label = described.label if result is None else next(results, None)
        return label.texts if label is not None else {}


class _Names(Sequence[str]):
    """The names of all queues there are, as they are when it is asked."""

    def __init__(self, book: QueueBook) -> None:
        self._book = book

    def _now(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._book.named, *self._book.described)))

    def __contains__(self, name: object) -> bool:
        return name in self._book.named or name in self._book.described

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...

    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        return self._now()[at]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
