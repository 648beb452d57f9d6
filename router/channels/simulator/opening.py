"""Whether somebody is there now for a test call, and when somebody will be: what its page says before it dials."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from router.core.events import LONGEST_DIALLED
from router.core.phone import e164
from router.flow.when_open import hours_asked, next_open, open_at
from router.releases.flows import Flows


def opening_routes(flows: Flows, clock: Callable[[], datetime], region: str, allowed: Callable[..., Any]) -> APIRouter:
    """The request ``/testphone/opening``, for those whom the dependency ``allowed`` lets in."""
    router = APIRouter(prefix="/testphone", dependencies=[Depends(allowed)], include_in_schema=False)

    @router.get("/opening")
    async def opening(to: Annotated[str, Query(max_length=LONGEST_DIALLED)] = "") -> dict[str, Any]:
        """By the hours of the flow that is released for the service number: ``open`` now or not, ``next`` the time to
        pretend where it is not, None where there is none soon, and ``zone``, in which the office tells the time."""
        hours = hours_asked(flows.for_number(e164(to, region) or to))
        now = clock()
        is_open = open_at(hours, now)
        following = None if is_open else next_open(hours, now)
        return {
            "open": is_open,
            "now": now.isoformat(),
            "next": following.isoformat() if following else None,
            "zone": hours[0].timezone if hours else None,
        }

    return router
