"""Which flow a call runs: the newest for its service number when it begins, the one it began with ever after."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from router.flow.files import check
from router.flow.model import Flow
from router.store import calls as store
from router.store.database import Connection

MOST_KEPT = 32
"""Older revisions kept ready in memory, for the calls that still run them."""


class Flows:
    """``current`` are the flows in use, by name; ``by_number`` names the flow of a service number."""

    def __init__(self, current: Mapping[str, Flow], by_number: Mapping[str, str], default: str) -> None:
        """Raises `ValueError` for a service number, or a default, whose flow is not there."""
        for number, name in {**by_number, "": default}.items():
            if name not in current:
                where = f"service_numbers names it for {number}" if number else "it is the setting `flow`"
                raise ValueError(f"there is no flow '{name}' ({where}); there is: {', '.join(sorted(current))}")
        self.current = current
        self._by_number = by_number
        self._default = default
        self._older: OrderedDict[str, Flow] = OrderedDict()

    def for_number(self, service_number: str | None) -> Flow:
        """The flow for a call to ``service_number``."""
        return self.current[self._by_number.get(service_number or "", self._default)]

    async def revision(self, connection: Connection, name: str, revision: str) -> Flow:
        """The flow a running call began with. Raises `LookupError` when its text was not kept."""
        newest = self.current.get(name)
        if newest is not None and newest.revision == revision:
            return newest
        if revision not in self._older:
            source = await store.flow_source(connection, revision)
            if source is None:
                raise LookupError(f"revision {revision} of flow '{name}' was not kept")
            self._older[revision] = check(source, f"{name}@{revision}")
            if len(self._older) > MOST_KEPT:
                self._older.popitem(last=False)
        return self._older[revision]
