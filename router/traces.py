"""Traces by OpenTelemetry, where a collector is named (docs/traces.md): how long each part of a call took.

Where none is, nothing of OpenTelemetry is loaded, and `span` hands out one object that does nothing. Spans hold ids,
names of steps and kinds of errors, never a number, code, text or parameter. They leave by a thread with a bounded
queue: a collector that is slow or away costs spans, and no call waits for it.

Span names and attributes follow https://opentelemetry.io/docs/specs/semconv/ where there is one.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import structlog

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

log = structlog.get_logger(__name__)

Kind = Literal["internal", "server", "client"]

MOST_WAITING: Final = 2048
"""Spans that wait to be sent; more are dropped."""
SEND_SECONDS: Final = 5.0
"""For the collector to take some."""
LAST_WORDS: Final = 2.0
"""Seconds that are left at the end to send what waits."""
COMPLAINS_EVERY: Final = 60.0
"""Seconds between two lines of the log about a collector that is away."""
CALL: Final = "threadline.call.id"

_TABLE: Final = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w{1,60})", re.IGNORECASE)


class TracesMissing(Exception):
    """What makes traces is not installed; the text says how it is."""


class Telling(Protocol):
    """A span that is under way."""

    def tell(self, name: str, value: str | int | float) -> None:
        """One more attribute, which is known only now."""
        ...


class _Nothing:
    """A span where there are none."""

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tell(self, name: str, value: str | int | float) -> None:
        """Nobody is told."""


_NOTHING: Final = _Nothing()
_tracer: Tracer | None = None
_provider: TracerProvider | None = None


def begin(address: str, headers: Mapping[str, str], *, service: str, version: str, share: float, instance: str) -> None:
    """Send traces to the OTLP/HTTP collector at ``address`` (such as http://127.0.0.1:4318), ``share`` of all.

    Raises `TracesMissing`.
    """
    global _tracer, _provider
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    except ImportError:
        raise TracesMissing("install what is in requirements/traces.txt") from None
    resource = Resource({"service.name": service, "service.version": version, "service.instance.id": instance})
    exporter = OTLPSpanExporter(f"{address.rstrip('/')}/v1/traces", headers=dict(headers), timeout=SEND_SECONDS)
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(share)), shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=MOST_WAITING,
            schedule_delay_millis=1000,
            max_export_batch_size=MOST_WAITING // 4,
            export_timeout_millis=SEND_SECONDS * 1000,
        )
    )
    complaints = logging.getLogger("opentelemetry")
    complaints.handlers, complaints.propagate = [_Seldom()], False
    _provider, _tracer = provider, provider.get_tracer("threadline", version)


def end() -> None:
    """Send what waits, for a moment, and stop. Takes up to `LAST_WORDS`: not for the event loop."""
    global _tracer, _provider
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        # It tries again and again where the collector is away, whatever time it is given.
        last = threading.Thread(target=provider.shutdown, name="last traces", daemon=True)
        last.start()
        last.join(LAST_WORDS)


def on() -> bool:
    """Whether there are traces."""
    return _tracer is not None


def span(
    name: str, kind: Kind = "internal", parent: Mapping[str, str] | None = None, **attributes: str | int | float
) -> AbstractContextManager[Telling]:
    """What happens in this context, as a part of what happens around it, or of what ``parent`` (headers of a request)
    names. In names of attributes ``__`` stands for a dot."""
    return _NOTHING if _tracer is None else _Span(_tracer, name, kind, parent, attributes)


def statement(text: str, system: str) -> AbstractContextManager[Telling]:
    """A statement of a database while it runs: its verb and table, never its text or parameters."""
    return _NOTHING if _tracer is None else span(statement_name(text), "client", db__system__name=system)


def headers() -> dict[str, str]:
    """What tells another system which trace its work belongs to (W3C Trace Context)."""
    told: dict[str, str] = {}
    if _tracer is not None:
        _context_headers().inject(told)
    return told


def current_id() -> str | None:
    """The id of the trace that this belongs to."""
    if _tracer is None:
        return None
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def statement_name(statement: str) -> str:
    """What a span of a statement is called: the verb and the table, such as ``SELECT calls``."""
    verb, table = statement.split(None, 1)[:1], _TABLE.search(statement, 0, 4000)
    return " ".join([*(word[:20] for word in verb), *([table[1]] if table else [])]) or "statement"


def _context_headers() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator()


class _Seldom(logging.Handler):
    """The library complains at each try, with the address; one line a minute without it is enough."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of it, unless that was said a moment ago."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + COMPLAINS_EVERY
            log.warning("traces cannot be sent")


class _Span:
    """A span that is the current one inside its context. Of an error only the kind is told."""

    __slots__ = ("_attributes", "_kind", "_name", "_parent", "_span", "_token", "_tracer")

    def __init__(
        self, tracer: Tracer, name: str, kind: Kind, parent: Mapping[str, str] | None, attributes: Mapping[str, Any]
    ) -> None:
        self._tracer = tracer
        self._name = name
        self._kind = kind
        self._parent = parent
        self._attributes = {key.replace("__", "."): value for key, value in attributes.items()}

    def __enter__(self) -> _Span:
        from opentelemetry import context, trace

        around = _context_headers().extract(self._parent) if self._parent else None
        kind = trace.SpanKind[self._kind.upper()]
        self._span = self._tracer.start_span(self._name, around, kind, self._attributes)
        self._token = context.attach(trace.set_span_in_context(self._span, around))
        return self

    def tell(self, name: str, value: str | int | float) -> None:
        """One more attribute, which is known only now."""
        self._span.set_attribute(name, value)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        from opentelemetry import context
        from opentelemetry.trace import Status, StatusCode

        if kind is not None:
            self._span.set_status(Status(StatusCode.ERROR))
            self._span.set_attribute("error.type", kind.__name__)
        self._span.end()
        context.detach(self._token)
