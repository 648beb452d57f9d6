"""Trying a text before anybody meets it: its scenarios, run one after the other and told as they go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from router.admin.editing import LARGEST, known_kind, text_in
from router.admin.turns import Turns
from router.admin.versions import refused
from router.engine.coverage import Coverage, Watch, coverage, in_words
from router.engine.scenario import Ran, Scenario, run
from router.engine.scenario_set import scenarios_in
from router.flow.files import FileKind, FlowSet
from router.flow.model import Flow
from router.flow.problems import FlowRefused
from router.releases.releases import Releases
from router.web.forms import read_json
from router.web.guard import Guard
from router.web.person import Person

NDJSON = "application/x-ndjson"
MOST_MISSES = 20
"""Told of one scenario."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A scenario that has to do with the file, and its flow; or why it cannot be run."""

    path: str
    scenario: Scenario | None
    flow: Flow | None
    problem: str = ""


def routes(*, guard: Guard, releases: Releases, turns: Turns) -> APIRouter:
    """`POST /admin/flows/scenarios/PATH`, for admins."""
    router = APIRouter(prefix="/admin/flows", include_in_schema=False)

    @router.post("/scenarios/{path:path}")
    async def scenarios(request: Request, path: str, person: Person = Depends(guard.admin)) -> Response:
        """Runs the scenarios of the file's flow with ``text`` in its place, or the one scenario ``only``. One line for
        each, before them their number, after them what they have been through."""
        kind = known_kind(path)
        body = await read_json(request, LARGEST)
        text, only = text_in(body), body.get("only")
        async with turns.of(person.id):
            checked = await releases.check(path, text)
        if checked.flow_set is None:
            raise refused(FlowRefused(checked.problems), person.language)
        chosen = await asyncio.to_thread(_chosen, checked.flow_set, path, kind, only)
        flow = checked.flow_set.flow_at(path)
        return StreamingResponse(_told(chosen, flow, turns, person.id), media_type=NDJSON)

    return router


async def _told(chosen: list[_Chosen], flow: Flow | None, turns: Turns, person_id: str) -> AsyncIterator[str]:
    watches: list[Watch] = []
    yield _line({"scenarios": len(chosen)})
    async with turns.of(person_id):
        for each in chosen:
            ran = await asyncio.to_thread(run, each.scenario, each.flow) if each.scenario and each.flow else None
            if ran:
                watches.append(ran.watch)
            yield _line({"ran": _ran_shown(each, ran)})
        if flow is not None:
            yield _line({"coverage": _covered_shown(await asyncio.to_thread(coverage, flow, watches))})


def _chosen(flow_set: FlowSet, path: str, kind: FileKind, only: Any) -> list[_Chosen]:
    scenarios, problems = scenarios_in(flow_set)
    everything = [_Chosen(each.file, each, flow_set.flows[each.text.flow]) for each in scenarios]
    everything += [
        _Chosen(problem.file, None, None, f"{problem.line}:{problem.column}: {problem.message}")
        for problem in {problem.file: problem for problem in reversed(problems)}.values()
    ]
    wanted = only or (path if kind is FileKind.SCENARIO else None)
    return sorted(
        (each for each in everything if (each.path == wanted if wanted else _about(each, path, kind))),
        key=lambda each: each.path,
    )


def _about(chosen: _Chosen, path: str, kind: FileKind) -> bool:
    """Whether the scenario has to do with the file: calls its flow, or may use what is shared."""
    return kind is FileKind.SHARED or chosen.flow is None or chosen.flow.path == path


def _ran_shown(chosen: _Chosen, ran: Ran | None) -> Mapping[str, Any]:
    shown: dict[str, Any] = {"file": chosen.path, "passed": bool(ran and ran.passed)}
    if ran is None:
        return {**shown, "misses": [{"line": 1, "message": chosen.problem}], "turns": [], "way": []}
    return {
        **shown,
        "misses": [{"line": miss.line, "message": miss.message} for miss in ran.misses[:MOST_MISSES]],
        "turns": [{"line": turn.line, "heard": list(turn.heard), "then": turn.then} for turn in ran.turns],
        "way": list(ran.way),
    }


def _covered_shown(found: Coverage) -> Mapping[str, Any]:
    return {
        "percent": found.percent,
        "missing_steps": list(found.missing_steps),
        "missing_exits": [in_words(*each) for each in found.missing_exits],
    }


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value) + "\n"
