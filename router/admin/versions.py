"""Drafts and releases as the page's scripts are told of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.errors import Refused
from router.flow.problems import FlowRefused, Problem
from router.releases.releases import Draft, Outdated, Release, Releases
from router.store import people
from router.store.database import Database
from router.web.texts.flow_problems import problem_in

Names = Mapping[str, str]
"""Names of people by their id."""


async def names_of(database: Database) -> Names:
    """Everybody's name."""
    async with database.read() as connection:
        return {row.id: row.name for row in await people.everybody(connection)}


def release_shown(release: Release, names: Names) -> dict[str, Any]:
    """A release; ``who`` is None where no page was used."""
    return {
        "id": release.id,
        "origin": release.origin.value,
        "who": _who(release.person_id, names),
        "person": release.person_id,
        "at": release.at.isoformat(),
        "comment": release.comment,
        "changed": list(release.changed),
    }


def draft_shown(draft: Draft, names: Names) -> dict[str, Any]:
    """A draft, without its text."""
    return {
        "id": draft.id,
        "who": _who(draft.person_id, names),
        "person": draft.person_id,
        "at": draft.at.isoformat(),
        "comment": draft.comment,
        "release": draft.release_id,
        "open": draft.closed_at is None,
    }


def problem_shown(problem: Problem, language: str, end: int | None = None) -> dict[str, Any]:
    """A problem for a page in ``language``; ``end`` is the column behind the word it is about."""
    message, told_in = problem_in(language, problem.message)
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "end": problem.column + 1 if end is None else end,
        "code": problem.code,
        "message": message,
        "language": told_in,
        "warning": problem.warning,
    }


async def outdated(error: Outdated, releases: Releases, names: Names) -> Refused:
    """409 with what the file is by now, so that the page can show both."""
    files = await releases.files_of(error.release.id)
    history = await releases.history(error.path, 1)
    more = {
        "draft": draft_shown(error.draft, names) if error.draft else None,
        "release": release_shown(history[0], names) if history else None,
        "newest": error.release.id,
        "text": error.draft.text if error.draft else files.get(error.path),
    }
    return Refused(
        409, "Changed meanwhile", "Somebody else changed this file meanwhile.", more=more, code="changed_meanwhile"
    )


def refused(error: FlowRefused, language: str) -> Refused:
    """422 with every problem."""
    problems = [problem_shown(problem, language) for problem in error.problems if not problem.warning][:200]
    detail = "This cannot be used: it has problems."
    return Refused(422, "Not right yet", detail, more={"problems": problems}, code="has_problems")


def _who(person_id: str | None, names: Names) -> str | None:
    return None if person_id is None else names.get(person_id, "?")
