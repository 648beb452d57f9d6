"""Statements that run in calls, compiled once: SQLAlchemy writes them, and the driver runs them with plain parameters.

What SQLAlchemy does around each execution (its cache, a context, a result) takes several times as long as SQLite needs
for a row. Here the text, the order of the parameters, and what makes them and the columns fit Python's types are worked
out at the first use, once for each database and each set of parameters.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import JSON, Dialect, Insert, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from router.store.connection import Connection

Values = Mapping[str, Any]
Process = Callable[[Any], Any]

_NONE: Final[Values] = {}


class Json(str):
    """A value of a column of JSON that is written already."""

    __slots__ = ()


class Prepared:
    """A statement that is the same whatever its parameters are; these are given by name, as SQLAlchemy takes them.

    Rows are named tuples. Raises `TypeError` at the first use of a statement that is not the same each time, that gives
    rows without being a `select`, or whose columns have defaults to be asked for.
    """

    __slots__ = ("_compiled", "_statement")

    def __init__(self, statement: Select[Any] | Insert | Update) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    async def rows(self, connection: Connection, values: Values = _NONE) -> list[Any]:
        """All rows."""
        compiled = self._for(connection, values)
        return compiled.rows(await connection.fetch(compiled.text, compiled.parameters(values)))

    async def row(self, connection: Connection, values: Values = _NONE) -> Any:
        """The first row, or None."""
        found = await self.rows(connection, values)
        return found[0] if found else None

    async def value(self, connection: Connection, values: Values = _NONE) -> Any:
        """What stands in the first row's first column, or None."""
        found = await self.rows(connection, values)
        return found[0][0] if found else None

    async def change(self, connection: Connection, values: Values = _NONE) -> int:
        """How many rows were changed, or put in."""
        compiled = self._for(connection, values)
        return await connection.change(compiled.text, compiled.parameters(values))

    def _for(self, connection: Connection, values: Values) -> _Compiled:
        dialect = connection.dialect
        key = (dialect.name, *values)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = _Compiled(self._statement, dialect, values)
        return compiled


class _Compiled:
    """The statement as one driver takes it, with parameters of these names."""

    __slots__ = ("_fixed", "_make", "_order", "_processed", "text")

    def __init__(self, statement: Select[Any] | Insert | Update, dialect: Dialect, values: Values) -> None:
        written = statement.compile(dialect=dialect, column_keys=[*values])
        assert isinstance(written, SQLCompiler)  # noqa: S101 - all but what makes tables is
        columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        if written.post_compile_params or (written.effective_returning and not columns):
            raise TypeError("a statement cannot be prepared that differs from use to use, or returns what it changed")
        self.text = str(written)
        into = {name: _into(bind.type, dialect) for name, bind in written.binds.items()}
        order = tuple(written.positiontup or ())
        own = {**written.params, **_defaults(written)}
        self._fixed = {name: _processed(into[name], own[name]) for name in order if name not in values}
        """What the statement brings along."""
        self._order = tuple((name, None if name in self._fixed else into[name]) for name in order)
        names = [str(column.key) for column in columns]  # that of a function is None
        self._make = namedtuple("Row", names, rename=True)._make  # type: ignore[attr-defined]
        out_of = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._processed = tuple((place, process) for place, process in enumerate(out_of) if process is not None)

    def parameters(self, values: Values) -> list[Any]:
        """As the driver takes them."""
        known = {**values, **self._fixed} if self._fixed else values
        return [known[name] if process is None else process(known[name]) for name, process in self._order]

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """Of what the driver has found."""
        return [self._row(each) for each in found]

    def _row(self, found: Sequence[Any]) -> Any:
        if not self._processed:
            return self._make(found)
        columns = list(found)
        for place, process in self._processed:
            columns[place] = process(columns[place])
        return self._make(columns)


def _into(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """What makes a driver's parameter of a value of this type; None where it is one."""
    process: Process | None = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is None or not isinstance(kind, JSON):
        return process
    return lambda value: str(value) if isinstance(value, Json) else process(value)


def _processed(process: Process | None, value: Any) -> Any:
    return value if process is None else process(value)


def _defaults(written: SQLCompiler) -> dict[str, Any]:
    """What columns hold that no value was given for, where Python says it."""
    found = {}
    for column in (*written.insert_prefetch, *written.update_prefetch):
        default = column.default if column in written.insert_prefetch else column.onupdate
        if default is None or not default.is_scalar:
            raise TypeError(f"a statement cannot be prepared that asks for a default of {column}")
        found[column.key] = default.arg  # type: ignore[attr-defined]
    return found
