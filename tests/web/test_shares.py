"""Who may hold how many connections, without any."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from router.web.shares import KEPT, MOST, OF_AN_ADDRESS, TOLD_EVERY, Shares, addresses_of

STRANGER = "198.51.100.7"


def held(shares: Shares, address: str | None, times: int, now: float = 0.0) -> int:
    return sum(shares.take(address, now) is not None for _ in range(times))


def test_who_floods_from_one_address_keeps_nobody_else_out() -> None:
    shares = Shares()
    assert held(shares, STRANGER, 4010) == OF_AN_ADDRESS
    assert held(shares, "198.51.100.8", 1) == 1
    assert shares.refused == {"address": 4010 - OF_AN_ADDRESS, "strangers": 0, "all": 0}


def test_all_addresses_of_a_subscriber_count_as_one() -> None:
    shares = Shares(of_an_address=3)
    assert [held(shares, f"2001:db8:1:2::{number:x}", 1) for number in range(5)] == [1, 1, 1, 0, 0]
    assert held(shares, "2001:db8:1:3::1", 1) == 1


@pytest.mark.parametrize(
    "ours", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "10.0.0.7", "::ffff:10.0.0.7", "10.9.0.1"]
)
def test_strangers_from_everywhere_leave_room_for_the_installation(ours: str) -> None:
    shares = Shares(["10.0.0.7", "10.9.0.0/24"])
    assert sum(held(shares, f"198.51.{net}.{host}", 100) for net in range(4) for host in range(20)) == MOST - KEPT
    assert held(shares, ours, KEPT + 1) == KEPT
    assert shares.open == MOST
    assert shares.refused["strangers"] > 0 and shares.refused["all"] == 1


@pytest.mark.parametrize("address", ["10.0.0.8", None, "", "no address"])
def test_who_is_not_of_the_installation_is_a_stranger(address: str | None) -> None:
    assert held(Shares(["10.0.0.7"], of_an_address=2), address, 3) == 2


def test_what_is_given_back_may_be_taken_again() -> None:
    shares = Shares(of_an_address=2)
    whose = [shares.take(STRANGER, 0) for _ in range(3)]
    assert whose[2] is None
    for each in whose[:2]:
        assert each is not None
        shares.give_back(each)
    assert shares.open == 0
    assert held(shares, STRANGER, 3) == 2


def test_no_limit_of_an_address_leaves_those_of_all() -> None:
    assert held(Shares(of_an_address=0, most=10, kept=4), STRANGER, 20) == 6


def test_the_log_tells_once_and_again_while_it_goes_on_and_names_nobody() -> None:
    shares = Shares(of_an_address=1)
    with capture_logs() as logs:
        held(shares, STRANGER, 5000)
        held(shares, STRANGER, 5000, TOLD_EVERY - 1)
        assert [(entry["event"], entry["too_many_of"], entry["refused"]) for entry in logs] == [
            ("connections refused", "address", 1)
        ]
        held(shares, STRANGER, 5000, TOLD_EVERY)
    assert [entry["refused"] for entry in logs] == [1, 10_000]
    assert STRANGER not in repr(logs)


async def test_hosts_are_found_by_address_and_by_name() -> None:
    assert await addresses_of(["10.0.0.11", "::1", "no.such.host.invalid"]) == ["10.0.0.11", "::1"]
    assert "127.0.0.1" in await addresses_of(["localhost"])
