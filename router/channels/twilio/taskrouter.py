"""TaskRouter's API, as far as queues and workers need it: what differs from the description, and making it so.

Sources: Twilio, "TaskRouter REST API": TaskQueue, Workflow and Worker resources (friendly names are unique within a
workspace; `Configuration` is JSON as text). Error texts of Twilio may hold what was sent; only the status is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from router.channels.twilio.workflow import TaskQueue, as_text, configuration, task_queues
from router.flow.queues import Queue
from router.settings import Settings

SECONDS: Final = 15.0
MOST_PAGES: Final = 20
_PAGE: Final = 100


class NotDone(Exception):
    """TaskRouter cannot be reached, or says no; the text says which."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: ``path`` is where the ``form`` is posted; ``before`` and ``after`` as people read them."""

    what: str
    path: str
    form: Mapping[str, str] = field(repr=False)
    before: str
    after: str


class TaskRouter:
    """The workspace of the settings. Raises `ValueError` where they do not say who we are there."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        account, token = settings.twilio_account_sid, settings.twilio_auth_token
        if not (account and token and settings.twilio_workspace):
            raise ValueError("needs twilio_account_sid, twilio_auth_token and twilio_workspace")
        self._base = f"{settings.twilio_taskrouter_url}/v1/Workspaces/{settings.twilio_workspace}"
        self._client = httpx.AsyncClient(
            auth=(account, token.get_secret_value()), timeout=SECONDS, follow_redirects=False, transport=transport
        )

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def missing_queues(self, queues: Mapping[str, Queue]) -> list[Change]:
        """TaskQueues that are not there, or have other workers than described."""
        there = {each["friendly_name"]: each for each in await self._all("TaskQueues", "task_queues")}
        changes = []
        for wanted in task_queues(queues):
            known = there.get(wanted.name)
            if known is None or known.get("target_workers") != wanted.workers:
                changes.append(_queue_change(wanted, known))
        return changes

    async def missing_workflow(
        self, workflow: str, queues: Mapping[str, Queue], default: str, assignment_url: str
    ) -> list[Change]:
        """What differs in a workflow. Its TaskQueues have to be there. Raises `NotDone` where one is not."""
        sids = {each["friendly_name"]: str(each["sid"]) for each in await self._all("TaskQueues", "task_queues")}
        if absent := [each.name for each in task_queues(queues) if each.name not in sids]:
            raise NotDone(f"there is no TaskQueue {absent[0]}")
        kept = await self._get(f"/Workflows/{workflow}")
        # The default queue may have nothing to do with TaskRouter; then the first one catches what nobody thought of.
        catch_all = default if default in sids else next(iter(sids))
        after, before = as_text(configuration(queues, catch_all, sids.__getitem__)), _as_kept(kept)
        if before == after and kept.get("assignment_callback_url") == assignment_url:
            return []
        form = {"Configuration": json.dumps(json.loads(after)), "AssignmentCallbackUrl": assignment_url}
        before = f"{before}\n{kept.get('assignment_callback_url') or ''}"
        return [Change(f"workflow {workflow}", f"/Workflows/{workflow}", form, before, f"{after}\n{assignment_url}")]

    async def apply(self, changes: Sequence[Change]) -> None:
        """Make it so, one after the other. Raises `NotDone`; what was done until then stays, and can be done again."""
        for change in changes:
            await self._post(change.path, change.form)

    async def workers(self) -> dict[str, dict[str, Any]]:
        """The workers, by friendly name: ``sid`` and ``activity_sid`` among other things."""
        return {str(each["friendly_name"]): each for each in await self._all("Workers", "workers")}

    async def set_activity(self, worker: str, activity: str) -> None:
        """Put a worker into an activity."""
        await self._post(f"/Workers/{worker}", {"ActivitySid": activity})

    async def _all(self, path: str, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        url: str | None = f"{self._base}/{path}?PageSize={_PAGE}"
        for _ in range(MOST_PAGES):
            if url is None:
                break
            page = await self._asked("GET", url)
            found += page.get(name) or []
            following = (page.get("meta") or {}).get("next_page_url")
            # Only further on at the same place: the password goes along.
            url = following if isinstance(following, str) and following.startswith(self._base) else None
        return found

    async def _get(self, path: str) -> dict[str, Any]:
        return await self._asked("GET", self._base + path)

    async def _post(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        return await self._asked("POST", self._base + path, form)

    async def _asked(self, method: str, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = await self._client.request(method, url, data=form)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotDone(f"TaskRouter cannot be reached: {type(error).__name__}") from None
        if not answer.is_success:
            raise NotDone(f"TaskRouter answers {answer.status_code}")
        try:
            read = answer.json()
        except (ValueError, RecursionError):
            read = None
        if not isinstance(read, dict):
            raise NotDone("TaskRouter's answer is not understood")
        return read


def _queue_change(wanted: TaskQueue, known: Mapping[str, Any] | None) -> Change:
    path = f"/TaskQueues/{known['sid']}" if known else "/TaskQueues"
    before = str(known.get("target_workers") or "") if known else ""
    form = {"FriendlyName": wanted.name, "TargetWorkers": wanted.workers}
    return Change(f"TaskQueue {wanted.name}", path, form, before, wanted.workers)


def _as_kept(workflow: Mapping[str, Any]) -> str:
    kept = workflow.get("configuration")
    try:
        return as_text(json.loads(kept) if isinstance(kept, str) else kept or {})
    except (ValueError, RecursionError):
        return str(kept)
