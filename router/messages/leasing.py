"""Gives messages the numbers of pools: reads what is leased, lets the rules of `pools` decide, stores the outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from router.messages.pools import Claim, Lease, Ledger, Pools, State, state_of
from router.messages.registration import Registration
from router.store import pools as store
from router.store.database import Connection

OVERFLOWS_OF = timedelta(days=7)
"""How far back messages are counted that found no number free."""


@dataclass(frozen=True, slots=True)
class Leased:
    """The numbers that messages are to have, by message ids, and the leases behind them, not stored yet."""

    numbers: dict[str, str] = field(default_factory=dict)
    changed: tuple[Lease, ...] = ()

    async def keep(self, connection: Connection, stored: Collection[str]) -> None:
        """Store the leases, but for those of messages that were not stored after all."""
        rows = [asdict(lease) for lease in self.changed if lease.message_id is None or lease.message_id in stored]
        if rows:
            await store.keep(connection, rows)


async def hold(connection: Connection, registrations: Iterable[Registration]) -> None:
    """Let nobody else lease a number until the transaction ends, if one of these names a pool.

    To be called before anything that locks rows: who has the hold may be waiting for one of them.
    """
    if any(each.pool is not None for each in registrations):
        await store.hold_all(connection)


async def lease(connection: Connection, pools: Pools, claims: Sequence[Claim], now: datetime) -> Leased:
    """Numbers for the messages of ``claims``, in their order; a message that is not in the answer gets none.

    `hold` the pools first.
    """
    if not claims:
        return Leased()
    campaigns = {claim.campaign for claim in claims if claim.campaign is not None}
    rows = await store.of_campaigns(connection, campaigns, now) if campaigns else []
    held = [each for each in map(_lease, rows) if pools.has(each)]
    under = {(each.pool, each.campaign) for each in held}
    short = {claim.pool for claim in claims if claim.campaign is None or (claim.pool, claim.campaign) not in under}
    wanted = {number for pool in short for number in pools.numbers[pool]}
    ledger = Ledger(pools, held, await store.free_at(connection, wanted), now)
    found = {claim.message_id: ledger.lease(claim) for claim in claims}
    numbers = {message_id: each.number for message_id, each in found.items() if each is not None}
    return Leased(numbers, tuple(ledger.changed.values()))


@dataclass(frozen=True, slots=True)
class NumberState:
    """A number of a pool, and the lease that keeps it from being free, if any."""

    number: str
    state: State
    lease: Lease | None


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool with its numbers in their order. ``overflows`` are the messages lately registered that found none free."""

    name: str
    numbers: tuple[NumberState, ...]
    overflows: int

    def count(self, state: State) -> int:
        """How many numbers are in this state."""
        return sum(each.state is state for each in self.numbers)


async def overview(connection: Connection, pools: Pools, now: datetime) -> list[PoolState]:
    """All pools as they are now."""
    leases = {row.number: _lease(row) for row in await store.not_free(connection, now)}
    overflows = await store.overflows(connection, now - OVERFLOWS_OF)
    return [
        PoolState(
            name,
            tuple(NumberState(number, state_of(leases.get(number), now), leases.get(number)) for number in numbers),
            overflows.get(name, 0),
        )
        for name, numbers in pools.numbers.items()
    ]


async def release(connection: Connection, pools: Pools, number: str, now: datetime) -> bool:
    """End the lease of ``number`` (E.164) now, so that its quarantine begins; whether there was one."""
    await store.hold_all(connection)
    return await store.end(connection, number, now, pools.free_at(now))


def _lease(row: store.LeaseRow) -> Lease:
    return Lease(**row._mapping)
