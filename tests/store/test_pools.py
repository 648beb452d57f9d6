"""Leases as they are stored: kept anew they last longer, and only what is leased can be ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from router.store import pools
from router.store.database import Database
from tests.agents.house import START

ONE, TWO = "+493023125101", "+493023125102"


def lease(name: str, number: str, days: float, **values: Any) -> dict[str, Any]:
    until = START + timedelta(days=days)
    whose = {"message_id": None, "campaign": None}
    moments = {"leased_at": START - timedelta(days=30), "until": until, "free_at": until + timedelta(days=5)}
    return {"id": name, "pool": "spring", "number": number} | whose | moments | values


async def test_leases_are_found_by_campaign_and_number_while_they_last(database: Database) -> None:
    async with database.begin() as connection:
        await pools.keep(connection, [lease("a", ONE, -10, campaign="sale"), lease("b", ONE, 3, campaign="sale")])
        await pools.keep(connection, [lease("c", TWO, -2, message_id="m1")])
        assert [row.id for row in await pools.of_campaigns(connection, ["sale", "other"], START)] == ["b"]
        assert await pools.free_at(connection, [ONE, TWO, "+493023125103"]) == {
            ONE: START + timedelta(days=8),
            TWO: START + timedelta(days=3),
        }
        assert [row.id for row in await pools.not_free(connection, START)] == ["c", "b"]
        assert await pools.campaign_of(connection, ONE, START) == "sale"
        assert await pools.campaign_of(connection, TWO, START) is None, "it is in quarantine"
        assert await pools.campaign_of(connection, ONE, START - timedelta(days=31)) is None, "not leased yet"


async def test_a_lease_kept_again_lasts_longer(database: Database) -> None:
    async with database.begin() as connection:
        await pools.keep(connection, [lease("a", ONE, 1, campaign="sale")])
        await pools.keep(connection, [lease("a", ONE, 9, campaign="sale"), lease("b", TWO, 1, message_id="m1")])
        (kept,) = await pools.of_campaigns(connection, ["sale"], START)
        assert (kept.until, kept.free_at) == (START + timedelta(days=9), START + timedelta(days=14))


async def test_only_a_lease_that_lasts_can_be_ended(database: Database) -> None:
    free_at = START + timedelta(days=5)
    async with database.begin() as connection:
        await pools.keep(connection, [lease("a", ONE, 9, campaign="sale"), lease("b", TWO, -1, message_id="m1")])
        assert await pools.end(connection, ONE, START, free_at)
        assert not await pools.end(connection, ONE, START, free_at)
        assert not await pools.end(connection, TWO, START, free_at)
        assert await pools.free_at(connection, [ONE, TWO]) == {ONE: free_at, TWO: START + timedelta(days=4)}
