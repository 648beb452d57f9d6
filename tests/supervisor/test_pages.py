"""The supervisors' pages and their event stream: who may see them, what they show, and what they change."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest

from router.agents.presence import Presence
from router.agents.supervising import Supervising
from router.releases.queue_book import PLAIN
from router.settings import Settings
from router.store import calls, people
from router.store.database import Database
from router.store.tables import web_sessions
from router.supervisor.board import Boards
from router.supervisor.routes import routes
from router.supervisor.stream import SupervisorStream
from router.web.person import SignedIn
from router.web.streams import OpenPages
from tests.web.conftest import House
from tests.web.conftest import house as web_house

QUEUES = ("default", "sales")
house = web_house

pytestmark = pytest.mark.sqlite_only


class Plain:
    """Nobody described a queue."""

    described: ClassVar[dict[str, object]] = {}

    @staticmethod
    def get(_: str | None) -> object:
        return PLAIN


class Room:
    """The supervisors' room on the pages' house."""

    def __init__(self, house: House, database: Database) -> None:
        settings = Settings(queues=QUEUES)
        self.house = house
        self.presence = Presence(database, house.bus, house.clock, None, settings)
        self.ticks = 0.0
        self._looks = asyncio.Semaphore(0)
        zone = ZoneInfo("UTC")
        self.boards = Boards(database, house.clock, Plain(), self.presence, QUEUES, zone, self._tick)  # type: ignore[arg-type]
        self.stream = SupervisorStream(database, self.boards, house.clock, every=0.001, pages=OpenPages(1))
        house.app.include_router(
            routes(
                database=database,
                clock=house.clock,
                guard=house.guard,
                pages=house.pages,
                boards=self.boards,
                stream=self.stream,
                acting=Supervising(database, house.clock, self.presence, QUEUES),
                known_queues=QUEUES,
            )
        )

    def _tick(self) -> float:
        self.ticks += 1
        self._looks.release()
        return self.ticks

    async def looked(self, times: int) -> None:
        """The board was looked at so many times more."""
        async with asyncio.timeout(10):
            for _ in range(times):
                await self._looks.acquire()

    async def sign_in(self, login: str, role: str) -> SignedIn:
        await self.house.add(login, role)
        token, _ = await self.house.sign_in.with_password(login, "correct horse battery", "192.0.2.1")
        found = await self.house.sign_in.whose(token)
        assert found is not None
        return found


@pytest.fixture
def room(house: House, database: Database) -> Room:
    return Room(house, database)


async def events(chunks: AsyncIterator[str], wanted: int) -> list[str]:
    """The names of the next events."""
    names: list[str] = []
    async with asyncio.timeout(10):
        while len(names) < wanted:
            names += re.findall(r"^event: (\w+)$", await anext(chunks), re.MULTILINE)
    return names


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("supervisor", 200), ("admin", 200)])
async def test_who_may_see_it(house: House, room: Room, role: str, status: int) -> None:
    async with house.signed_in("robin", role) as browser:
        for address in ("/supervisor", "/supervisor/board", "/supervisor/people/id-robin"):
            assert (await browser.get(address)).status_code == status
        assert ("/supervisor" in (await browser.get("/supervisor")).text) == (status == 200)


@pytest.mark.parametrize(
    ("language", "words"), [("de", ("Warteschlangen", "Gerade wartet niemand", "bereit")), ("en", ("Queues", "ready"))]
)
async def test_the_board_in_both_languages(house: House, room: Room, language: str, words: tuple[str, ...]) -> None:
    await house.add("anna")
    await room.presence.ready("id-anna")
    async with house.signed_in("robin", "supervisor", language) as browser:
        text = (await browser.get("/supervisor/board")).text
    for word in words:
        assert word in text
    assert "Anna Muster" in text


@pytest.mark.parametrize(
    ("of", "by", "status"),
    [("admin", "supervisor", 403), ("supervisor", "supervisor", 303), ("admin", "admin", 303), ("agent", "admin", 303)],
)
async def test_only_administrators_change_administrators(
    house: House, room: Room, of: str, by: str, status: int
) -> None:
    await house.add("anna", of)
    await room.presence.ready("id-anna")
    async with house.signed_in("robin", by, "en") as browser:
        page = (await browser.get("/supervisor/people/id-anna")).text
        assert ("<button" in page.split("<h1>")[1]) == (status == 303)
        assert ("Only administrators change" in page) == (status == 403)
        for what in ("assign", "pause", "sign-out"):
            answer = await browser.post(f"/supervisor/people/id-anna/{what}", data={"queue.default": "1"})
            assert answer.status_code == status
    async with house.database.read() as connection:
        row = await people.by_id(connection, "id-anna")
    assert row is not None
    assert (row.presence, row.queues) == (("ready", ["sales"]) if status == 403 else ("off", ["default"]))


async def test_an_agents_page_changes_queues_and_says_what_is_wrong(house: House, room: Room) -> None:
    await house.add("anna")
    async with house.signed_in("robin", "supervisor", "en") as browser:
        fields = {"queue.default": "1", "skills": "english, gas"}
        answer = await browser.post("/supervisor/people/id-anna/assign", data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/supervisor/people/id-anna?done=assigned")
        assert "Changed" in (await browser.get(answer.headers["location"])).text
        answer = await browser.post("/supervisor/people/id-anna/assign", data={"skills": "Two words!"})
        assert answer.status_code == 422
        assert "Skills are up to 20 words" in answer.text
        assert (await browser.get("/supervisor/people/nobody")).status_code == 404
    async with house.database.read() as connection:
        row = await people.by_id(connection, "id-anna")
    assert row is not None
    assert (row.queues, row.skills) == (["default"], ["english", "gas"])


async def test_pausing_and_signing_out_by_the_page(house: House, room: Room) -> None:
    await house.add("anna")
    await room.presence.ready("id-anna")
    async with house.signed_in("robin", "supervisor", "en") as browser:
        assert (await browser.post("/supervisor/people/id-anna/pause")).status_code == 303
        assert (await room.presence.look("id-anna")).pause_reason == "supervisor"
        assert "by your supervisor" in (await browser.get("/supervisor/board")).text
        assert (await browser.post("/supervisor/people/id-anna/sign-out")).status_code == 303
        assert (await room.presence.look("id-anna")).presence == "off"
        foreign = {"Origin": "https://elsewhere.example"}
        assert (await browser.post("/supervisor/people/id-anna/pause", headers=foreign)).status_code == 403


async def test_the_stream_tells_of_changes_alone(house: House, room: Room) -> None:
    robin = await room.sign_in("robin", "supervisor")
    await house.add("anna")
    async with aclosing(room.stream.events(robin)) as chunks:
        assert await events(chunks, 1) == ["board"]
        following = asyncio.create_task(events(chunks, 1))
        await room.looked(10)  # and nothing has changed
        assert not following.done()
        await room.presence.ready("id-anna")
        assert await following == ["board"]


async def test_the_stream_ends_with_the_session_or_the_role(house: House, room: Room) -> None:
    robin, kim = await room.sign_in("robin", "supervisor"), await room.sign_in("kim", "admin")
    async with aclosing(room.stream.events(robin)) as his, aclosing(room.stream.events(kim)) as hers:
        assert await events(his, 1) == await events(hers, 1) == ["board"]
        async with house.database.begin() as connection:
            await connection.execute(web_sessions.delete().where(web_sessions.c.person_id == "id-robin"))
            await people.change(connection, "id-kim", {"role": "agent"})
        assert await events(his, 1) == ["over"]
        assert await events(hers, 1) == ["over"]


async def test_of_too_many_pages_the_oldest_gives_way(house: House, room: Room) -> None:
    robin = await room.sign_in("robin", "supervisor")
    async with aclosing(room.stream.events(robin)) as old, aclosing(room.stream.events(robin)) as new:
        await events(old, 1)
        await events(new, 1)
        assert await events(old, 1) == ["elsewhere"]


async def test_a_page_of_another_site_cannot_follow_the_stream(house: House, room: Room) -> None:
    async with house.signed_in("robin", "supervisor") as browser:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
            assert (await browser.get("/v1/supervisor/events", headers=headers)).status_code == 403


async def test_no_number_gets_onto_the_page(house: House, room: Room) -> None:
    row = {"id": "c1", "channel": "test", "channel_ref": "1", "caller": "+4930123456", "withheld": False}
    more = {"state": "queue", "queue": "sales", "sequence": 1, "session": "{}", "reply": "[]"}
    times = {"started_at": house.clock(), "updated_at": house.clock(), "queued_at": house.clock()}
    async with house.database.begin() as connection:
        assert await calls.add(connection, row | more | times)
    async with house.signed_in("robin", "supervisor") as browser:
        text = (await browser.get("/supervisor")).text
    assert 'class="callers"' in text
    assert "30123456" not in text
