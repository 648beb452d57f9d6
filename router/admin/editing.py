"""What the page with the editor asks for: checking a text, saving it, and all about its versions. JSON both ways."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request

from router.admin.turns import Turns
from router.admin.versions import draft_shown, names_of, outdated, problem_shown, refused, release_shown
from router.engine.scenario import flow_of, read_scenario
from router.errors import bad_request, not_found, too_large
from router.flow.drawing import svg
from router.flow.files import FileKind, Files, kind_of
from router.flow.outline import end_of, outline
from router.flow.problems import FlowRefused, Problem
from router.flow.source import MOST_CHARACTERS
from router.releases.releases import Checked, Draft, Outdated, Releases, UnknownDraft, UnknownRelease
from router.store.database import Database
from router.web.forms import read_json
from router.web.guard import Guard
from router.web.person import Person

LARGEST: Final = 4 * MOST_CHARACTERS
"""Bytes of a request with a text in it."""
MOST_PROBLEMS: Final = 500
"""Told in one answer."""
SHOWN: Final = 50
"""Drafts and releases in a history."""
LONGEST_COMMENT: Final = 500
_LARGEST: Final = 2**31 - 1
Number = Annotated[int | None, Query(gt=0, le=_LARGEST)]
"""The number of a draft or release in an address; PostgreSQL knows no larger one."""


def routes(*, database: Database, guard: Guard, releases: Releases, turns: Turns) -> APIRouter:
    """The requests under ``/admin/flows`` that change or tell of one file, for admins."""
    router = APIRouter(prefix="/admin/flows", include_in_schema=False)

    @router.post("/check/{path:path}")
    async def check(request: Request, path: str, person: Person = Depends(guard.admin)) -> dict[str, Any]:
        kind, text = known_kind(path), text_in(await read_json(request, LARGEST))
        async with turns.of(person.id):
            checked = await releases.check(path, text)
            newest = await releases.newest()
            files = {**await releases.files_of(newest.id), path: text}
            return await asyncio.to_thread(_found, checked, files, path, kind, person.language)

    @router.get("/state/{path:path}")
    async def state(path: str, _: Person = Depends(guard.admin)) -> dict[str, Any]:
        known_kind(path)
        return await state_of(path, releases, database)

    @router.get("/history/{path:path}")
    async def history(path: str, _: Person = Depends(guard.admin)) -> dict[str, Any]:
        known_kind(path)
        names = await names_of(database)
        return {
            "releases": [release_shown(each, names) for each in await releases.history(path, SHOWN)],
            "drafts": [draft_shown(each, names) for each in await releases.draft_history(path, SHOWN)],
        }

    @router.get("/text/{path:path}")
    async def text(
        path: str, draft: Number = None, release: Number = None, _: Person = Depends(guard.admin)
    ) -> dict[str, Any]:
        """The text of a draft, or of the file in a release; None where it was not there."""
        known_kind(path)
        try:
            if draft is not None:
                return {"text": (await _own(releases, draft, path)).text}
            number = release if release is not None else (await releases.newest()).id
            return {"text": (await releases.files_of(number)).get(path)}
        except (UnknownDraft, UnknownRelease) as error:
            raise not_found(str(error), "no_such_release") from None

    @router.post("/save/{path:path}")
    async def save(request: Request, path: str, person: Person = Depends(guard.admin)) -> dict[str, Any]:
        known_kind(path)
        body = await read_json(request, LARGEST)
        text = text_in(body)
        try:
            draft = await releases.save(
                path,
                text,
                based_on=number_in(body, "based_on"),
                release_id=number_in(body, "release"),
                person_id=person.id,
                comment=comment_in(body),
            )
        except Outdated as error:
            raise await outdated(error, releases, await names_of(database)) from None
        except FlowRefused as error:
            raise refused(error, person.language) from None
        return draft_shown(draft, await names_of(database))

    @router.post("/throw-away/{path:path}")
    async def throw_away(request: Request, path: str, person: Person = Depends(guard.admin)) -> dict[str, Any]:
        known_kind(path)
        draft = needed(number_in(await read_json(request), "draft"), "draft")
        try:
            await _own(releases, draft, path)
            await releases.throw_away(draft, person_id=person.id)
        except UnknownDraft as error:
            raise not_found(str(error), "no_such_draft") from None
        except Outdated as error:
            raise await outdated(error, releases, await names_of(database)) from None
        return await state_of(path, releases, database)

    @router.post("/publish/{path:path}")
    async def publish(request: Request, path: str, person: Person = Depends(guard.admin)) -> dict[str, Any]:
        known_kind(path)
        body = await read_json(request)
        draft = needed(number_in(body, "draft"), "draft")
        async with turns.of(person.id):
            try:
                await _own(releases, draft, path)
                release = await releases.publish(draft, person_id=person.id, comment=comment_in(body))
            except UnknownDraft as error:
                raise not_found(str(error), "no_such_draft") from None
            except FlowRefused as error:
                raise refused(error, person.language) from None
            except Outdated as error:
                raise await outdated(error, releases, await names_of(database)) from None
        return release_shown(release, await names_of(database))

    @router.post("/roll-back/{path:path}")
    async def roll_back(request: Request, path: str, person: Person = Depends(guard.admin)) -> dict[str, Any]:
        known_kind(path)
        body = await read_json(request)
        number = needed(number_in(body, "release"), "release")
        async with turns.of(person.id):
            try:
                release = await releases.roll_back(number, path=path, person_id=person.id, comment=comment_in(body))
            except UnknownRelease as error:
                raise not_found(str(error), "no_such_release") from None
            except FlowRefused as error:
                raise refused(error, person.language) from None
        return release_shown(release, await names_of(database))

    return router


async def state_of(path: str, releases: Releases, database: Database) -> dict[str, Any]:
    """Who changed the file last: ``release`` is the newest that did, ``newest`` the number of the newest of all."""
    names = await names_of(database)
    newest = await releases.newest()
    changed = await releases.history(path, 1)
    open_drafts = [draft for draft in await releases.drafts() if draft.path == path]
    return {
        "newest": newest.id,
        "release": release_shown(changed[0], names) if changed else None,
        "draft": draft_shown(open_drafts[0], names) if open_drafts else None,
    }


async def _own(releases: Releases, draft_id: int, path: str) -> Draft:
    """The draft. Raises `UnknownDraft`, and `Refused` (404) where it is one of another file."""
    draft = await releases.draft(draft_id)
    if draft.path != path:
        raise not_found("That is a draft of another file.")
    return draft


def _found(checked: Checked, files: Files, path: str, kind: FileKind, language: str) -> dict[str, Any]:
    flow = checked.flow_set.flow_at(path) if checked.flow_set else None
    problems = (*checked.problems, *_of_scenario(checked, path, kind))
    shown = problems[:MOST_PROBLEMS]
    ends = [end_of(files[each.file], each) if each.file in files else None for each in shown]
    return {
        "problems": [problem_shown(each, language, end) for each, end in zip(shown, ends, strict=True)],
        "more": len(problems) - len(shown),
        "right": all(problem.warning for problem in problems),
        "names": asdict(outline(files, path)),
        "graph": svg(flow) if flow is not None and kind is FileKind.FLOW else None,
    }


def _of_scenario(checked: Checked, path: str, kind: FileKind) -> tuple[Problem, ...]:
    """What is wrong with a scenario. Callers never meet one, so that a release may have it all the same."""
    if kind is not FileKind.SCENARIO or checked.flow_set is None:
        return ()
    try:
        flow_of(read_scenario(checked.flow_set.files[path], path), checked.flow_set.flows)
    except FlowRefused as refused_:
        return refused_.problems
    return ()


def known_kind(path: str) -> FileKind:
    """What the file at ``path`` would be. Raises `Refused` (404)."""
    kind = kind_of(path)
    if kind is None:
        raise not_found("No flow file is called so.")
    return kind


def text_in(body: dict[str, Any]) -> str:
    """The text of a file. Raises `Refused`."""
    text = body.get("text")
    if not isinstance(text, str):
        raise bad_request("text is missing.")
    if len(text) > MOST_CHARACTERS:
        raise too_large(f"A file has at most {MOST_CHARACTERS} characters.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise bad_request("text holds a character that is no text.")
    return text


def number_in(body: dict[str, Any], name: str) -> int | None:
    """A number of a draft or release, if there is one. Raises `Refused`."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _LARGEST:
        raise bad_request(f"{name} is a number.")
    return value


def needed(number: int | None, name: str) -> int:
    """The number. Raises `Refused` where there is none."""
    if number is None:
        raise bad_request(f"{name} is missing.")
    return number


def comment_in(body: dict[str, Any]) -> str:
    """The comment, "" without one. Raises `Refused`."""
    comment = body.get("comment", "")
    if not isinstance(comment, str) or len(comment) > LONGEST_COMMENT:
        raise bad_request(f"comment is text of at most {LONGEST_COMMENT} characters.")
    return comment.strip()
