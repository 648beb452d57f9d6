"""How logs look: one line an event, for people or as JSON for a log collector.

Numbers, codes and secrets never come here: each room masks them or leaves them out, and of errors only their kinds and
the places they went through are logged. Texts of errors, and variables on their way, hold what callers and customers
sent.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any, Final

import structlog
from structlog.typing import ExcInfo, Processor

MOST_ERRORS: Final = 10
"""Errors told of one failure: what led to it, and the parts of a group."""


def configure(level: str, *, as_json: bool) -> None:
    """Set up logging for the process. ``level`` is ``debug``, ``info``, ``warning`` or ``error``."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    renderers: list[Processor] = [structlog.processors.ExceptionRenderer(without_values), renderer]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("asyncio", "aiosqlite", "alembic", "panoramisk", "twilio.http_client", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    # Web addresses may carry one-time tokens, so requests are not logged by address.
    logging.getLogger("uvicorn.access").handlers = []
    logging.getLogger("uvicorn.access").propagate = False


def without_values(exc_info: ExcInfo) -> str:
    """A traceback of kinds and places, with neither the texts of errors nor the values of variables."""
    parts = []
    for error in _chain(exc_info[1]):
        kind = type(error)
        places = "".join(traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), limit=-50).format())
        parts.append(f"{kind.__module__}.{kind.__qualname__}\n{places}")
    return "from ".join(parts).rstrip("\n")


def of_the_loop(_: Any, context: dict[str, Any]) -> None:
    """Logs what an event loop could hand to nobody (`loop.set_exception_handler`). The loop's own way would put the
    text of the error into the line."""
    error = context.get("exception")
    structlog.get_logger(__name__).error(str(context.get("message", "")), exc_info=error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what led to it, and the parts of groups; none of them twice."""
    waiting: list[BaseException | None] = [error]
    told: list[BaseException] = []
    while waiting and len(told) < MOST_ERRORS:
        each = waiting.pop(0)
        if each is None or any(each is other for other in told):
            continue
        told.append(each)
        yield each
        waiting.append(each.__cause__ or (None if each.__suppress_context__ else each.__context__))
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)
