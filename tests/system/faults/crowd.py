"""Many callers, one after the other, each for a moment; and where Asterisk took them."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.system.harness.ami import Event
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.callers import SCREEN, calling


class Crowd:
    """Callers who dial ``dialled``, so many ``a_second``, each for ``stays`` seconds."""

    def __init__(
        self, asterisk: Asterisk, directory: Path, dialled: str, count: int, a_second: float, stays: float
    ) -> None:
        options = ["-m", str(count), "-l", "400", "-r", f"{a_second:.1f}", "-trace_err"]
        self._sipp = calling(asterisk, directory, dialled, options, stays=stays)
        self._screen = directory / SCREEN

    def over(self, within: float) -> int:
        """Waits for the last of them; how many calls failed for the callers."""
        self._sipp.wait(within)
        said = self._screen.read_text("utf-8", "replace")
        failed = re.findall(r"Failed call\s+\|\s*\d+\s*\|\s*(\d+)", said)
        if not failed:
            raise RuntimeError(f"sipp ended with {self._sipp.returncode}:\n{said[-2000:]}")
        return int(failed[-1])

    def close(self) -> None:
        """Ends it, wherever it stands."""
        if self._sipp.poll() is None:
            self._sipp.kill()
            self._sipp.wait(10)


@dataclass(frozen=True, slots=True)
class Taken:
    """Calls that came, and the seconds after which those that were taken to a queue were there, by queue."""

    came: int
    after: dict[str, list[float]]
    spans: list[tuple[float, float]]
    """When each of these came, and was there (`time.monotonic` seconds)."""

    def last_after(self, moment: float) -> float | None:
        """Seconds after ``moment`` in which the last of those who had come by then was in the default queue; None where
        nobody was on the way."""
        return max((there - moment for came, there in self.spans if came <= moment < there), default=None)

    @property
    def routed(self) -> int:
        return sum(map(len, self.after.values()))

    @property
    def seconds(self) -> list[float]:
        return sorted(each for values in self.after.values() for each in values)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def worst(self) -> float:
        return self.seconds[-1]


def taken(events: Sequence[Event], *, of: int) -> Taken:
    """What became of the calls that came in ``events``, the first ``of`` of them."""
    came = [(each.get("Uniqueid"), each.at) for each in events if _begins(each)][:of]
    joined: dict[str, Event] = {}
    for each in events:
        if each.name == "QueueCallerJoin":
            joined.setdefault(each.get("Uniqueid"), each)
    after: dict[str, list[float]] = {}
    spans: list[tuple[float, float]] = []
    for uniqueid, at in came:
        if there := joined.get(uniqueid):
            after.setdefault(there.get("Queue"), []).append(there.at - at)
            spans.append((at, there.at))
    return Taken(len(came), after, spans)


def _begins(event: Event) -> bool:
    return event.name == "Newchannel" and event.get("Uniqueid") == event.get("Linkedid")
