"""What Asterisk tells while the database is away is lost, and Asterisk is asked anew when it is back."""

from __future__ import annotations

import asyncio

import pytest

from router.agents import missed as module
from router.agents.ami import Connected, Disconnected, Notice, Snapshot
from router.agents.missed import Missed
from router.store.watch import DatabaseWatch


class Asterisk:
    """Counts how often it is asked anew, and takes note of what is handed on."""

    def __init__(self) -> None:
        self.looked = 0
        self.heard: list[Notice] = []
        self.fails: type[Exception] | None = None

    def look_anew(self) -> None:
        self.looked += 1

    async def listener(self, notice: Notice) -> None:
        self.heard.append(notice)
        if self.fails is not None:
            raise self.fails


async def answers() -> None:
    pass


async def back(watch: DatabaseWatch) -> None:
    done = asyncio.Event()

    async def tell() -> None:
        done.set()

    watch.when_back(tell)
    async with asyncio.timeout(60):
        await done.wait()


@pytest.mark.parametrize(("error", "looked"), [(ConnectionError, 1), (ValueError, 0)])
async def test_a_notice_that_could_not_be_stored_has_asterisk_asked_anew(error: type[Exception], looked: int) -> None:
    asterisk, watch = Asterisk(), DatabaseWatch(answers, look_every=0.01)
    missed = Missed(asterisk.listener, watch)
    missed.asks = asterisk
    asterisk.fails = error
    with pytest.raises(error):
        await missed(Disconnected("why"))
    if looked:
        await back(watch)
    assert (asterisk.looked, watch.away) == (looked, False)


async def test_nothing_waits_for_a_database_that_is_known_to_be_away() -> None:
    asterisk, watch = Asterisk(), DatabaseWatch(answers, look_every=0.01)
    missed = Missed(asterisk.listener, watch)
    missed.asks = asterisk
    watch.noticed(ConnectionError())
    await missed(object())  # type: ignore[arg-type]
    assert asterisk.heard == []
    await missed(Disconnected("why"))
    assert asterisk.heard == [Disconnected("why")], "that is said of the connection, not of a call"
    await back(watch)
    assert asterisk.looked == 1
    watch.noticed(ConnectionError())
    await back(watch)
    assert asterisk.looked == 1, "nothing was missed this time"


async def test_asterisk_is_asked_once_more_after_it_could_be_reached_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.0)
    asterisk = Asterisk()
    missed = Missed(asterisk.listener, DatabaseWatch(answers))
    missed.asks = asterisk
    told = Connected(Snapshot((), (), ()), 0.0)
    for notices, looked in (((told, told), 1), ((Disconnected("why"), told), 2), ((told,), 2)):
        for notice in notices:
            await missed(notice)
        await asyncio.sleep(0.01)
        assert asterisk.looked == looked
