"""The rules of pools: no number stands for two things, none is anybody's in quarantine, and settings are read right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.messages.pools import Claim, Lease, Ledger, Pools, State, choose, state_of
from router.settings import Settings, SettingsRefused, load

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ONE, TWO, THREE = "+493023125101", "+493023125102", "+493023125103"
POOLS = Pools({"spring": (ONE, TWO, THREE), "letters": ("+493023125110",)}, timedelta(days=30))


def after(days: float) -> datetime:
    return NOW + timedelta(days=days)


def test_pools_come_from_the_settings_in_one_form() -> None:
    settings = Settings(number_pools={"spring": ("030 23125 101", "+49 (30) 23125-102")}, number_quarantine_days=7)
    assert Pools.of(settings, "+493023125000") == Pools({"spring": (ONE, TWO)}, timedelta(days=7))
    assert Pools.of(settings, None).every_number == {ONE, TWO}
    assert Pools.of(Settings(), None).every_number == frozenset()


def test_pools_are_json_in_a_variable() -> None:
    assert load({"THREADLINE_NUMBER_POOLS": f'{{"a-1": ["{ONE}"]}}'}).number_pools == {"a-1": (ONE,)}


@pytest.mark.parametrize(
    ("pools", "reason"),
    [
        ({"spring": ("23125101",)}, "'23125101' in the pool 'spring' is not a telephone number in full"),
        ({"spring": ("110",)}, "is not a telephone number"),
        ({"spring": (ONE, "030 23125 101")}, "'030 23125 101' in the pool 'spring' is in the pool 'spring' already"),
        ({"spring": (ONE,), "summer": (TWO, ONE)}, f"'{ONE}' in the pool 'summer' is in the pool 'spring' already"),
        ({"spring": ("030 23125 000",)}, "in the pool 'spring' is the general service number"),
        ({"spring": ()}, "the pool 'spring' has no number"),
        ({"spring sale": (ONE,)}, "'spring sale' is no name for a pool"),
        ({"": (ONE,)}, "'' is no name for a pool"),
    ],
)
def test_pools_that_cannot_be_are_refused_by_name_and_reason(pools: dict[str, tuple[str, ...]], reason: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        Pools.of(Settings(number_pools=pools), "+493023125000")
    assert str(refused.value).startswith("THREADLINE_NUMBER_POOLS (number_pools): ")
    assert reason in str(refused.value)


def test_every_wrong_number_is_told_at_one_time() -> None:
    with pytest.raises(SettingsRefused) as refused:
        Pools.of(Settings(number_pools={"a": ("1", "2"), "b": ("3",)}), None)
    assert len(str(refused.value).splitlines()) == 3


def test_the_number_free_for_the_longest_comes_first() -> None:
    numbers = (ONE, TWO, THREE)
    assert choose(numbers, {}, NOW) == ONE, "of those never leased the first"
    assert choose(numbers, {ONE: after(-5)}, NOW) == TWO, "never leased is longest"
    assert choose(numbers, {ONE: after(-5), TWO: after(-9), THREE: after(-1)}, NOW) == TWO
    assert choose(numbers, {ONE: after(1), TWO: NOW, THREE: after(2)}, NOW) == TWO, "free from that moment on"
    assert choose(numbers, dict.fromkeys(numbers, after(0.1)), NOW) is None
    assert choose((), {}, NOW) is None


def claim(message: str, days: float, campaign: str | None = None, pool: str = "spring") -> Claim:
    return Claim(message, pool, campaign, after(days), f"lease-{message}")


def ledger(held: tuple[Lease, ...] = (), free_at: Mapping[str, datetime] | None = None) -> Ledger:
    return Ledger(POOLS, held, free_at or {}, NOW)


def test_a_message_has_its_number_alone_until_its_offer_ends() -> None:
    leases = ledger()
    lease = leases.lease(claim("m1", 10))
    assert lease == Lease("lease-m1", "spring", ONE, "m1", None, NOW, after(10), after(40))
    other = leases.lease(claim("m2", 10))
    assert other is not None
    assert other.number == TWO
    assert list(leases.changed.values()) == [lease, other]


def test_a_campaign_shares_a_number_and_keeps_it_for_its_longest_message() -> None:
    leases = ledger()
    first, longer, shorter = (leases.lease(claim(f"m{days}", days, "sale")) for days in (10, 20, 5))
    assert first == Lease("lease-m10", "spring", ONE, None, "sale", NOW, after(10), after(40))
    assert longer == shorter == Lease("lease-m10", "spring", ONE, None, "sale", NOW, after(20), after(50))
    assert list(leases.changed.values()) == [longer]
    again = ledger((longer,), {ONE: after(50)})
    assert again.lease(claim("m7", 7, "sale")) == longer
    assert again.changed == {}, "what lasts long enough is not touched"


def test_a_campaign_has_a_number_in_each_pool() -> None:
    leases = ledger()
    numbers = {lease and lease.number for lease in (leases.lease(claim(p, 1, "sale", p)) for p in POOLS.numbers)}
    assert numbers == {ONE, "+493023125110"}


def test_where_none_is_free_nobody_is_turned_out() -> None:
    leases = ledger(free_at={ONE: after(1), TWO: after(2), THREE: after(3)})
    assert leases.lease(claim("m1", 10)) is None
    assert leases.lease(claim("m2", 10, "sale")) is None
    assert leases.changed == {}


def test_an_offer_that_has_ended_gets_no_number_but_its_campaigns() -> None:
    leases = ledger()
    assert leases.lease(claim("m1", 0)) is None
    assert leases.lease(claim("m2", -3, "sale")) is None
    held = leases.lease(claim("m3", 5, "sale"))
    assert leases.lease(claim("m4", -3, "sale")) == held


def test_how_a_number_is() -> None:
    lease = Lease("l", "spring", ONE, "m1", None, NOW, after(10), after(40))
    assert [state_of(lease, after(days)) for days in (0, 9.9, 10, 39.9, 40)] == [
        State.LEASED, State.LEASED, State.QUARANTINE, State.QUARANTINE, State.FREE,
    ]  # fmt: skip
    assert state_of(None, NOW) is State.FREE


told = st.lists(
    st.tuples(
        st.floats(0, 50),  # days to the next
        st.floats(-2, 40),  # days the offer holds
        st.sampled_from([None, None, "sale", "winter"]),
        st.sampled_from(["spring", "letters"]),
    ),
    max_size=30,
)


@given(told)
def test_whatever_is_told_no_number_stands_for_two_things_and_none_is_leased_in_quarantine(
    told: list[tuple[float, float, str | None, str]],
) -> None:
    now = NOW
    stored: dict[str, Lease] = {}
    for place, (wait, holds, campaign, pool) in enumerate(told):
        now += timedelta(days=wait)
        held = [lease for lease in stored.values() if lease.campaign and lease.until > now]
        free_at: dict[str, datetime] = {}
        for lease in stored.values():
            free_at[lease.number] = max(lease.free_at, free_at.get(lease.number, lease.free_at))
        leases = Ledger(POOLS, held, free_at, now)
        given = leases.lease(Claim(f"m{place}", pool, campaign, now + timedelta(days=holds), f"l{place}"))
        assert given is None or given.number in POOLS.numbers[pool]
        assert given is None or given.until >= now + timedelta(days=holds)
        stored |= leases.changed
    by_number: dict[str, list[Lease]] = {}
    for lease in sorted(stored.values(), key=lambda lease: lease.leased_at):
        before = by_number.setdefault(lease.number, [])
        assert all(other.free_at <= lease.leased_at for other in before)
        assert lease.free_at - lease.until == POOLS.quarantine
        before.append(lease)
