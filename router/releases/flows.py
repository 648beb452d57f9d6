"""Which flow a call runs: the newest for its service number when it begins, the one it began with ever after."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from router.flow.files import kept_files
from router.flow.model import Flow
from router.store import flow_versions as store
from router.store.database import Connection

MOST_KEPT = 32
"""Older sets kept ready in memory, for the calls that still run them."""

Set = Mapping[str, Flow]
"""The flows of one set of files, by name."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A set that was kept without being released. ``flow`` is the one to run of it, None: the service number's."""

    set_id: str
    flow: str | None = None


class Flows:
    """``current`` are the flows that new calls run, by name; ``by_number`` names the flow of a service number."""

    def __init__(self, current: Set, by_number: Mapping[str, str], default: str, *, release_id: int = 0) -> None:
        """``release_id`` is the release that the flows are of, 0 for none. Raises `ValueError` for a service number, or
        a default, whose flow is not there."""
        self._by_number = by_number
        self._default = default
        self._older: OrderedDict[str, Set] = OrderedDict()
        self._loading = asyncio.Lock()
        self.needed = needed(by_number, default)
        self.use(current, release_id)

    @property
    def current(self) -> Set:
        """The flows that new calls run, by name."""
        return self._current

    @property
    def release_id(self) -> int:
        """The release they are of, 0 for none."""
        return self._release_id

    def use(self, current: Set, release_id: int) -> None:
        """New calls run these from now on. Raises `ValueError`; then everything stays."""
        for name, where in self.needed.items():
            if name not in current:
                raise ValueError(f"there is no flow '{name}' ({where}); there is: {', '.join(sorted(current))}")
        self._current = current
        self._set_id = current[self._default].revision
        self._release_id = release_id

    def name_for(self, service_number: str | None) -> str:
        """The name of the flow for a call to ``service_number``."""
        return self._by_number.get(service_number or "", self._default)

    def for_number(self, service_number: str | None) -> Flow:
        """The flow for a call to ``service_number``."""
        return self._current[self.name_for(service_number)]

    async def beginning(self, connection: Connection, service_number: str | None, trial: Trial | None = None) -> Flow:
        """As `for_number`; in a test call of what is not released, out of that. Raises as `flow`."""
        if trial is None:
            return self.for_number(service_number)
        return await self.flow(connection, trial.set_id, trial.flow or self.name_for(service_number))

    async def flow(self, connection: Connection, set_id: str, name: str) -> Flow:
        """The flow that a running call is at, of the set that it began with.

        Raises `LookupError` when that was not kept, `FlowRefused` when this version of the program cannot run it.
        """
        if set_id == self._set_id:
            return self._current[name]
        flows = self._older.get(set_id) or await self._load(connection, set_id)
        self._older.move_to_end(set_id)
        return flows[name]

    async def _load(self, connection: Connection, set_id: str) -> Set:
        async with self._loading:  # of many calls that ask at once, one reads
            if set_id in self._older:
                return self._older[set_id]
            files = await store.files_of(connection, set_id)
            if files is None:  # a call from before there were sets: it names its one text
                text = await store.text_of(connection, set_id)
                if text is None:
                    raise LookupError(f"the flows {set_id} were not kept")
                files = {"flow.yaml": text}
            self._older[set_id] = (await asyncio.to_thread(kept_files, files)).flows
            if len(self._older) > MOST_KEPT:
                self._older.popitem(last=False)
            return self._older[set_id]


def needed(by_number: Mapping[str, str], default: str) -> dict[str, str]:
    """The flows that the settings name, with where they do."""
    numbers = {name: f"service_numbers names it for {number}" for number, name in by_number.items()}
    return {**numbers, default: "it is the setting `flow`"}
