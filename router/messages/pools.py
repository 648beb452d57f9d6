"""Pools of service numbers: a number of a pool stands for one message, or one campaign, at a time.

A lease lasts until the offer ends; then the number is nobody's for a while (*quarantine*), because callers of the old
message still come. Here are the rules; `leasing` applies them to what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from router.core.phone import e164
from router.settings import Settings, SettingsRefused

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools there are, by name, their numbers in E.164; and how long a number rests after a lease."""

    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quarantine: timedelta = timedelta(0)

    @classmethod
    def of(cls, settings: Settings, service_number: str | None) -> Pools:
        """The pools an operator set; ``service_number`` (E.164) is the general one. Raises `SettingsRefused`, with a
        line for each number that is wrong."""
        read: dict[str, tuple[str, ...]] = {}
        wrong = list(_wrong_names(settings.number_pools))
        owners = {service_number: "the general service number (service_number)"} if service_number else {}
        for name, spelled in settings.number_pools.items():
            numbers = []
            for text in spelled:
                number = e164(text, settings.region)
                if number is None:
                    wrong.append(f"'{text[:40]}' in the pool '{name}' is not a telephone number in full")
                elif number in owners:
                    wrong.append(f"'{text[:40]}' in the pool '{name}' is {owners[number]} already")
                else:
                    owners[number] = f"in the pool '{name}'"
                    numbers.append(number)
            read[name] = tuple(numbers)
        if wrong:
            raise SettingsRefused("\n".join(f"THREADLINE_NUMBER_POOLS (number_pools): {reason}" for reason in wrong))
        return cls(read, timedelta(days=settings.number_quarantine_days))

    @property
    def every_number(self) -> frozenset[str]:
        """The numbers of all pools, leased or not."""
        return frozenset(number for numbers in self.numbers.values() for number in numbers)

    def has(self, lease: Lease) -> bool:
        """Whether the number is still in the pool it was leased from; an operator may have taken it out since."""
        return lease.number in self.numbers.get(lease.pool, ())

    def free_at(self, until: datetime) -> datetime:
        """When a number can be leased again whose lease ends at ``until``."""
        return until + self.quarantine


def _wrong_names(pools: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name, numbers in pools.items():
        if not _NAME.fullmatch(name):
            yield f"'{name[:40]}' is no name for a pool; it has up to 40 letters, digits, - and _"
        if not numbers:
            yield f"the pool '{name[:40]}' has no number"


@dataclass(frozen=True, slots=True)
class Lease:
    """A number that stands for a message or a campaign (one of the two) until ``until``, and is nobody's from then to
    ``free_at``."""

    id: str
    pool: str
    number: str
    message_id: str | None
    campaign: str | None
    leased_at: datetime
    until: datetime
    free_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is to have a number of ``pool``: its campaign's, or one to itself where ``campaign`` is None.
    ``until`` is when its offer ends; ``lease_id`` is the name of the lease, if there has to be a new one."""

    message_id: str
    pool: str
    campaign: str | None
    until: datetime
    lease_id: str


class State(StrEnum):
    """How a number of a pool is."""

    FREE = "free"
    LEASED = "leased"
    QUARANTINE = "quarantine"


def state_of(lease: Lease | None, now: datetime) -> State:
    """How a number is whose latest lease is ``lease``."""
    if lease is None or lease.free_at <= now:
        return State.FREE
    return State.LEASED if lease.until > now else State.QUARANTINE


def choose(numbers: Iterable[str], free_at: Mapping[str, datetime], now: datetime) -> str | None:
    """Of the numbers that are free the one that has been for the longest; None when there is none. One that was never
    leased is not in ``free_at``."""
    free = [number for number in numbers if free_at.get(number, _NEVER) <= now]
    return min(free, key=lambda number: free_at.get(number, _NEVER), default=None)


class Ledger:
    """The leases of some pools while messages are registered. `changed` are those that are new or last longer now.

    ``held`` are the leases of campaigns that have not ended, ``free_at`` says of each number that was ever leased when
    it is or was free again; of pools from which nothing new has to be leased it may be left out.
    """

    def __init__(self, pools: Pools, held: Iterable[Lease], free_at: Mapping[str, datetime], now: datetime) -> None:
        self.changed: dict[str, Lease] = {}
        self._pools = pools
        self._held = {(lease.pool, lease.campaign): lease for lease in held}
        self._free_at = dict(free_at)
        self._now = now

    def lease(self, claim: Claim) -> Lease | None:
        """The lease that the message of ``claim`` comes under; None where no number is free, or the offer has ended
        already and nobody has a number for it."""
        lease = self._held.get((claim.pool, claim.campaign)) if claim.campaign is not None else None
        if lease is None:
            lease = self._new(claim)
        elif claim.until > lease.until:
            lease = replace(lease, until=claim.until, free_at=self._pools.free_at(claim.until))
        else:
            return lease
        if lease is not None:
            self._keep(lease)
        return lease

    def _new(self, claim: Claim) -> Lease | None:
        if claim.until <= self._now:
            return None
        number = choose(self._pools.numbers[claim.pool], self._free_at, self._now)
        if number is None:
            return None
        message_id = claim.message_id if claim.campaign is None else None
        free_at = self._pools.free_at(claim.until)
        return Lease(claim.lease_id, claim.pool, number, message_id, claim.campaign, self._now, claim.until, free_at)

    def _keep(self, lease: Lease) -> None:
        self.changed[lease.id] = lease
        self._free_at[lease.number] = lease.free_at
        if lease.campaign is not None:
            self._held[lease.pool, lease.campaign] = lease
