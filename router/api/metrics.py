"""Figures for Prometheus. None of them holds anything personal; `router.api.figures` lists them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from router.api.figures import FIGURES, Figure
from router.engine.session import Session
from router.matching.lockout import By

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Value = float | Mapping[str, float] | Mapping[tuple[str, str], float]
"""One number, or one for each value of the figure's label, or of its labels."""


class Metrics:
    """The figures of one application, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each, which nobody asks for
        self.registry = CollectorRegistry()
        self._watched = _Watched()
        self.registry.register(self._watched)
        ProcessCollector(registry=self.registry)
        self._started = _Counted("calls_started", self.registry)
        self._ended = _Counted("calls_ended", self.registry)
        self._given_up = _Counted("calls_given_up", self.registry)
        self._wrong_codes = _Counted("wrong_codes", self.registry)
        self._lockouts = _Counted("code_lockouts", self.registry)
        for by in By:
            self._lockouts.of(by.value)  # each is there from the start, so that its first rise is seen
        self._failures = _Counted("database_failures", self.registry)
        self._turns = _Timed("turn_seconds", self.registry)
        self._hearings = _Timed("hearing_seconds", self.registry)
        self._webhooks = _Timed("webhook_seconds", self.registry)
        self._cards = _Timed("card_seconds", self.registry)
        self._database = _Timed("database_seconds", self.registry)
        self._requests = _Timed("http_request_seconds", self.registry)
        self._lag = _Timed("event_loop_lag_seconds", self.registry)
        for use in ("read", "write"):
            self._failures.of(use)

    def turn(self, session: Session, seconds: float) -> None:
        """A call has taken a turn, which took this long (see `router.calls.handle.Calls.on_turn`)."""
        self._turns.of(session.channel).observe(seconds)
        if session.sequence == 1:
            self._started.of(session.channel).inc()
        if session.outcome is not None:
            self._ended.of(session.channel, session.outcome.value).inc()

    def given_up(self, channel: str, reason: str) -> None:
        """A call was left to the default queue."""
        self._given_up.of(channel, reason).inc()

    def wrong_code(self) -> None:
        """A wrong code was keyed in (see `router.calls.guesses`)."""
        self._wrong_codes.of().inc()

    def lockout(self, by: By) -> None:
        """A code was not looked up because of this limit."""
        self._lockouts.of(by.value).inc()

    def hearing(self, result: str, seconds: float) -> None:
        """A caller's speech was heard, or not (see `router.speech.recognition.ear.Ear.on_hearing`)."""
        self._hearings.of(result).observe(seconds)

    def webhook(self, name: str, answered: bool, seconds: float) -> None:
        """Another system was asked (see `router.calls.webhooks`)."""
        self._webhooks.of(name, "answered" if answered else "failed").observe(seconds)

    def card(self, seconds: float) -> None:
        """A card is there (see `router.agents.ringing`)."""
        self._cards.of().observe(seconds)

    def database_used(self, use: str, seconds: float, away: bool) -> None:
        """The database was used, or could not be (see `router.store.database.Database.on_use`)."""
        self._database.of(use).observe(seconds)
        if away:
            self._failures.of(use).inc()

    def request(self, area: str, status: int, seconds: float) -> None:
        """A request's answer has begun (see `router.api.requests`)."""
        self._requests.of(area, f"{status // 100}xx").observe(seconds)

    def lag(self, seconds: float) -> None:
        """The event loop came to something so much late (see `router.api.pulse`)."""
        self._lag.of().observe(seconds)

    def watch(self, name: str, value: Callable[[], Value | None]) -> None:
        """Show ``value`` as the figure ``name``, asked for whenever the figures are read; None: it is not known."""
        self._watched.add(FIGURES[name], value)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)


class _Counted:
    """A counter; what counts for given labels is looked up in a dictionary, which takes a tenth of the time that the
    library needs to check them."""

    def __init__(self, name: str, registry: CollectorRegistry) -> None:
        figure = FIGURES[name]
        self._counter = Counter(f"threadline_{name}", figure.about, figure.labels, registry=registry)
        self._known: dict[tuple[str, ...], Counter] = {}

    def of(self, *labels: str) -> Counter:
        known = self._known.get(labels)
        if known is None:
            known = self._known[labels] = self._counter.labels(*labels) if labels else self._counter
        return known


class _Timed:
    """A histogram, in the same way."""

    def __init__(self, name: str, registry: CollectorRegistry) -> None:
        figure = FIGURES[name]
        self._histogram = Histogram(
            f"threadline_{name}", figure.about, figure.labels, buckets=figure.buckets, registry=registry
        )
        self._known: dict[tuple[str, ...], Histogram] = {}

    def of(self, *labels: str) -> Histogram:
        known = self._known.get(labels)
        if known is None:
            known = self._known[labels] = self._histogram.labels(*labels) if labels else self._histogram
        return known


class _Watched(Collector):
    """Figures that others keep; they are asked for them when somebody reads."""

    def __init__(self) -> None:
        self._figures: dict[str, tuple[Figure, Callable[[], Value | None]]] = {}

    def add(self, figure: Figure, value: Callable[[], Value | None]) -> None:
        self._figures[figure.name] = figure, value

    def collect(self) -> Iterable[Metric]:
        for figure, value in self._figures.values():
            told = value()
            if told is None:
                continue
            kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
            family = kind(f"threadline_{figure.name}", figure.about, labels=figure.labels)
            for labels, number in told.items() if isinstance(told, Mapping) else [((), told)]:
                family.add_metric((labels,) if isinstance(labels, str) else labels, float(number))
            yield family

    def describe(self) -> Iterable[Metric]:
        """Nothing: values are not asked for before they are wanted."""
        return ()
