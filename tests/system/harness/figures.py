"""Figures the system tests measured, shown at the end of the run."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence


class Figures:
    """Samples by name, in seconds."""

    def __init__(self) -> None:
        self._samples: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, seconds: float) -> None:
        self._samples[name].append(seconds)

    @property
    def samples(self) -> dict[str, list[float]]:
        """All so far, to be handed to another process."""
        return dict(self._samples)

    def take(self, samples: Mapping[str, Sequence[float]]) -> None:
        """Adds what was measured elsewhere."""
        for name, values in samples.items():
            self._samples[name] += values

    def lines(self) -> list[str]:
        """One line a name: how many, the median and the worst, in milliseconds."""
        width = max((len(name) for name in self._samples), default=0)
        return [
            f"{name:<{width}}  n={len(values):<3} p50 {statistics.median(values) * 1000:7.0f} ms  "
            f"max {max(values) * 1000:7.0f} ms"
            for name, values in sorted(self._samples.items())
        ]
