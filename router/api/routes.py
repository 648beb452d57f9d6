"""The public HTTP API under one roof; each subject has a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from fastapi import APIRouter

from router.api import calls, imports, match, messages, payments, quality, statuses
from router.api.keys import ApiKeys
from router.api.turns import Turns
from router.calls.question import Question
from router.calls.weights import Weights
from router.matching.codes import CodeKeys
from router.matching.disclosure import Policy
from router.messages.delivery import NamedReport, StatusReport
from router.messages.registrar import Registrar
from router.messages.registration import Registration
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Database
from router.web.guard import Guard
from router.web.reads import Reads

BODIES: Final = (Registration, Question, imports.ImportedRow, StatusReport, NamedReport, payments.PaymentReport)
"""Models of bodies that routes read by themselves, for the description."""


def routes(
    *,
    database: Database,
    bus: Bus,
    registrar: Registrar,
    codes: CodeKeys,
    weights: Weights,
    flows: Flows,
    clock: Callable[[], datetime],
    keys: ApiKeys,
    guard: Guard,
    turns: Turns,
    reads: Reads,
    policy: Policy,
    pause: imports.Pause,
) -> APIRouter:
    """`/v1/messages…`, `/v1/match`, `/v1/calls…` and `/v1/payments…`, for keys with the right scope and, but for the
    last, for admins who are signed in. ``pause`` lets what goes on for long wait while there is much to do."""
    rules = registrar.rules
    region = rules.region
    writers, readers = keys.allowed("messages:write", guard), keys.allowed("messages:read", guard)
    router = APIRouter()
    router.include_router(imports.routes(registrar, writers, pause))
    router.include_router(statuses.routes(database, clock, turns, writers))
    router.include_router(messages.routes(registrar, turns, writers, readers, reads))
    matchers, most, leased = keys.allowed("match", guard), rules.guesses_a_day, rules.pools.every_number
    router.include_router(
        match.routes(database, codes, weights, flows, region, clock, turns, matchers, reads, most, leased)
    )
    figures = keys.allowed("calls:read", guard)
    router.include_router(quality.routes(database, clock, turns, figures, policy))
    router.include_router(calls.routes(database, turns, figures, reads))
    router.include_router(payments.routes(database, bus, clock, turns, keys.needs("payments:write")))
    return router
