"""What ``threadline doctor`` finds of flows: those in use, and what the folder would make of them."""

from __future__ import annotations

from collections.abc import Mapping

from router.app import releases_of, utc_now
from router.cli.findings import Finding, Health
from router.flow.files import Files, check_files
from router.flow.load import read_folder, root_of
from router.flow.model import Flow
from router.flow.problems import FlowRefused
from router.releases.checks import NEEDED
from router.releases.flows import needed
from router.settings import Settings
from router.store.bus import Bus
from router.store.database import Database


async def flows_found(settings: Settings) -> Finding:
    """Flows as the next start would run them. Where the database is not well, as an empty one would."""
    in_use = ""
    try:
        files = read_folder(settings.flows)
        try:
            number, flows = await _with_releases(settings, files)
            in_use = f"release {number}, " if number else ""
        except FlowRefused:
            raise
        except Exception:  # whatever a driver raises: the finding on the database says what it is
            flows = check_files(files, shown=lambda path: _shown(settings, path)).flows
    except FlowRefused as refused:
        return _refused(settings, refused)
    return _settings_fit(settings, flows) or Finding(
        "flows", Health.WELL, f"{in_use}{', '.join(sorted(flows))}: no problems"
    )


async def _with_releases(settings: Settings, files: Files) -> tuple[int, Mapping[str, Flow]]:
    database = Database(settings.database)
    try:
        releases = releases_of(settings, database, Bus(), utc_now)
        found = await releases.with_folder(files, lambda path: _shown(settings, path))
        return await releases.newest_id(), found.flows
    finally:
        await database.close()


def _shown(settings: Settings, path: str) -> str:
    return str(root_of(settings.flows) / path)


def _refused(settings: Settings, refused: FlowRefused) -> Finding:
    first = next(problem for problem in refused.problems if not problem.warning)
    if first.code == NEEDED:
        remedy = "set THREADLINE_FLOW or THREADLINE_SERVICE_NUMBERS to a flow that there is"
        return Finding("flows", Health.ILL, first.message, remedy)
    remedy = f"run 'threadline flow check {settings.flows}'; what was released before stays in use"
    return Finding("flows", Health.ILL, str(first), remedy)


def _settings_fit(settings: Settings, flows: Mapping[str, Flow]) -> Finding | None:
    """What is wrong between flows and settings, if anything."""
    for name, where in needed(settings.service_numbers, settings.flow).items():
        if name not in flows:
            remedy = "set THREADLINE_FLOW or THREADLINE_SERVICE_NUMBERS to one of: " + ", ".join(sorted(flows))
            return Finding("flows", Health.ILL, f"there is no flow '{name}' ({where})", remedy)
    for name, flow in flows.items():
        known = list(dict.fromkeys((*settings.queues, *flow.queues)))
        if strange := sorted(flow.queues_used() - set(known)):
            remedy = f"describe it (docs/queues.md), name it in THREADLINE_QUEUES, or use one of: {', '.join(known)}"
            return Finding("flows", Health.ILL, f"'{name}' hands callers to the queue '{strange[0]}'", remedy)
    return None
