"""The figures by Prometheus' own rules, and what they tell of the house."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from router.api.figures import FIGURES, SUBJECTS, Figure
from router.api.metrics import Metrics
from router.api.pulse import Pulse
from router.api.requests import AREAS, OTHER, area_of
from router.api.stock import Stock
from router.core.events import WITHHELD, Caller, CallerHungUp
from router.logs import configure
from router.store.database import Database
from router.store.tables import calls, crm_events, people, text_messages
from tests.api.service import LANDLINE, SECRET, SERVICE_NUMBER, START, Clock, Service, running


def figures(text: str) -> dict[str, float]:
    return {
        sample.name + str(sorted(sample.labels.items()) or ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
async def service(tmp_path: Path, database_url: str) -> AsyncIterator[Service]:
    async with running(tmp_path, database_url) as service:
        yield service


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.name)
def test_each_figure_is_named_by_the_rules(figure: Figure) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", figure.name)
    assert figure.about.endswith(".")
    assert not figure.name.endswith(("_total", "_count", "_sum", "_bucket")), "the library adds that"
    assert (figure.kind == "histogram") == bool(figure.buckets)
    assert list(figure.buckets) == sorted(set(figure.buckets))
    assert not set(figure.labels) & {"le", "job", "instance", "caller", "number", "person", "call", "message"}
    if figure.kind == "histogram":
        assert figure.name.endswith("_seconds")
    for unit in ("ms", "milliseconds", "minutes", "percent", "kilobytes"):
        assert unit not in figure.name.split("_")


def test_each_figure_is_told_of_once() -> None:
    names = [figure.full_name for figures in SUBJECTS.values() for figure in figures]
    assert len(names) == len(set(names)) == len(FIGURES)


def promtool(text: str) -> tuple[int, str]:
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.sqlite_only
@pytest.mark.needs("promtool")
async def test_promtool_finds_nothing_to_say(service: Service) -> None:
    await service.call(Caller(LANDLINE))
    async with service.allowed() as client:
        text = (await client.get("/metrics")).text
    assert promtool(text) == (0, "")


@pytest.mark.sqlite_only
async def test_all_that_is_told_is_listed_with_these_labels(service: Service) -> None:
    await service.call(Caller(LANDLINE))
    async with service.allowed() as client:
        text = (await client.get("/metrics")).text
    known = {figure.full_name.removesuffix("_total"): figure for figure in FIGURES.values()}
    told = [family for family in text_string_to_metric_families(text) if not family.name.startswith("process_")]
    for family in told:
        figure = known[family.name]
        assert family.type == figure.kind
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(figure.labels), sample.name
    assert {"threadline_queue_waiting", "threadline_build_info", "threadline_ready"} <= {each.name for each in told}


async def test_the_figures_tell_how_the_house_stands(service: Service) -> None:
    house = service.house
    call_id = await service.call(Caller(LANDLINE))
    await service.call(WITHHELD, "ref-2", "twilio")
    await service.call(WITHHELD, "ref-3")
    async with house.database.begin() as connection:
        in_queue = {"state": "queue", "queue": "sales", "queued_at": START - timedelta(minutes=4)}
        await connection.execute(calls.update().where(calls.c.channel_ref == "ref-3").values(**in_queue))
        person = {"role": "agent", "language": "de", "skills": [], "created_at": START}
        rows = [
            {"id": "1" * 32, "login": "a", "name": "A", "queues": ["sales"], "presence": "ready", **person},
            {"id": "2" * 32, "login": "b", "name": "B", "queues": ["sales"], "presence": "paused", **person},
            {"id": "3" * 32, "login": "c", "name": "C", "queues": ["sales"], "presence": "off", **person},
        ]
        await connection.execute(people.insert(), rows)
        texts = {"channel": "sms", "purpose": "link", "tries": 0, "created_at": START - timedelta(hours=2)}
        await connection.execute(text_messages.insert().values(id="4" * 32, state="queued", **texts))
        told = {"call_id": call_id, "event": "hangup", "tries": 9, "created_at": START - timedelta(hours=2)}
        await connection.execute(crm_events.insert().values(id="5" * 32, state="failed", **told))
    async with service.allowed() as client:
        text = (await client.get("/metrics")).text
    told_now = figures(text)
    assert told_now["threadline_queue_waiting[('queue', 'sales')]"] == 1
    assert told_now["threadline_queue_waiting[('queue', 'service')]"] == 0
    assert told_now["threadline_queue_longest_wait_seconds[('queue', 'sales')]"] == 240
    assert told_now["threadline_queue_agents_ready[('queue', 'sales')]"] == 1
    assert told_now["threadline_agents[('state', 'paused')]"] == 1
    assert told_now["threadline_calls_open[('channel', 'twilio'), ('state', 'flow')]"] == 1
    assert told_now["threadline_outbox_waiting[('outbox', 'texts')]"] == 1
    assert told_now["threadline_outbox_oldest_seconds[('outbox', 'texts')]"] == 7200
    assert told_now["threadline_outbox_failed[('outbox', 'crm')]"] == 1
    assert told_now["threadline_schema_current"] == 1
    assert told_now["threadline_database_seconds_count[('use', 'write')]"] >= 4


async def test_reading_the_figures_again_does_not_ask_the_database_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service.allowed() as client:
        await client.get("/metrics")
        await service.call(WITHHELD)
        told = figures((await client.get("/metrics")).text)
    assert not [name for name in told if name.startswith("threadline_calls_open")], "as it was ten seconds ago"


async def test_without_a_database_no_figure_of_it_is_told_and_the_others_are() -> None:
    database, metrics, ticks = Database("postgresql://threadline@127.0.0.1:1/threadline"), Metrics(), [0.0]
    stock = Stock(database, Clock(), lambda: ticks[0])
    stock.show(metrics, lambda: ["sales"])
    metrics.given_up("asterisk", "failed")
    await stock.look()
    told = figures(metrics.text().decode())
    assert told["threadline_calls_given_up_total[('channel', 'asterisk'), ('reason', 'failed')]"] == 1
    assert not [name for name in told if "queue_" in name or "stored_figures" in name]
    await database.close()


async def test_what_was_seen_long_ago_is_not_told_any_more(database: Database) -> None:
    ticks = [0.0]
    stock = Stock(database, Clock(), lambda: ticks[0])
    async with asyncio.timeout(60):
        while stock.seen is None:  # a look that takes long is not waited for
            await stock.look()
            await asyncio.sleep(0)
    before = stock.seen
    ticks[0] = 61.0
    assert (before is None, stock.seen is None, stock.age) == (False, True, 61.0)


def test_a_late_beat_of_the_event_loop_is_told_and_remembered_for_a_while() -> None:
    lags: list[float] = []
    pulse, beats = Pulse(lags.append), []
    pulse.on_beat = lambda: beats.append(1)
    for late in (0.002, 1.5, -0.001):
        pulse.beat(late)
    assert lags == [0.002, 1.5, 0.0]
    assert len(beats) == 3
    assert pulse.worst == 1.5
    for _ in range(20):
        pulse.beat(0.0)
    assert pulse.worst == 0.0


@pytest.mark.parametrize(
    ("path", "area"),
    [
        ("/v1/messages", "v1"),
        ("/channels/twilio/voice", "channels"),
        ("/readyz", OTHER),
        ("/", OTHER),
        ("/desk/cards/" + "a" * 32, "desk"),
        ("/../../v1", OTHER),
        ("v1", OTHER),
        ("/+4930666001", OTHER),
    ],
)
def test_addresses_are_told_by_their_part_of_the_service_only(path: str, area: str) -> None:
    assert area_of(path) == area
    assert area in (*AREAS, OTHER)


@pytest.mark.sqlite_only
async def test_requests_are_timed_by_part_and_status(service: Service) -> None:
    async with service.allowed() as client:
        await client.get("/v1/messages/none")
        await client.get("/v1/messages/none")
        told = figures((await client.get("/metrics")).text)
    assert told["threadline_http_request_seconds_count[('area', 'v1'), ('status', '4xx')]"] == 2


@pytest.mark.sqlite_only
async def test_a_request_that_fails_on_our_side_is_counted_and_logged_with_its_id(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails() -> None:
        raise RuntimeError("boom")

    service.app.add_api_route("/v1/fails", fails)
    configure("info", as_json=True)
    async with service.allowed() as client:
        answer = await client.get("/v1/fails")
        told = figures((await client.get("/metrics")).text)
    assert answer.status_code == 500
    assert told["threadline_http_request_seconds_count[('area', 'v1'), ('status', '5xx')]"] == 1
    (line,) = [each for each in map(json.loads, capsys.readouterr().err.splitlines()) if each["level"] == "error"]
    assert (line["event"], line["request"]) == ("request failed", answer.headers["x-request-id"])


async def test_nothing_personal_gets_among_the_figures(service: Service) -> None:
    call_id = await service.call(Caller(LANDLINE))
    await service.house.calls.handle(call_id, CallerHungUp())
    async with service.allowed() as client:
        text = (await client.get("/metrics")).text
    for private in (LANDLINE[3:], call_id, SECRET):
        assert private not in text


@pytest.mark.sqlite_only
async def test_all_lines_of_a_call_and_of_a_request_have_its_id(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("info", as_json=True)
    async with service.allowed() as client:
        begun = await client.post("/testphone/calls", json={"from": LANDLINE, "to": SERVICE_NUMBER})
        call_id = begun.json()["call"]
        ended = await client.post(f"/testphone/calls/{call_id}/hangup")
    logged = capsys.readouterr().err
    lines = [json.loads(line) for line in logged.splitlines()]
    turns = [line for line in lines if line["event"] == "call"]
    assert [line["call"] for line in turns] == [call_id] * 2
    assert [line["request"] for line in turns] == [begun.headers["x-request-id"], ended.headers["x-request-id"]]
    assert {line.get("call", call_id) for line in lines} == {call_id}
    assert LANDLINE[3:] not in logged
