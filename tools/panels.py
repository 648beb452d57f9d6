"""What the dashboard shows, panel by panel; `tools.dashboard` makes Grafana's JSON of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OURS: Final = 'job=~"$job"'


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: ``queries`` by their legend. ``about`` is what its (i) says; ``width`` is out of 24."""

    title: str
    about: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    red_above: float | None = None
    red_below: float | None = None


def _rate(figure: str, by: str, more: str = "") -> str:
    return f"sum by ({by}) (rate(threadline_{figure}_total{{{OURS}{more}}}[$__rate_interval]))"


def _quantile(share: float, figure: str, by: str = "") -> str:
    inner = f"sum by (le{', ' + by if by else ''}) (rate(threadline_{figure}_bucket{{{OURS}}}[$__rate_interval]))"
    return f"histogram_quantile({share}, {inner})"


def _times(figure: str, by: str) -> str:
    """How often a histogram was told of something."""
    return f"sum by ({by}) (rate(threadline_{figure}_count{{{OURS}}}[$__rate_interval]))"


def _sum(figure: str) -> str:
    return f"sum(threadline_{figure}{{{OURS}}})"


def _shared(figure: str, by: str = "") -> str:
    """A figure from the database, of which every process tells the same."""
    return f"max{f' by ({by})' if by else ''} (threadline_{figure}{{{OURS}}})"


ROWS: Final[dict[str, tuple[Panel, ...]]] = {
    "At a glance": (
        Panel(
            "Ready",
            "Processes that take calls.",
            {"ready": _sum("ready")},
            kind="stat",
            width=4,
            red_below=1,
        ),
        Panel(
            "Calls under way",
            "In the flow, waiting, talking.",
            {"calls": f"sum({_shared('calls_open', 'channel, state')})"},
            kind="stat",
            width=4,
        ),
        Panel(
            "Callers waiting",
            "In all queues.",
            {"waiting": f"sum({_shared('queue_waiting', 'queue')})"},
            kind="stat",
            width=4,
        ),
        Panel(
            "Longest wait",
            "Of whoever came first.",
            {"wait": _shared("queue_longest_wait_seconds")},
            "s",
            "stat",
            4,
            red_above=300,
        ),
        Panel(
            "Given up, last hour",
            "Calls that were left to the default queue.",
            {"given up": f"sum(increase(threadline_calls_given_up_total{{{OURS}}}[1h]))"},
            kind="stat",
            width=4,
            red_above=1,
        ),
        Panel(
            "Asterisk",
            "Manager interfaces that are connected.",
            {"connected": _sum("ami_connected")},
            kind="stat",
            width=4,
        ),
    ),
    "Calls": (
        Panel("Calls a second", "Calls that reached us.", {"{{channel}}": _rate("calls_started", "channel")}, "cps"),
        Panel(
            "How calls end",
            "By channel and outcome.",
            {"{{channel}} {{outcome}}": _rate("calls_ended", "channel, outcome")},
            "cps",
        ),
        Panel(
            "Given up, by why",
            "Callers heard one sentence at most and went to the default queue.",
            {
                "{{channel}} {{reason}}": _rate("calls_given_up", "channel, reason"),
                "database away": f"sum(rate(threadline_turns_given_up_total{{{OURS}}}[$__rate_interval]))",
            },
            "cps",
        ),
        Panel(
            "Time of a turn",
            "From what a caller did to what comes next; 2 s are heard as a fault.",
            {
                "p50": _quantile(0.5, "turn_seconds"),
                "p95": _quantile(0.95, "turn_seconds"),
                "p99": _quantile(0.99, "turn_seconds"),
            },
            "s",
            red_above=2,
        ),
        Panel(
            "Other systems asked",
            "p95 of each webhook.",
            {"{{webhook}}": _quantile(0.95, "webhook_seconds", "webhook")},
            "s",
        ),
        Panel(
            "Codes",
            "Wrong ones, and those not looked up since too many were wrong.",
            {
                "wrong": f"sum(rate(threadline_wrong_codes_total{{{OURS}}}[$__rate_interval]))",
                "locked out by {{by}}": _rate("code_lockouts", "by"),
            },
            "cps",
        ),
    ),
    "Queues, agents, pages": (
        Panel("Callers waiting", "By queue.", {"{{queue}}": _shared("queue_waiting", "queue")}),
        Panel("Longest wait", "By queue.", {"{{queue}}": _shared("queue_longest_wait_seconds", "queue")}, "s"),
        Panel(
            "Agents ready",
            "By queue; an agent of several counts in each.",
            {"{{queue}}": _shared("queue_agents_ready", "queue")},
        ),
        Panel("How agents stand", "On duty.", {"{{state}}": _shared("agents", "state")}),
        Panel(
            "Until the card is there",
            "From being told that a phone rings.",
            {"p50": _quantile(0.5, "card_seconds"), "p99": _quantile(0.99, "card_seconds")},
            "s",
            red_above=1,
        ),
        Panel(
            "Open pages and work",
            "Pages of this process; work of all.",
            {
                "desks": _sum("desk_pages_open"),
                "boards": _sum("supervisor_pages_open"),
                "callbacks": _shared("callbacks_open"),
                "work items": _shared("work_items_open"),
            },
        ),
    ),
    "Asterisk and speech": (
        Panel(
            "FastAGI connections",
            "Open, and refused as too many.",
            {
                "open": _sum("agi_connections_open"),
                "taken/s": f"sum(rate(threadline_agi_connections_total{{{OURS}}}[$__rate_interval]))",
                "refused/s": f"sum(rate(threadline_agi_connections_refused_total{{{OURS}}}[$__rate_interval]))",
            },
        ),
        Panel(
            "Manager interface",
            "1: connected. Connected anew: Asterisk or the network was away.",
            {
                "{{asterisk}}": f"max by (asterisk) (threadline_ami_connected{{{OURS}}})",
                "anew {{asterisk}}": f"sum by (asterisk) (increase(threadline_ami_connections_total{{{OURS}}}[10m]))",
            },
        ),
        Panel(
            "Callers listened to",
            "AudioSocket.",
            {
                "streams": _sum("audiosocket_streams_open"),
                "words awaited": _sum("hearings_under_way"),
                "refused/s {{reason}}": _rate("audiosocket_refused", "reason"),
            },
        ),
        Panel(
            "Until words are there",
            "From the end of speech.",
            {"p50": _quantile(0.5, "hearing_seconds"), "p95": _quantile(0.95, "hearing_seconds")},
            "s",
        ),
        Panel(
            "What was heard",
            "lost: the recogniser was away or too slow.",
            {"{{result}}": _times("hearing_seconds", "result")},
            "cps",
        ),
        Panel("Prompts made", "failed: callers hear less.", {"{{result}}": _rate("prompts_made", "result")}, "cps"),
    ),
    "What waits to be sent": (
        Panel(
            "Waiting",
            "Text messages and e-mails, and what a CRM is told.",
            {"{{outbox}}": _shared("outbox_waiting", "outbox")},
        ),
        Panel("Age of the oldest", "", {"{{outbox}}": _shared("outbox_oldest_seconds", "outbox")}, "s", red_above=900),
        Panel("Given up in 24 hours", "", {"{{outbox}}": _shared("outbox_failed", "outbox")}),
    ),
    "Database": (
        Panel(
            "Time of a use",
            "Waiting for a connection included.",
            {
                "{{use}} p50": _quantile(0.5, "database_seconds", "use"),
                "{{use}} p99": _quantile(0.99, "database_seconds", "use"),
            },
            "s",
        ),
        Panel(
            "Uses a second, and failures",
            "",
            {"{{use}}": _times("database_seconds", "use"), "failed {{use}}": _rate("database_failures", "use")},
            "ops",
        ),
        Panel(
            "Connections and state",
            "away: callers are not kept waiting. schema: 0 is wrong or unknown.",
            {
                "{{instance}} {{state}}": f"threadline_database_connections{{{OURS}}}",
                "away {{instance}}": f"threadline_database_away{{{OURS}}}",
                "bus {{instance}}": f"threadline_bus_connected{{{OURS}}}",
                "duty {{duty}}": f"max by (duty) (threadline_duty_held{{{OURS}}})",
                "schema {{instance}}": f"threadline_schema_current{{{OURS}}}",
                "age of the backup": f"max(threadline_backup_age_seconds{{{OURS}}})",
                "age of shared figures": f"max(threadline_stored_figures_age_seconds{{{OURS}}})",
            },
        ),
    ),
    "Processes": (
        Panel("Memory", "", {"{{instance}}": f"process_resident_memory_bytes{{{OURS}}}"}, "bytes"),
        Panel(
            "Processor",
            "1: a whole core, which is all that one process can use.",
            {"{{instance}}": f"rate(process_cpu_seconds_total{{{OURS}}}[$__rate_interval])"},
            "percentunit",
            red_above=0.9,
        ),
        Panel(
            "Lag of the event loop",
            "How late it comes to its work.",
            {
                "p50": _quantile(0.5, "event_loop_lag_seconds", "instance"),
                "p99": _quantile(0.99, "event_loop_lag_seconds", "instance"),
            },
            "s",
            red_above=0.25,
        ),
        Panel(
            "Requests a second",
            "By part of the service and status.",
            {"{{area}} {{status}}": _times("http_request_seconds", "area, status")},
            "reqps",
        ),
        Panel("Time until answers begin", "p95.", {"{{area}}": _quantile(0.95, "http_request_seconds", "area")}, "s"),
        Panel(
            "Files, tasks, log",
            "Open files and connections; tasks of the event loop; lines lost.",
            {
                "files {{instance}}": f"process_open_fds{{{OURS}}}",
                "tasks {{instance}}": f"threadline_tasks{{{OURS}}}",
                "lines dropped": f"sum(increase(threadline_log_lines_dropped_total{{{OURS}}}[10m]))",
            },
        ),
        Panel(
            "What gives way",
            "0 nothing, 1 files and evaluations, 2 pages, too, 3 all but calls; requests told to come again.",
            {
                "level {{instance}}": f"threadline_overload{{{OURS}}}",
                "shed/s {{work}}": _rate("requests_shed", "work"),
                "waiting {{work}}": f"sum by (work) (threadline_requests_waiting{{{OURS}}})",
            },
        ),
        Panel(
            "Connections over HTTP",
            "Open ones of each process; those closed at once since there were too many, by of whom.",
            {
                "open {{instance}}": f"threadline_http_connections_open{{{OURS}}}",
                "refused/s {{of}}": _rate("http_connections_refused", "of"),
            },
        ),
        Panel(
            "Version, schema, release",
            "Several versions for long: an update was not finished.",
            {
                "{{version}}, schema {{schema}}": f"count by (version, schema) (threadline_build_info{{{OURS}}})",
                "release of the flows, {{instance}}": f"threadline_flows_release{{{OURS}}}",
            },
            kind="table",
            width=16,
        ),
    ),
}
