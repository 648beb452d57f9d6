"""Figures for Prometheus. None of them holds anything personal: labels are channels and outcomes, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from router.engine.session import Session
from router.matching.lockout import By

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
TURN_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 8.0)
"""Seconds; after 2 a caller hears a fault, after 8 we have given up."""
HEARING_BUCKETS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 15.0)
"""Seconds, until the longest that may be waited for words."""


class Metrics:
    """The figures of one application, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._started = Counter(
            "threadline_calls_started", "Calls that reached us.", ["channel"], registry=self.registry
        )
        self._ended = Counter(
            "threadline_calls_ended",
            "Calls that ended, by how: hung_up, left_queue, finished.",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self._wrong_codes = Counter(
            "threadline_wrong_codes",
            "Well-formed codes keyed in that are none of ours.",
            registry=self.registry,
        )
        self._lockouts = Counter(
            "threadline_code_lockouts",
            "Codes that were not looked up because too many were wrong, by the limit: call, caller, trunk, overall.",
            ["by"],
            registry=self.registry,
        )
        for by in By:
            self._lockouts.labels(by.value)  # each is there from the start, so that its first rise is seen
        self._turns = Histogram(
            "threadline_turn_seconds",
            "Time from an event of a call to the commands for its channel.",
            ["channel"],
            buckets=TURN_BUCKETS,
            registry=self.registry,
        )
        self._hearings = Histogram(
            "threadline_hearing_seconds",
            "Time from the end of a caller's speech to its words, by how it ended: heard, nothing, lost.",
            ["result"],
            buckets=HEARING_BUCKETS,
            registry=self.registry,
        )

    def turn(self, session: Session, seconds: float) -> None:
        """A call has taken a turn, which took this long (see `router.calls.handle.Calls.on_turn`)."""
        self._turns.labels(session.channel).observe(seconds)
        if session.sequence == 1:
            self._started.labels(session.channel).inc()
        if session.outcome is not None:
            self._ended.labels(session.channel, session.outcome.value).inc()

    def wrong_code(self) -> None:
        """A wrong code was keyed in (see `router.calls.guesses`)."""
        self._wrong_codes.inc()

    def lockout(self, by: By) -> None:
        """A code was not looked up because of this limit."""
        self._lockouts.labels(by.value).inc()

    def hearing(self, result: str, seconds: float) -> None:
        """A caller's speech was heard, or not (see `router.speech.recognition.ear.Ear.on_hearing`)."""
        self._hearings.labels(result).observe(seconds)

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show ``value`` as the gauge ``threadline_NAME``, asked for whenever the figures are read."""
        Gauge(f"threadline_{name}", text, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)
