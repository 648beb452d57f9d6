"""The event stream: nothing missed, nobody else's, and an end to everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from router.agents.work_news import WorkNews
from router.desk.stream import CATCH_UP, DeskStream
from router.store import cards
from router.web.person import SignedIn
from router.web.streams import HEART, OpenPages

if TYPE_CHECKING:
    from tests.web.conftest import House


class Reader:
    """Reads a stream event by event."""

    def __init__(self, chunks: AsyncIterator[str]) -> None:
        self._chunks = chunks
        self._parts: list[str] = []

    async def next(self) -> dict[str, str]:
        """The next event as its fields; a heartbeat is ``{"": …}``."""
        async with asyncio.timeout(60):
            while not self._parts:
                self._parts = (await anext(self._chunks)).split("\n\n")[:-1]
        part = self._parts.pop(0)
        fields = (line.partition(": ") if ": " in line[1:] else ("", "", line) for line in part.split("\n"))
        return {name: value for name, _, value in fields}

    async def is_over(self) -> bool:
        async with asyncio.timeout(60):
            return not self._parts and await anext(self._chunks, None) is None


@asynccontextmanager
async def reading(
    stream: DeskStream, signed_in: SignedIn, last: str | None = None, *, lists: bool = False
) -> AsyncIterator[Reader]:
    async with aclosing(stream.events(signed_in, last, lists=lists)) as chunks:
        reader = Reader(chunks)
        assert await reader.next() == {"retry": "1000"}
        yield reader


async def sign_in(house: House, login: str) -> SignedIn:
    await house.add(login)
    token, _ = await house.sign_in.with_password(login, "correct horse battery", "192.0.2.1")
    found = await house.sign_in.whose(token)
    assert found is not None
    return found


async def tell(house: House, person_id: str, *states: str, announce: bool = True) -> None:
    async with house.database.begin() as connection:
        for state in states:
            await cards.add_event(connection, person_id, "card", {"card": "c", "state": state}, house.clock())
    if announce:
        house.bus.announce(f"desk:{person_id}")


@pytest.fixture
async def anna(house: House) -> SignedIn:
    return await sign_in(house, "anna")


@pytest.fixture
def stream(house: House) -> DeskStream:
    return DeskStream(house.database, house.bus, house.clock)


async def test_a_new_page_is_greeted_and_then_told(house: House, stream: DeskStream, anna: SignedIn) -> None:
    await tell(house, "id-anna", "ringing")
    async with reading(stream, anna) as reader:
        assert await reader.next() == {"id": "1", "event": "hello", "data": "{}"}
        await tell(house, "id-anna", "talking")
        assert await reader.next() == {"id": "2", "event": "card", "data": '{"card": "c", "state": "talking"}'}


async def test_a_page_that_was_away_gets_what_it_missed(house: House, stream: DeskStream, anna: SignedIn) -> None:
    await tell(house, "id-anna", "ringing", "talking", "gone")
    async with reading(stream, anna, "1") as reader:
        assert "" in await reader.next()
        assert [(await reader.next())["id"] for _ in range(2)] == ["2", "3"]


async def test_a_page_that_began_before_the_first_event_misses_nothing(
    house: House, stream: DeskStream, anna: SignedIn
) -> None:
    async with reading(stream, anna) as reader:
        assert await reader.next() == {"id": "0", "event": "hello", "data": "{}"}
    async with reading(stream, anna, "0") as reader:
        assert "" in await reader.next()
    await tell(house, "id-anna", "ringing")
    async with reading(stream, anna, "0") as reader:
        assert (await reader.next())["event"] == "hello"


@pytest.mark.parametrize("last", ["99", "-1", "x", "1; drop", "٣", "9" * 30, ""])
async def test_a_number_we_do_not_know_starts_afresh(
    house: House, stream: DeskStream, anna: SignedIn, last: str
) -> None:
    await tell(house, "id-anna", "ringing")
    async with reading(stream, anna, last) as reader:
        assert (await reader.next())["event"] == "hello"


async def test_after_too_many_events_a_page_starts_afresh(house: House, stream: DeskStream, anna: SignedIn) -> None:
    await tell(house, "id-anna", "ringing", *["talking"] * (CATCH_UP + 1))
    async with reading(stream, anna, "1") as reader:
        assert "" in await reader.next()
        assert await reader.next() == {"id": str(CATCH_UP + 2), "event": "hello", "data": "{}"}
        await tell(house, "id-anna", "gone")
        assert (await reader.next())["event"] == "card"


async def test_a_trimmed_past_starts_afresh(house: House, stream: DeskStream, anna: SignedIn) -> None:
    await tell(house, "id-anna", "ringing", "talking")
    house.clock.move(hours=1)
    await tell(house, "id-anna", "gone")
    async with house.database.begin() as connection:
        await cards.trim_events(connection, house.clock(), 100)
    async with reading(stream, anna, "1") as reader:
        assert (await reader.next())["event"] == "hello"


async def test_nobody_hears_of_others(house: House, stream: DeskStream, anna: SignedIn) -> None:
    ben = await sign_in(house, "ben")
    await tell(house, "id-anna", "ringing")
    async with reading(stream, ben, "1") as reader:
        assert await reader.next() == {"id": "0", "event": "hello", "data": "{}"}
        await tell(house, "id-anna", "gone")
        await tell(house, "id-ben", "ringing")
        assert (await reader.next())["id"] == "3"


async def test_a_lost_announcement_is_made_up_for_at_the_heartbeat(house: House, anna: SignedIn) -> None:
    stream = DeskStream(house.database, house.bus, house.clock, heartbeat=0.05)
    async with reading(stream, anna) as reader:
        await reader.next()
        assert {"": HEART.strip()} == await reader.next()
        await tell(house, "id-anna", "ringing", announce=False)
        while "event" not in (event := await reader.next()):
            pass
    assert event["event"] == "card"


async def test_the_stream_ends_with_the_session(house: House, stream: DeskStream, anna: SignedIn) -> None:
    token, _ = await house.sign_in.with_password("anna", "correct horse battery", None)
    elsewhere = await house.sign_in.whose(token)
    assert elsewhere is not None
    async with reading(stream, anna) as reader, reading(stream, elsewhere) as other:
        await reader.next()
        await other.next()
        await house.sign_in.end(token)
        house.bus.announce("session:id-anna")
        assert (await other.next())["event"] == "over"
        assert await other.is_over()
        await tell(house, "id-anna", "ringing")
        assert (await reader.next())["event"] == "card"
        house.clock.move(hours=12)
        await tell(house, "id-anna", "gone")
        assert (await reader.next())["event"] == "over"


async def test_a_session_that_ends_unannounced_is_noticed_before_long(
    house: House, stream: DeskStream, anna: SignedIn
) -> None:
    token, _ = await house.sign_in.with_password("anna", "correct horse battery", None)
    elsewhere = await house.sign_in.whose(token)
    assert elsewhere is not None
    async with reading(stream, elsewhere) as reader:
        await reader.next()
        await house.sign_in.end(token)
        house.clock.move(seconds=5)
        await tell(house, "id-anna", "ringing")
        assert (await reader.next())["event"] == "over"


async def test_only_pages_that_show_lists_of_work_hear_of_them(
    house: House, stream: DeskStream, anna: SignedIn
) -> None:
    news = WorkNews(house.bus)
    async with reading(stream, anna) as desk, reading(stream, anna, lists=True) as lists:
        assert [(await each.next())["event"] for each in (desk, lists)] == ["hello", "hello"]
        first = await lists.next()
        assert first == {"event": "work", "data": "{}"}, "what has changed before may have been missed"
        news.tell()
        assert await lists.next() == first
        await tell(house, "id-anna", "ringing")
        assert (await desk.next())["event"] == (await lists.next())["event"] == "card"


async def test_too_many_pages_end_the_oldest(house: House, anna: SignedIn) -> None:
    stream = DeskStream(house.database, house.bus, house.clock, pages=OpenPages(2))
    async with reading(stream, anna) as first, reading(stream, anna) as second:
        await first.next()
        await second.next()
        async with reading(stream, anna) as third:
            await third.next()
            assert (await first.next())["event"] == "elsewhere"
            assert await first.is_over()
            await tell(house, "id-anna", "ringing")
            assert (await second.next())["event"] == (await third.next())["event"] == "card"
    assert stream.pages.count("id-anna") == 0


async def test_stopping_ends_all_streams(house: House, anna: SignedIn) -> None:
    stopping = asyncio.Event()
    stream = DeskStream(house.database, house.bus, house.clock, stopping=stopping)
    async with reading(stream, anna) as reader:
        await reader.next()
        stopping.set()
        assert await reader.is_over()
    assert stream.pages.count("id-anna") == 0


class Watch:
    """Notes when a page came and when the last one went."""

    def __init__(self) -> None:
        self.gone: list[tuple[str, bool]] = []

    async def opened(self, person_id: str) -> None:
        raise AssertionError("it was never gone")

    def closed(self, person_id: str, is_open: Callable[[], bool]) -> None:
        self.gone.append((person_id, is_open()))


async def test_the_last_page_of_somebody_that_goes_is_noted(house: House, anna: SignedIn) -> None:
    watch = Watch()
    stream = DeskStream(house.database, house.bus, house.clock, watch=watch)
    async with reading(stream, anna):
        async with reading(stream, anna) as second:
            await second.next()
        assert watch.gone == [], "another one is open"
    assert watch.gone == [(anna.person.id, False)]
