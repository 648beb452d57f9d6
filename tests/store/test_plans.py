"""Whatever is read of tables that grow goes by an index, on both databases: years of calls make nobody wait."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, text

from router import app, forgetting, server
from router.app_agents import agents_of, browser_queues
from router.core.assurance import Assurance
from router.desk.cards import cards_for, last_card
from router.settings import load
from router.store import audit_notes, board, calls, cards, figures, presence_log, queues, tables, twilio_agents
from router.store.audit_notes import Asked
from router.store.database import Database
from tests.agents.house import START, House
from tests.desk.talking import MOBILE, named
from tests.desk.test_searching import CODE
from tests.desk.test_searching import Desk as Searching
from tests.desk.test_timeline import Desk
from tests.shipped import next_at_once
from tests.store.plans import Statement, read_as_a_whole, recorded, way_of


async def all_by_an_index(database: Database, seen: list[Statement]) -> None:
    whole = await read_as_a_whole(database, seen)
    assert not whole, "\n".join(whole)


async def test_a_card_and_what_is_left_when_it_is_gone(database: Database) -> None:
    desk = Desk(House(database))
    await desk.open()
    await desk.sent("m1")
    await desk.much()
    async with recorded(database) as seen:
        for number, subject in enumerate((named("m1", Assurance.L2, "m2"), named("m3", Assurance.L2), None)):
            await desk.call(subject, callback_id="b3", channel_ref=f"call {number}")
            async with database.read() as connection:
                await cards_for(connection, desk.anna, START, "normal")
                await last_card(connection, desk.anna, START, "normal")
            await desk.ringing.over(desk.call_id)
    assert len(seen) > 40
    await all_by_an_index(database, seen)


async def test_a_search(database: Database) -> None:
    desk = Searching(House(database))
    await desk.open()
    await desk.sent("m1")
    await desk.begin()
    async with recorded(database) as seen:
        for term in ("Muster", "erika must", "K-E", "ab 77", MOBILE, CODE):
            await desk.search(term)
    await all_by_an_index(database, seen)


async def test_what_supervisors_see(database: Database) -> None:
    async with recorded(database) as seen, database.read() as connection:
        await board.waiting(connection, START)
        await board.day(connection, START, {"sales": 20}, 30, START, START)
        await board.talks(connection, START)
        await board.talks(connection, START, "anna")
        await board.busy(connection)
        await presence_log.since(connection, START)
        await presence_log.since(connection, START, "anna")
    await all_by_an_index(database, seen)


async def test_what_the_figures_tell(database: Database) -> None:
    async with recorded(database) as seen, database.read() as connection:
        await figures.stored(connection, START, START)
    await all_by_an_index(database, seen)


async def test_what_the_audit_log_is_asked_for(database: Database) -> None:
    async with recorded(database) as seen, database.read() as connection:
        await audit_notes.actions(connection)
        for asked in (Asked(), Asked(who="anna"), Asked(action="message.seen"), Asked(subject="call", subject_id="c")):
            await audit_notes.found(connection, asked, 100)
    await all_by_an_index(database, seen)


async def test_who_rings(database: Database) -> None:
    async with recorded(database) as seen, database.read() as connection:
        await queues.standing(connection, "sales", START, START)
        await queues.ready_people(connection)
        await queues.last_agent(connection, "m1", "c1")
        await cards.talked_since_handover(connection, "c1")
        await cards.live_on_channel(connection, "asterisk")
        await cards.of_ended_calls(connection, START)
        await twilio_agents.lately_unanswered(connection, ["c1"], START)
    await all_by_an_index(database, seen)


async def test_what_is_looked_for_again_and_again(database_url: str, tmp_path: Path) -> None:
    settings = load(
        {},
        tmp_path,
        data_dir=tmp_path,
        database=database_url,
        secret="s" * 32,
        flows=next_at_once(),
        queues=("default",),
    )
    async with app.assembled(settings, lambda: START) as house, recorded(house.database) as seen:
        agents = agents_of(house)
        await server.tidy(house, agents, START + timedelta(days=4000))
        await forgetting.forget_files(house, START + timedelta(days=4000))
        await browser_queues(house, agents).look()
        await agents.page_watch.look()
        seen = list(seen)
        await all_by_an_index(house.database, seen)


async def test_who_waits_on_the_test_phone_is_found_without_reading_who_waits_elsewhere(database: Database) -> None:
    async with database.begin() as connection:
        values = {"channel": "asterisk", "sequence": 1, "session": "{}", "reply": "[]", "withheld": False}
        times = {"started_at": START, "updated_at": START}
        states = {str(n): "ended" if n % 4 else "queue" for n in range(3000)}
        rows = [{"id": n, "channel_ref": n, "state": state, **values, **times} for n, state in states.items()]
        await connection.execute(insert(tables.calls), rows)
        await connection.execute(text("ANALYZE"))
    async with recorded(database) as seen, database.read() as connection:
        assert await calls.waiting_on(connection, "testphone", 10) == []
        assert await calls.how_many_wait(connection, "testphone") == 0
        assert await calls.how_many_wait(connection, "asterisk") == 750
    assert len(seen) == 3
    for statement, values_ in seen[:2]:
        assert "ix_calls_channel_updated_at_id" in await way_of(database, statement, values_)
