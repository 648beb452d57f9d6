"""The list of all figures for Prometheus: what each is called, counts, and is told by.

Names follow https://prometheus.io/docs/practices/naming/: base units, ``_total`` for what only rises. Values of labels
are few and known beforehand: channels, outcomes, reasons, and names that an operator has written into settings and
flows. Never a number, a person, a call or a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

TURN_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 8.0)
"""Seconds; after 2 a caller hears a fault, after 8 we have given up."""
HEARING_BUCKETS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 15.0)
"""Seconds, until the longest that may be waited for words."""
CARD_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds; an agent picks up after one or two."""
DATABASE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 5.0)
"""Seconds, until the longest that a statement may take."""
REQUEST_BUCKETS: Final = (0.005, 0.025, 0.1, 0.5, 2.0, 5.0, 15.0)
"""Seconds; Twilio gives up after 15."""
LAG_BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""Seconds; what a caller may lose to the others without hearing it is 0.1."""

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, without the ``threadline_`` before its name and the ``_total`` behind that of a counter. One that is
    ``shared`` is read from the database: every process tells the same, so it is not to be added up over processes."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    shared: bool = False

    @property
    def full_name(self) -> str:
        """As Prometheus knows it."""
        return f"threadline_{self.name}" + ("_total" if self.kind == "counter" else "")


def _counter(name: str, about: str, *labels: str) -> Figure:
    return Figure(name, "counter", about, labels)


def _gauge(name: str, about: str, *labels: str) -> Figure:
    return Figure(name, "gauge", about, labels)


def _histogram(name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Figure:
    return Figure(name, "histogram", about, labels, buckets)


def _shared(name: str, about: str, *labels: str) -> Figure:
    return Figure(name, "gauge", about, labels, shared=True)


CALLS: Final = (
    _counter("calls_started", "Calls that reached us.", "channel"),
    _counter("calls_ended", "Calls that ended, by how: `hung_up`, `left_queue`, `finished`.", "channel", "outcome"),
    _counter(
        "calls_given_up",
        "Calls that were given up to the default queue, by why: `busy` (more than we take), `too_many` (on one "
        "line or number), `no_decision` (none in time), `no_reply` (Asterisk did not answer a command), `protocol` "
        "(it, or whoever else connected, said what is not AGI), `too_long`, "
        "`failed` (an error of ours, or the database away).",
        "channel",
        "reason",
    ),
    _histogram(
        "turn_seconds", "Time from an event of a call to the commands for its channel.", TURN_BUCKETS, "channel"
    ),
    _shared("calls_open", "Calls under way, by where they are: `flow`, `queue`, `talking`.", "channel", "state"),
    _counter("wrong_codes", "Well-formed codes keyed in that are none of ours."),
    _counter(
        "code_lockouts",
        "Codes that were not looked up because too many were wrong, by the limit: `call`, `caller`, `trunk`, "
        "`overall`.",
        "by",
    ),
    _histogram(
        "webhook_seconds",
        "Time until another system had answered a flow, by its name in the settings and whether the answer could be "
        "used: `answered`, `failed`.",
        REQUEST_BUCKETS,
        "webhook",
        "result",
    ),
)
AGENTS: Final = (
    _shared("queue_waiting", "Callers who wait, by queue.", "queue"),
    _shared("queue_longest_wait_seconds", "How long the first of them has waited; 0 where nobody does.", "queue"),
    _shared("queue_agents_ready", "Agents of a queue whom a call may come to now.", "queue"),
    _shared("agents", "People who are on duty, by how they stand: `ready`, `paused`, `wrap_up`, `busy`.", "state"),
    _histogram("card_seconds", "Time from being told that a phone rings until the card is there.", CARD_BUCKETS),
    _gauge("desk_pages_open", "Desks that are open in a browser, each with its event stream."),
    _gauge("supervisor_pages_open", "Boards that are open in a browser."),
    _shared("callbacks_open", "Callers who are to be called back."),
    _shared("work_items_open", "Voicemails, missed calls and follow-ups that nobody has done yet."),
)
ASTERISK: Final = (
    _gauge("agi_connections_open", "Open FastAGI connections."),
    _counter("agi_connections", "FastAGI connections that were taken."),
    _counter("agi_connections_refused", "FastAGI connections closed at once, since there were too many."),
    _gauge("ami_connected", "Whether Asterisk's manager interface is connected.", "asterisk"),
    _counter("ami_connections", "Times that it was connected and got in step with Asterisk.", "asterisk"),
    _gauge("audiosocket_streams_open", "Calls that are listened to."),
    _counter("audiosocket_refused", "AudioSocket connections closed as none of ours, by why.", "reason"),
)
SENDING: Final = (
    _shared("outbox_waiting", "What waits to be sent: `texts` (and e-mails), `crm`. Counted up to 10,000.", "outbox"),
    _shared("outbox_oldest_seconds", "How long the oldest of it has waited; 0 where nothing does.", "outbox"),
    _shared("outbox_failed", "What was given up in the last 24 hours. Counted up to 10,000.", "outbox"),
)
SPEECH: Final = (
    _histogram(
        "hearing_seconds",
        "Time from the end of a caller's speech to its words, by how it ended: `heard`, `nothing`, `lost`.",
        HEARING_BUCKETS,
        "result",
    ),
    _gauge("hearings_under_way", "Callers who wait for what they said to be made words of."),
    _counter("prompts_made", "Prompts that were synthesised, or could not be: `made`, `failed`.", "result"),
)
DATABASE: Final = (
    _histogram(
        "database_seconds",
        "Time of a use of the database, waiting for a connection included: `read`, `write`.",
        DATABASE_BUCKETS,
        "use",
    ),
    _counter("database_failures", "Uses of the database that found it away, full or too slow.", "use"),
    _gauge("database_away", "Whether calls are given up at once, the database being away."),
    _counter("turns_given_up", "Turns of calls that the database was not there for."),
    _gauge("database_connections", "Connections of the pool: `used`, `idle`.", "state"),
    _gauge("bus_connected", "Whether what other processes announce arrives here; only with PostgreSQL."),
    _gauge("duty_held", "Whether this process does what only one may do at a time.", "duty"),
    _gauge("schema_current", "Whether the database is at the schema of this version; 0 while it cannot be read, too."),
    _gauge(
        "backup_age_seconds",
        "Time since the latest nightly backup of the embedded database (packaging/systemd); not told where there are "
        "none of these.",
    ),
    _gauge(
        "write_ahead_log_bytes",
        "What the embedded database's write-ahead log takes on the disk; above 256 MB somebody reads one state of the "
        "database for long.",
    ),
    _gauge("stored_figures_age_seconds", "How old what is read from the database for these figures is."),
)
HTTP: Final = (
    _histogram(
        "http_request_seconds",
        "Time until a request's answer begins, by part of the service and class of status, such as `2xx`.",
        REQUEST_BUCKETS,
        "area",
        "status",
    ),
    _gauge("http_connections_open", "Open connections over HTTP."),
    _counter(
        "http_connections_refused",
        "Connections over HTTP closed at once since there were too many, by of whom: one `address`, `strangers` (all "
        "but this machine, trusted proxies and Asterisk), `all`.",
        "of",
    ),
    _counter(
        "requests_shed",
        "Requests told to come again since there was too much to do: `bulk`, `pages`, `registering`.",
        "work",
    ),
    _gauge("requests_waiting", "Requests that wait for room, by what they are.", "work"),
    _gauge("overload", "What gives way: 0 nothing, 1 files and evaluations, 2 pages, too, 3 all but calls."),
)
PROCESS: Final = (
    _gauge("ready", "Whether this process takes calls: what `/readyz` says."),
    _gauge("flows_release", "The release of the flows that new calls run."),
    _histogram("event_loop_lag_seconds", "How much later than due the event loop came to something.", LAG_BUCKETS),
    _gauge("tasks", "Tasks of the event loop; many more than calls and pages are a leak."),
    _counter("log_lines_dropped", "Lines that were not logged because whoever takes them is too slow."),
    _gauge("build_info", "Always 1; the version that runs, and the schema it needs.", "version", "schema"),
)

SUBJECTS: Final[dict[str, tuple[Figure, ...]]] = {
    "Calls": CALLS,
    "Queues, agents, pages": AGENTS,
    "Asterisk": ASTERISK,
    "What waits to be sent": SENDING,
    "Speech": SPEECH,
    "Database": DATABASE,
    "HTTP": HTTP,
    "The process": PROCESS,
}
FIGURES: Final = {figure.name: figure for figures in SUBJECTS.values() for figure in figures}
