"""What a card is made from is no more than it shows."""

from __future__ import annotations

from router.store import card_sources
from router.store.database import Database
from tests.agents.house import House
from tests.desk.talking import Talking


async def test_only_messages_that_are_opened_are_read_with_their_text(database: Database) -> None:
    desk = Talking(House(database))
    await desk.open()
    for number in range(3):
        await desk.sent(f"m{number}", days=number)
    async with database.read() as connection:
        for opened, expected in (((), [None, None]), (("m1",), [None, "Body of m1"])):
            rows = await card_sources.unanswered(connection, "id-K-E", opened, 2)
            assert [row.id for row in rows] == ["m0", "m1"] and [row.body for row in rows] == expected
