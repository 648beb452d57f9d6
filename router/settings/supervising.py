"""What supervisors see, and when an agent counts as gone."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from router.settings.types import Group


class SupervisingSettings(Group):
    """What supervisors see, and when an agent counts as gone."""

    timezone: str = Field("Europe/Berlin", description="Time zone in which a day begins for figures of today.")
    page_gone_after: Annotated[int, Field(ge=0, le=3600)] = Field(
        120,
        description="Seconds without any page of the desk after which an agent who is ready is paused; 0: never.",
    )

    @field_validator("timezone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is not a time zone; write it like Europe/Berlin") from None
        return name
