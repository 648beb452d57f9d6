"""What the store does with a connection, whatever is behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, TypeVarTuple, overload

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import CursorResult, Dialect, Executable
from sqlalchemy.sql.selectable import TypedReturnsRows

_Columns = TypeVarTuple("_Columns")
_Result = TypeVar("_Result")

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Connection(Protocol):
    """As SQLAlchemy's `AsyncConnection`, and a way past it; results are read before they are given."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL is spoken: its name is ``sqlite`` or ``postgresql``."""
        ...

    @property
    def sync_connection(self) -> SyncConnection | None:
        """What is behind it: a connection that has begun has one."""
        ...

    @overload
    async def execute(
        self, statement: TypedReturnsRows[*_Columns], parameters: Parameters = None
    ) -> CursorResult[*_Columns]: ...

    @overload
    async def execute(self, statement: Executable, parameters: Parameters = None) -> CursorResult[*tuple[Any, ...]]: ...

    async def execute(self, statement: Any, parameters: Parameters = None) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement, once for each of several parameters."""
        ...

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement as the driver takes it."""
        ...

    async def fetch(self, statement: str, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows of a statement as the driver takes it, past SQLAlchemy; raises what SQLAlchemy would."""
        ...

    async def change(self, statement: str, parameters: Sequence[Any]) -> int:
        """The same for a statement that has no rows: how many it has changed."""
        ...

    async def run_sync(self, fn: Callable[[SyncConnection], _Result]) -> _Result:
        """Run what knows synchronous connections only."""
        ...
