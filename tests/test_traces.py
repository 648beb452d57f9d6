"""Traces, where a collector is named: what is told of a call, and what never is; and that nobody waits for them."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from router import traces
from router.core.events import Caller, CallStarted, DigitsEntered
from router.settings import load
from router.store.database import Database
from router.store.statement_spans import trace_statements
from tests.api.service import LANDLINE, MESSAGE, SERVICE_NUMBER, running
from tests.calls.elsewhere import elsewhere
from tests.calls.test_asking_elsewhere import make_calls
from tests.collector import Collector, attributes, collecting

# The library's own threads and generators are not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:opentelemetry")


def begin(address: str, share: float = 1.0) -> None:
    traces.begin(address, {"authorization": "Basic x"}, service="threadline", version="1", share=share, instance="here")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        begin(collector.address)
        yield collector
        traces.end()


async def told() -> None:
    await asyncio.to_thread(traces.end)


async def test_a_call_is_told_part_by_part_and_others_learn_of_the_trace(
    database: Database, collector: Collector
) -> None:
    trace_statements(database.engines)
    async with elsewhere() as there:
        calls = make_calls(database, there)
        there.answers({"customer": {"tier": "gold", "name": "Erika"}})
        begun = await calls.begin("asterisk", "ref", CallStarted("asterisk", Caller(LANDLINE), SERVICE_NUMBER))
        await calls.handle(begun.call_id, DigitsEntered("4711054711"), begun.sequence)
        await calls.aclose()
    await told()
    first, second = collector.named("call turn")
    assert attributes(first) == {
        "threadline.channel": "asterisk", "threadline.event": "call_started", "threadline.call.id": begun.call_id,
    }  # fmt: skip
    assert attributes(second)["threadline.event"] == "digits_entered"
    (asked,) = collector.named("webhook crm")
    assert asked.trace_id == second.trace_id != first.trace_id
    assert asked.kind == 3  # client
    (headers, _) = there.requests[0]
    assert headers["traceparent"].startswith(f"00-{asked.trace_id.hex()}-{asked.span_id.hex()}-0")
    statements = [span for span in collector.spans if "db.system.name" in attributes(span)]
    assert {span.trace_id for span in statements} == {first.trace_id, second.trace_id}
    assert {"SELECT calls", "INSERT calls", "UPDATE calls"} <= {span.name for span in statements}
    assert collector.named("database write")
    for private in (LANDLINE[1:], "4711054711", "Erika", "gold", there.address):
        assert private not in collector.text, private
    assert {headers["authorization"] for headers in collector.headers} == {"Basic x"}


@pytest.mark.sqlite_only
async def test_a_request_is_told_with_its_route_and_matching_is_part_of_it(
    tmp_path: Path, database_url: str, collector: Collector
) -> None:
    parent = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    async with running(tmp_path, database_url) as service, service.allowed() as client:
        await client.post("/v1/messages", json=MESSAGE, headers={"traceparent": parent})
        began = await client.post("/testphone/calls", json={"from": LANDLINE, "to": SERVICE_NUMBER})
    await told()
    (posted,) = [span for span in collector.spans if span.name == "POST /v1"]
    assert posted.trace_id.hex() == "ab" * 16
    assert posted.parent_span_id.hex() == "cd" * 8
    assert attributes(posted)["http.route"] == "/v1/messages"
    (dialled,) = [span for span in collector.spans if span.name == "POST /testphone"]
    assert attributes(dialled)["threadline.request.id"] == began.headers["x-request-id"]
    (turn,) = collector.named("call turn")
    (matching,) = collector.named("matching")
    assert turn.parent_span_id == dialled.span_id
    assert matching.trace_id == dialled.trace_id
    for private in (LANDLINE[1:], "Anna", "Beispiel", "crm-1", "29,90", "12345678"):
        assert private not in collector.text, private


def test_a_span_that_fails_has_the_kind_of_the_error_and_not_its_text(collector: Collector) -> None:
    with pytest.raises(ValueError, match="4930"), traces.span("turn"):
        raise ValueError("+4930666001")
    traces.end()
    (span,) = collector.spans
    assert attributes(span) == {"error.type": "ValueError"}
    assert "666001" not in collector.text


def test_a_share_of_none_keeps_none() -> None:
    with collecting() as collector:
        begin(collector.address, share=0.0)
        with traces.span("turn"):
            pass
        traces.end()
    assert collector.spans == []


def test_a_collector_that_never_answers_holds_up_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin(f"http://127.0.0.1:{silent.getsockname()[1]}")
        used = time.process_time()
        for _ in range(3 * traces.MOST_WAITING):
            with traces.span("turn"):
                pass
        used = time.process_time() - used
        begun = time.monotonic()
        traces.end()
    assert time.monotonic() - begun < 30, "it does not wait for the collector"
    print(f"{used / (3 * traces.MOST_WAITING) * 1e6:.0f} µs of CPU a span")


def test_complaints_about_a_collector_are_few(collector: Collector) -> None:
    with capture_logs() as logged:
        for name in ("opentelemetry", "opentelemetry.exporter.otlp", "opentelemetry.sdk.trace.export"):
            logging.getLogger(name).warning("Transient error at http://user:password@collector")
    assert [line["event"] for line in logged] == ["traces cannot be sent"]


def test_without_a_collector_nothing_is_loaded_and_spans_do_nothing() -> None:
    code = """
import router.calls.webhooks, router.api.requests, router.traces as t, sys
t.span('x', a='b').__enter__().tell('a', 'b')
print('opentelemetry.sdk' in sys.modules, t.headers())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False {}\n", done.stderr
    assert traces.span("one") is traces.span("other")


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT calls.id FROM calls WHERE calls.id = ?", "SELECT calls"),
        ("\nINSERT INTO calls (id) VALUES (?)", "INSERT calls"),
        ("UPDATE calls SET state=?", "UPDATE calls"),
        ("BEGIN IMMEDIATE", "BEGIN"),
        ("", "statement"),
    ],
)
def test_statements_are_named_by_verb_and_table(statement: str, name: str) -> None:
    assert traces.statement_name(statement) == name


def test_the_usual_variable_of_opentelemetry_names_the_collector_unless_ours_does(tmp_path: Path) -> None:
    usual = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://usual:4318"}
    assert load(usual, tmp_path).otlp_url == "http://usual:4318"
    assert load({**usual, "THREADLINE_OTLP_URL": "http://ours:4318"}, tmp_path).otlp_url == "http://ours:4318"
    assert load({}, tmp_path).otlp_url is None
