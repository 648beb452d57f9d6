"""A span for each statement that goes through SQLAlchemy, where there are traces; those past it make their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, event

from router import traces


def trace_statements(engines: Iterable[Engine]) -> None:
    """From here on each statement of these engines is a span of whatever it is part of."""
    for engine in engines:
        _trace(engine)


def _trace(engine: Engine) -> None:
    system = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"

    @event.listens_for(engine, "before_cursor_execute")
    def before(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        span = traces.statement(statement, system)
        span.__enter__()
        if context is not None:
            context.threadline_span = span
        else:
            span.__exit__(None, None, None)

    @event.listens_for(engine, "after_cursor_execute")
    def after(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        _end(context, None)

    @event.listens_for(engine, "handle_error")
    def failed(error: Any) -> None:
        _end(error.execution_context, error.original_exception)


def _end(context: Any, error: BaseException | None) -> None:
    span = getattr(context, "threadline_span", None)
    if span is not None:
        context.threadline_span = None
        span.__exit__(type(error) if error is not None else None, error, None)
