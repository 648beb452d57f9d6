"""The administration's pages about flows: the list of files, and the editor."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from router.admin.editing import known_kind, state_of
from router.admin.samples import SAMPLES
from router.admin.versions import names_of
from router.engine.scenario_text import ScenarioText
from router.errors import bad_request
from router.flow.drawing import svg
from router.flow.files import FileKind, Files, FlowSet, kept_files, kind_of
from router.flow.problems import FlowRefused
from router.flow.schema import schema
from router.flow.variables import VARIABLES
from router.releases.releases import Draft, Release, Releases
from router.store.database import Database
from router.web.forms import read_form
from router.web.guard import Guard
from router.web.headers import with_microphone
from router.web.pages import Pages
from router.web.person import Person
from router.web.texts import Texts

RELEASES_LOOKED_AT: Final = 500
"""How far back the list looks for who changed a file last."""
SCHEMAS: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "flow": partial(schema, "flow"),
    "shared": partial(schema, "shared"),
    "scenario": partial(ScenarioText.model_json_schema, by_alias=True),
}
MOST_SHOWN: Final = 20
"""Problems shown above the list."""
_FOLDERS: Final = {FileKind.FLOW: "", FileKind.SHARED: "shared/", FileKind.SCENARIO: "scenarios/"}
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file in the list. ``release`` changed it last (None: long ago, or never); ``draft`` is open. One that is not in
    use was removed by its release, or never had one."""

    path: str
    kind: FileKind
    in_use: bool
    release: Release | None
    draft: Draft | None


def routes(
    *,
    database: Database,
    guard: Guard,
    pages: Pages,
    releases: Releases,
    service_numbers: Sequence[str] = (),
    listens: bool = False,
    queues: Collection[str] = (),
    known_queues: Collection[str] = (),
    webhooks: Collection[str] = (),
) -> APIRouter:
    """`/admin/flows`, `/admin/flows/new`, `/admin/flows/edit/PATH` and `/admin/flows/schema/KIND`, for admins. The test
    phone offers ``service_numbers``, and testers may speak where it ``listens``; ``queues`` and ``webhooks`` are those
    of the settings, ``known_queues`` all there are."""
    router = APIRouter(prefix="/admin/flows", include_in_schema=False)

    async def list_page(request: Request, person: Person, status: int = 200, **more: Any) -> Response:
        newest = await releases.newest()
        rows = _rows(
            await releases.files_of(newest.id),
            await releases.history(None, RELEASES_LOOKED_AT),
            await releases.drafts(),
        )
        values: dict[str, Any] = {
            "folder_problems": releases.folder_problems()[:MOST_SHOWN],
            "problem": None,
            "refused": (),
            "name": "",
            "new_kind": "flow",
            "done": None,
            **more,
        }
        values |= {"rows": rows, "names": await names_of(database), "kinds": [kind.value for kind in FileKind]}
        return pages.page(request, "admin/flows.html", person, status, newest=newest, **values)

    @router.get("")
    async def flow_list(request: Request, person: Person = Depends(guard.admin)) -> Response:
        return await list_page(request, person)

    @router.post("/new")
    async def new(request: Request, person: Person = Depends(guard.admin)) -> Response:
        """A file of this name begins to exist when it is saved."""
        fields = await read_form(request)
        name = fields.get("name", "").strip().lower().removesuffix(".yaml").removesuffix(".yml")[:80]
        kind = fields.get("kind", "")
        if kind not in list(FileKind):
            raise bad_request("kind is flow, shared or scenario.")
        if not _NAME.fullmatch(name):
            return await list_page(request, person, 422, problem="flows.bad_name", name=name, new_kind=kind)
        return RedirectResponse(f"/admin/flows/edit/{_FOLDERS[FileKind(kind)]}{name}.yaml", 303)

    @router.post("/remove")
    async def remove(request: Request, person: Person = Depends(guard.admin)) -> Response:
        fields = await read_form(request)
        path, comment = fields.get("path", ""), fields.get("comment", "")[:500]
        known_kind(path)
        try:
            await releases.remove(path, person_id=person.id, comment=comment)
        except FlowRefused as error:
            return await list_page(
                request, person, 422, problem="flows.not_removed", refused=error.problems[:MOST_SHOWN]
            )
        return RedirectResponse("/admin/flows", 303)

    @router.get("/edit/{path:path}")
    async def edit(request: Request, path: str, person: Person = Depends(guard.admin)) -> Response:
        kind = known_kind(path)
        state = await state_of(path, releases, database)
        files = await releases.files_of(state["newest"])
        draft = await releases.draft(state["draft"]["id"]) if state["draft"] else None
        texts = Texts(person.language)
        known = path in files or draft is not None
        text = draft.text if draft else files.get(path)
        if text is None and state["release"] is not None:  # it was removed
            text = (await releases.files_of(state["release"]["id"] - 1)).get(path)
        if text is None:
            text = SAMPLES[kind].replace("NAME", _name_in(path))
        page = {"path": path, "kind": kind.value, "known": known, "in_use": path in files, "text": text}
        page |= {"person": person.id, "name": person.name, **state}
        edited = pages.page(
            request,
            "admin/flow_editor.html",
            person,
            file=page,
            graph=await asyncio.to_thread(_graph, files, path) if kind is FileKind.FLOW else None,
            script_texts=texts.under("flows.js."),
            phrases=texts.under("flows.cm."),
            phone_texts=texts.under("phone.js."),
            service_numbers=list(service_numbers),
            listens=listens,
            phone_queues=pages.queue_labels(known_queues, person.language),
        )
        return with_microphone(edited)

    @router.get("/schema/{kind}")
    async def completion(kind: str, _: Person = Depends(guard.admin)) -> dict[str, Any]:
        """What completion knows: the JSON Schema of this kind of file, the variables of formulas and prompts, and what
        the settings name."""
        variables = [{"path": each.path, "meaning": each.meaning} for each in VARIABLES]
        known = SCHEMAS.get(kind)
        return {
            "schema": known() if known else None,
            "variables": variables,
            "queues": sorted(queues),
            "webhooks": sorted(webhooks),
        }

    return router


def _rows(files: Files, history: Sequence[Release], drafts: Sequence[Draft]) -> list[FileRow]:
    changed: dict[str, Release] = {}
    for release in history:
        for path in release.changed:
            changed.setdefault(path, release)
    open_drafts = {draft.path: draft for draft in drafts}
    order = list(FileKind)
    rows = [
        FileRow(path, kind, path in files, changed.get(path), open_drafts.get(path))
        for path in {*files, *open_drafts, *changed}
        if (kind := kind_of(path)) is not None
    ]
    return sorted(rows, key=lambda row: (order.index(row.kind), row.path))


def _name_in(path: str) -> str:
    """A name of a flow made from that of its file."""
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower().replace("-", "_")[:40]
    return stem if stem[0].isalpha() else f"flow_{stem}"[:40]


def _graph(files: Files, path: str) -> Markup | None:
    """The graph of the flow in use, with what is in the flow escaped by the drawing."""
    try:
        flow_set: FlowSet = kept_files(files)
    except FlowRefused:
        return None
    flow = flow_set.flow_at(path)
    return Markup(svg(flow)) if flow else None  # noqa: S704
