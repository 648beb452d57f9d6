"""The database is gone, says nothing, or takes two seconds for whatever it is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Cluster
from tests.system.conftest import MakeCaller, OnDuty
from tests.system.faults.centre import on_postgresql, through
from tests.system.faults.conftest import Report
from tests.system.faults.crowd import Crowd, taken
from tests.system.faults.proxy import Proxy
from tests.system.faults.table import Row, often
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.media import Sound
from tests.system.harness.office import MENU, STRAIGHT, Blueprint, Office
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng", "postgresql")]

KNOWN = "+4917139200071"
SILENCE = 8.0
AT_ONCE = 2.5
"""Seconds until a caller is with people where nobody waits for the database, however busy the machine is."""


@pytest.fixture(scope="module")
def company(
    asterisk: Asterisk,
    blueprint: Blueprint,
    tmp_path_factory: pytest.TempPathFactory,
    postgresql: Cluster,
    address: str,
    way: Proxy,
) -> Iterator[Office]:
    asked_at = through(postgresql.over_the_network(address), way.port)
    built = on_postgresql(asterisk, blueprint, tmp_path_factory.mktemp("office"), postgresql, address, asked_at)
    yield built
    way.mended()
    built.close()


def _spoil(way: Proxy, fault: str) -> None:
    match fault:
        case "gone":
            way.gone()
        case "silent":
            way.silent()
        case "slow":
            way.slow(2.0)


@pytest.mark.parametrize("fault", ["gone", "silent", "slow"])
def test_a_database_that_is(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami, way: Proxy, report: Report, fault: str
) -> None:
    desk, phone = on_duty("anna")
    caught = make_caller(Identity("+493055501901"), MENU)
    caught.hears()
    mark, since = ami.mark, time.monotonic()
    _spoil(way, fault)
    caught.press("1")
    joined = ami.wait("QueueCallerJoin", within=20, since=mark)
    assert joined.get("Queue") == "default"
    ringing = until(lambda: caught.media.first(Sound.RINGING, since), 5, "ring tone")
    silence = caught.media.longest_silence(since, ringing)
    assert silence <= SILENCE, caught.media.summary(since)
    phone.rings()

    mark, dialled = ami.mark, time.monotonic()
    late = make_caller(Identity("+493055501902"), STRAIGHT)
    at_once = ami.wait("QueueCallerJoin", within=10, since=mark).at - dialled
    assert office.router.metric("threadline_database_away") == 1
    desk.page.locator("#connection[data-state=reconnecting]").wait_for()

    way.mended()
    mended = time.monotonic()
    until(lambda: office.router.metric("threadline_database_away") == 0, 60, "the database is back")
    back = time.monotonic() - mended
    desk.is_live(within=60)
    desk.sees(state="ringing", label="unavailable", within=60)
    card = time.monotonic() - mended
    phone.answer()
    desk.sees(state="talking", label="unavailable")
    caught.hang_up()
    late.hang_up()
    desk.sees_nothing()
    office.at_rest()

    office.register("Gaspreisgarantie", KNOWN)
    known = make_caller(Identity(KNOWN), STRAIGHT)
    desk.sees(state="ringing", label="possible")
    known.hang_up()
    office.at_rest()
    assert at_once < AT_ONCE
    report(
        Row(
            f"database {fault}",
            f"in mid-call: at most {silence:.1f} s of silence, then the default queue's ring tone; others: the default "
            f"queue {at_once * 1000:.0f} ms after dialling",
            "*connection lost*; the phone rings; once the database is back, *router unavailable*",
            "nothing acknowledged; what the callers keyed in",
            f"calls {back:.1f} s, cards {card:.1f} s after the database",
        )
    )


@pytest.mark.alone
def test_a_crowd_calls_while_the_database_is_away(
    office: Office, watcher: Ami, asterisk: Asterisk, way: Proxy, tmp_path: Path, report: Report
) -> None:
    """Half of them while it says nothing, half while it is gone."""
    count = often(350, 5000)
    crowd = Crowd(asterisk, tmp_path, MENU, count, a_second=28, stays=6)
    try:
        way.silent()
        mark = watcher.mark
        until(
            lambda: len(watcher.find("QueueCallerJoin", mark)) >= count // 2, 60 + count / 20, "half of them", every=0.5
        )
        way.gone()
        failed = crowd.over(60 + count / 20)
    finally:
        crowd.close()
    way.mended()
    mended = time.monotonic()
    until(lambda: office.router.metric("threadline_database_away") == 0, 60, "the database is back")
    back = time.monotonic() - mended
    found = taken(watcher.events, of=count)
    share = found.routed / count
    assert (found.came, failed) == (count, 0)
    assert list(found.after) == ["default"]
    assert share >= 0.999, f"{found.routed} of {count} were taken to a queue"
    assert found.worst <= SILENCE
    office.at_rest(20)
    report(
        Row(
            f"{count} calls while the database is away",
            f"{100 * share:.2f} % are taken to the default queue, half of them within "
            f"{found.median * 1000:.0f} ms, all within {found.worst:.1f} s",
            "*connection lost*",
            "nothing acknowledged",
            f"{back:.1f} s after the database",
        )
    )
