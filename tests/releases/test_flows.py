"""Which flow a call runs, whatever is released meanwhile and whichever process did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from router.calls.handle import Calls
from router.core.commands import AskDigits
from router.core.events import WITHHELD, CallStarted, DigitsEntered
from router.flow.files import check_files, text_id
from router.matching.codes import CodeKeys
from router.releases import flows as flows_module
from router.releases.flows import Flows
from router.releases.following import Following
from router.releases.releases import Releases
from router.releases.starting import released_flows
from router.store import flow_versions
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import flow_revisions
from tests.releases.house import releases_on

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD, "+493023125000")
FIRST = """\
version: 1
name: hotline
languages: [en]
start: ask
steps:
  ask: {{type: collect, text: {{en: "{first}"}}, into: a, min_digits: 1, next: on, none: on, otherwise: on}}
  on: {{type: go_to, flow: second}}
"""
SECOND = """\
version: 1
name: second
languages: [en]
start: ask
steps:
  ask: {{type: collect, text: {{en: "{second}"}}, into: b, min_digits: 1, next: human, none: human, otherwise: human}}
"""


def files(first: str, second: str) -> dict[str, str]:
    return {"hotline.yaml": FIRST.format(first=first), "second.yaml": SECOND.format(second=second)}


class Process:
    """One of several on the same database."""

    def __init__(self, database: Database, releases: Releases, flows: Flows, bus: Bus) -> None:
        self.releases = releases
        self.flows = flows
        self.told = asyncio.Event()
        self.following = Following(flows, releases, bus, self._tell)
        self.calls = Calls(database, bus, flows, CodeKeys("x" * 32), lambda: NOW)

    async def _tell(self) -> None:
        self.told.set()

    async def asked(self, ref: str) -> str:
        """What a new call hears."""
        return heard((await self.calls.begin("test", ref, BEGIN)).commands)


def heard(commands: object) -> str:
    asking = commands[-1]  # type: ignore[index]
    assert isinstance(asking, AskDigits)
    return asking.prompts[-1].text


@asynccontextmanager
async def process(url: str) -> AsyncIterator[Process]:
    database, bus = Database(url), Bus()
    releases = releases_on(database, bus)
    if not await releases.newest_id():
        await releases.take_over(files("One", "Two"))
    yield Process(database, releases, await released_flows(releases, {}, "hotline"), bus)
    await database.close()


async def test_a_running_call_stays_on_its_set_and_new_calls_run_the_newest(database_url: str) -> None:
    async with process(database_url) as here, process(database_url) as there:
        call = await here.calls.begin("test", "running", BEGIN)
        assert heard(call.commands) == "One"
        await here.releases.put(files("Eins", "Zwei"), person_id="anna")
        for each in (here, there):
            assert await each.following.look()
            assert not await each.following.look()
        assert [await here.asked("new 1"), await there.asked("new 2")] == ["Eins", "Eins"]
        # The other process knows the old set from the database alone; the flow gone on to is of the old set as well.
        assert heard((await there.calls.handle(call.call_id, DigitsEntered("1"))).commands) == "Two"


async def test_every_process_hears_of_a_release_by_itself(database_url: str) -> None:
    async with process(database_url) as here, process(database_url) as there, asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(each.following.run()) for each in (here, there)]
        await here.releases.put(files("Eins", "Zwei"), person_id="anna")
        for each in (here, there):
            await asyncio.wait_for(each.told.wait(), 20)
            assert await each.asked(str(each)) == "Eins"
        for task in following:
            task.cancel()


async def test_what_was_released_here_is_used_without_waiting_for_the_next_look(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.releases.following.LOOK_EVERY", 3600)
    async with process(database_url) as here, asyncio.TaskGroup() as tasks:
        following = tasks.create_task(here.following.run())
        await asyncio.sleep(0)  # it listens
        await here.releases.put(files("Eins", "Zwei"), person_id="anna")
        await asyncio.wait_for(here.told.wait(), 20)
        assert await here.asked("new") == "Eins"
        following.cancel()


async def test_a_database_that_is_away_leaves_the_flows_in_use(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.releases.following.LOOK_EVERY", 0.01)
    async with process(database_url) as here, asyncio.TaskGroup() as tasks:
        looked = 0
        newest_id = here.releases.newest_id

        async def away_for_a_while() -> int:
            nonlocal looked
            looked += 1
            if looked < 4:
                raise ConnectionRefusedError
            return await newest_id()

        monkeypatch.setattr(here.releases, "newest_id", away_for_a_while)
        following = tasks.create_task(here.following.run())
        assert here.flows.for_number(None).name == "hotline"
        await here.releases.put(files("Eins", "Zwei"), person_id="anna")
        await asyncio.wait_for(here.told.wait(), 20)
        assert looked >= 4
        following.cancel()


@pytest.mark.sqlite_only
@pytest.mark.parametrize("unfit", [{"hotline.yaml": "version: 7"}, {"second.yaml": SECOND.format(second="2")}])
async def test_a_release_that_cannot_be_used_here_leaves_the_one_before(
    database_url: str, unfit: dict[str, str]
) -> None:
    """As one made by a newer version of the program, or by a process with other settings."""
    async with process(database_url) as here:
        before = here.flows.current
        other = Releases(here.releases._database, Bus(), lambda: NOW)
        async with other._database.begin() as connection:
            name = await flow_versions.keep_set(connection, unfit, NOW)
            row = {"id": 2, "set_id": name, "origin": "publish", "changed": [], "comment": "", "at": NOW}
            await flow_versions.add_release(connection, row)
        assert not await here.following.look()
        assert not await here.following.look()
        assert here.flows.current is before
        await here.releases.roll_back(1, path=None, person_id="anna")
        assert await here.following.look()


@pytest.mark.sqlite_only
async def test_a_start_goes_back_to_what_this_version_can_run(database_url: str) -> None:
    async with process(database_url) as here:
        async with here.releases._database.begin() as connection:
            name = await flow_versions.keep_set(connection, {"hotline.yaml": "version: 7"}, NOW)
            row = {"id": 2, "set_id": name, "origin": "publish", "changed": [], "comment": "", "at": NOW}
            await flow_versions.add_release(connection, row)
        assert (await released_flows(here.releases, {}, "hotline")).release_id == 1


@pytest.mark.sqlite_only
async def test_many_old_sets_do_not_fill_the_memory(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows_module, "MOST_KEPT", 3)
    flows = Flows(check_files(files("One", "Two")).flows, {}, "hotline")
    async with database.begin() as connection:
        names = [await flow_versions.keep_set(connection, files(str(n), "Two"), NOW) for n in range(6)]
        found = await asyncio.gather(*(flows.flow(connection, name, "hotline") for name in names[:1] * 5))
        assert all(flow is found[0] for flow in found)
        for name in [*names, names[0]]:
            assert (await flows.flow(connection, name, "second")).revision == name
        assert len(flows._older) == 3
        with pytest.raises(LookupError, match="were not kept"):
            await flows.flow(connection, "f" * 16, "hotline")
        with pytest.raises(LookupError):
            await flows.flow(connection, names[0], "third")


async def test_a_call_from_before_there_were_sets_goes_on(database: Database) -> None:
    text = SECOND.format(second="Two")
    flows = Flows(check_files(files("One", "Two")).flows, {}, "hotline")
    async with database.begin() as connection:
        row = {"revision": text_id(text), "name": "second", "source": text, "created_at": NOW}
        await connection.execute(insert(flow_revisions).values(**row))
        flow = await flows.flow(connection, text_id(text), "second")
    assert (flow.name, flow.source) == ("second", text)
