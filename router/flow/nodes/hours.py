"""``hours``: is somebody there now?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from router.flow.nodes.base import Move, Name, Place, Scene, Step, StepName, Use, UseKind


class Hours(Step):
    """``during`` names hours under ``hours``; ``open`` and ``closed`` are the two ways."""

    EXAMPLE: ClassVar[str] = """
is_somebody_there:
  type: hours
  during: office
  open: on
  closed: human
"""

    type: Literal["hours"]
    during: Name
    open: StepName
    closed: StepName

    def targets(self) -> Mapping[Place, str]:
        return {("open",): self.open, ("closed",): self.closed}

    def uses(self) -> Iterator[Use]:
        yield Use(("during",), UseKind.HOURS, self.during)

    def enter(self, scene: Scene) -> Move:
        hours, moment = scene.hours[self.during], scene.hours_time()
        pretended = (
            "" if moment == scene.now else f" on {moment.astimezone(ZoneInfo(hours.timezone)):%Y-%m-%d at %H:%M}"
        )
        if hours.open_at(moment):
            return Move(self.open, note=f"{self.during}: open{pretended}")
        return Move(self.closed, note=f"{self.during}: closed{pretended}")
