"""The public HTTP API under one roof; each subject has a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from fastapi import APIRouter

from router.api import calls, match
from router.api.keys import ApiKeys
from router.calls.question import Question
from router.matching.codes import CodeKeys
from router.store.database import Database
from router.web.guard import Guard

BODIES: Final = (Question,)
"""Models of bodies that routes read by themselves, for the description."""


def routes(
    *,
    database: Database,
    codes: CodeKeys,
    region: str,
    clock: Callable[[], datetime],
    keys: ApiKeys,
    guard: Guard,
) -> APIRouter:
    """`/v1/match` and `/v1/calls…`, for keys with the right scope and for admins who are signed in."""
    router = APIRouter()
    router.include_router(match.routes(database, codes, region, clock, keys.allowed("match", guard)))
    router.include_router(calls.routes(database, keys.allowed("calls:read", guard)))
    return router
