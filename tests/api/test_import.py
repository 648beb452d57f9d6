"""Files of messages over HTTP: a line for each row, once it is stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.types import Message

from router.api import imports
from router.api.imports import PATH, ImportedRow
from router.api.limits import BodyLimit
from router.api.spool import SpooledAnswer
from tests.api.service import MESSAGE, Service, fields, problem

CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
HEADER = "external_id;channel;to_phone;offer_title\n"
OFFER = "Angebot " * 20  # so long that a reader that looks at the first 64 KiB has them soon


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    told = [json.loads(line) for line in answer.text.splitlines()]
    for row in told:
        ImportedRow.model_validate(row)
    return told


def csv_rows(count: int) -> str:
    return HEADER + "".join(f"row-{number};sms;0171 39200{number % 100:02};{OFFER}\n" for number in range(count))


async def test_a_csv_file_gets_a_line_for_each_row(service: Service) -> None:
    file = HEADER + "a;sms;0171 3920011;Eins\nb;fax;0171 3920012;Zwei\nc;sms;0171 3920013;Drei\n"
    async with service.allowed() as client:
        first, wrong, last = rows(await client.post(PATH, content=file.encode(), headers=CSV))
        assert (first["row"], first["external_id"], last["external_id"]) == (2, "a", "c")
        assert {"id", "callback_code", "reference", "tel_link", "service_number"} <= set(first)
        assert (wrong["external_id"], wrong["errors"][0]["field"]) == ("b", "channel")
        assert "id" not in wrong
        stored = (await client.get("/v1/messages?external_id=a")).json()
        assert (stored["id"], stored["callback_code"]) == (first["id"], first["callback_code"])
        problem(await client.get("/v1/messages?external_id=b"), 404)


async def test_json_lines_are_messages_like_any_other(service: Service) -> None:
    lines = [json.dumps(MESSAGE), "", "{", json.dumps(MESSAGE | {"external_id": "crm-2"})]
    async with service.allowed() as client:
        one, broken, two = rows(await client.post(PATH, content="\n".join(lines).encode(), headers=NDJSON))
        assert (one["row"], broken["row"], two["row"]) == (1, 3, 4)
        assert "JSON" in broken["errors"][0]["message"]
        again = await client.post("/v1/messages", json=MESSAGE)
        assert (again.status_code, again.json()["id"]) == (200, one["id"])


async def test_a_file_sent_twice_does_no_harm(service: Service) -> None:
    async with service.allowed("messages:write") as client:
        first = rows(await client.post(PATH, content=csv_rows(60).encode(), headers=CSV))
        assert rows(await client.post(PATH, content=csv_rows(60).encode(), headers=CSV)) == first
    assert len({row["id"] for row in first}) == 60


async def test_an_empty_file_of_json_lines_is_no_error(service: Service) -> None:
    async with service.allowed() as client:
        assert rows(await client.post(PATH, content=b"", headers=NDJSON)) == []


@pytest.mark.parametrize(
    ("file", "field"), [(b"", "file"), (b"name;phone\nx;1\n", "name"), (b"PK\x03\x04zip", "file"), (b"\0" * 10, "file")]
)
async def test_a_file_that_cannot_be_read_at_all_is_refused(service: Service, file: bytes, field: str) -> None:
    async with service.allowed() as client:
        assert field in fields(problem(await client.post(PATH, content=file, headers=CSV), 422))


async def test_a_form_with_a_file_is_told_to_send_the_file_itself(service: Service) -> None:
    async with service.allowed() as client:
        told = problem(await client.post(PATH, files={"file": ("x.csv", b"x")}), 415)
    assert "text/csv or application/x-ndjson" in told["detail"]


async def test_two_files_at_a_time(service: Service) -> None:
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield HEADER.encode()
        await go_on.wait()

    async with service.allowed() as client:
        requests = [asyncio.create_task(client.post(PATH, content=slow(), headers=CSV)) for _ in range(3)]
        done, running = await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
        (busy,) = done
        problem(busy.result(), 503)
        go_on.set()
        for request in running:
            assert rows(await request) == []
        assert rows(await client.post(PATH, content=HEADER.encode(), headers=CSV)) == []


async def test_a_file_that_grows_too_large_says_where_it_stopped(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.web_app.IMPORT", BodyLimit(100_000, 5.0, each=True))
    small = await again(service)
    file = csv_rows(700).encode()
    assert len(file) > 110_000

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(file), 1000):
            yield file[start : start + 1000]

    async with small.allowed() as client:
        problem(await client.post(PATH, content=file, headers=CSV), 413)
        *good, last = rows(await client.post(PATH, content=parts(), headers=CSV))
        assert last["errors"][0]["field"] == "file"
        assert "100000 bytes" in last["errors"][0]["message"]
        assert good[-1]["row"] == last["row"] - 1
        problem(await client.get(f"/v1/messages?external_id=row-{len(good)}"), 404)
        assert (await client.get(f"/v1/messages?external_id=row-{len(good) - 1}")).status_code == 200


async def again(service: Service) -> Service:
    """The same service with the settings as they are now."""
    from router import app as composition
    from router.app_agents import agents_of
    from router.web_app import web_app

    prompts = await composition.prompt_store(service.house.settings)
    app = web_app(service.house, agents_of(service.house), prompts, service.stopping)
    return Service(service.house, app, service.clock, service.stopping)


class Sender:
    """A client that sends all it has before it reads, as most do; ``reads`` lets it read."""

    def __init__(self, service: Service, key: str, parts: list[bytes]) -> None:
        self._service = service
        self._headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"text/csv")]
        self._parts = parts
        self.all_sent = asyncio.Event()
        self.reads = asyncio.Event()
        self.gone = False
        self.got: list[Message] = []

    async def run(self) -> None:
        scope = {"type": "http", "method": "POST", "path": PATH, "raw_path": PATH.encode(), "query_string": b""}
        more = {"root_path": "", "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)}
        http = {"http_version": "1.1", "asgi": {"version": "3.0", "spec_version": "2.3"}}
        await self._service.app({**scope, **more, **http, "headers": self._headers}, self._receive, self._send)

    async def _receive(self) -> Message:
        if self.gone:
            return {"type": "http.disconnect"}
        if self._parts:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": self._parts.pop(0), "more_body": True}
        self.all_sent.set()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            await self.reads.wait()
        self.got.append(message)

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.got).decode()


async def test_a_client_that_reads_only_when_it_has_sent_all_is_not_waited_for(service: Service) -> None:
    file = csv_rows(500).encode()
    sender = Sender(service, await service.key(), [file[start : start + 5000] for start in range(0, len(file), 5000)])
    request = asyncio.create_task(sender.run())
    async with asyncio.timeout(30):
        await sender.all_sent.wait()
        assert len(sender.got) == 1
        sender.reads.set()
        await request
    assert [json.loads(line)["row"] for line in sender.text.splitlines()] == list(range(2, 502))
    assert sender.got[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_too_much_unread_stops_the_import(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    full = asyncio.Event()

    class Small(SpooledAnswer):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options, largest=10_000)

        async def _fill(self) -> None:
            await super()._fill()
            full.set()

    monkeypatch.setattr(imports, "SpooledAnswer", Small)
    sender = Sender(service, await service.key(), [csv_rows(500).encode()])
    request = asyncio.create_task(sender.run())
    async with asyncio.timeout(30):
        await full.wait()
        sender.reads.set()
        await request
    *good, last = [json.loads(line) for line in sender.text.splitlines()]
    assert 0 < len(good) < 500
    assert "not read" in last["errors"][0]["message"]


async def test_a_sender_who_goes_away_leaves_room_for_the_next(service: Service) -> None:
    for _ in range(3):
        sender = Sender(service, await service.key(), [csv_rows(30).encode()] * 2)
        sender.reads.set()
        request = asyncio.create_task(sender.run())
        await asyncio.sleep(0)
        sender.gone = True
        await request
    async with service.allowed() as client:
        assert len(rows(await client.post(PATH, content=csv_rows(3).encode(), headers=CSV))) == 3
