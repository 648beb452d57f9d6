"""How logs look: one line an event, for people or as JSON for a log collector (docs/logs.md).

Numbers, codes and secrets never come here: each room masks them or leaves them out, and of errors only their kinds and
the places they went through are logged. Texts of errors, and variables on their way, hold what callers and customers
sent. `router.logs.masking` is the last line of defence behind that.

A line costs a call a few microseconds (docs/logs.md), so it is put together in one step.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from structlog.typing import ExcInfo

from router.logs.about import While, about, known
from router.logs.masking import IDS, masked, masked_value
from router.logs.sink import Sink

__all__ = ["While", "about", "configure", "dropped", "of_the_loop", "without_values"]

MOST_ERRORS: Final = 10
"""Errors told of one failure: what led to it, and the parts of a group."""

_LEVELS: Final = {"exception": "error", "warn": "warning", "fatal": "critical", "msg": "info"}
_NOISY: Final = ("asyncio", "alembic", "panoramisk", "twilio.http_client", "httpx", "httpcore")
_to_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode

_UNSEEN: Final = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON may hold as it is, and a terminal or a program may take for a line's end, a command, or a change of
direction."""

_sink: Sink | None = None


def configure(level: str, *, as_json: bool, file: Path | None = None, beside: bool = False) -> None:
    """Set up logging for the process. ``level`` is ``debug``, ``info``, ``warning`` or ``error``; lines go to ``file``,
    or to standard error. ``beside``: a thread writes them, for a service that must not wait for its log.

    Raises `OSError` where the file cannot be written to.
    """
    global _sink
    new = Sink(file, beside=beside)
    if _sink is not None:
        _sink.close()
    _sink = new
    number = logging.getLevelNamesMapping()[level.upper()]
    render = _Renderer(as_json, colours=not as_json and file is None and sys.stderr.isatty())
    structlog.configure(
        processors=[render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *names: _Lines(new, str(names[0]) if names else ""),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Foreign(new, render)]
    root.setLevel(number)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, number))
    # Web addresses may carry one-time tokens, so requests are not logged by address.
    logging.getLogger("uvicorn.access").handlers = []
    logging.getLogger("uvicorn.access").propagate = False


def dropped() -> int:
    """Lines that were left out because whoever takes them is too slow."""
    return _sink.dropped if _sink is not None else 0


class _Lines:
    """What structlog hands finished lines to."""

    __slots__ = ("_sink", "name")

    def __init__(self, sink: Sink, name: str) -> None:
        self._sink = sink
        self.name = name

    def msg(self, line: str) -> None:
        self._sink.write(line)

    debug = info = warning = warn = error = critical = fatal = exception = log = msg


class _Renderer:
    """Makes a line of an event: when, how bad, who says so, what, about what, and the rest by name."""

    def __init__(self, as_json: bool, *, colours: bool) -> None:
        self._console = None if as_json else structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False)

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        line: dict[str, Any] = {
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": _LEVELS.get(method, method),
            "logger": getattr(logger, "name", ""),
            "event": masked(str(event.pop("event", ""))),
            **known(),
        }
        exc_info = event.pop("exc_info", None)
        for name, value in event.items():
            line[name] = value if name in IDS and isinstance(value, str) else masked_value(value)
        if exc_info and (failed := _exc_info(exc_info))[1] is not None:
            line["exception"] = without_values(failed)
        if self._console is None:
            text = _to_json(line)
            return (text if text.isprintable() else _UNSEEN.sub(_escaped, text)) + "\n"
        return str(self._console(logger, method, _plain(line))) + "\n"


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _exc_info(told: Any) -> ExcInfo:
    if isinstance(told, BaseException):
        return type(told), told, told.__traceback__
    found: ExcInfo = told if isinstance(told, tuple) else sys.exc_info()
    return found


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    """Without characters that would begin a line of their own, or do something to a terminal; JSON writes them as it
    should. The places of an error are lines by themselves."""
    return {
        name: "".join(each if each.isprintable() else repr(each)[1:-1] for each in value)
        if isinstance(value, str) and name != "exception" and not value.isprintable()
        else value
        for name, value in line.items()
    }


class _Foreign(logging.Handler):
    """Lines of libraries, which look like our own."""

    def __init__(self, sink: Sink, render: _Renderer) -> None:
        super().__init__()
        self._lines_of: dict[str, _Lines] = {}
        self._sink = sink
        self._render = render

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        lines = self._lines_of.setdefault(record.name, _Lines(self._sink, record.name))
        told: dict[str, Any] = {"event": record.getMessage(), "exc_info": record.exc_info}
        lines.msg(self._render(lines, record.levelname.lower(), told))


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
