"""Several routers: a call begins at any of them, and goes on at another one when the first is not there or dies."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.postgres import Cluster
from tests.system.conftest import MakeCaller
from tests.system.harness.agi_script import AgiScript, Asked
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.figures import Figures
from tests.system.harness.media import Sound
from tests.system.harness.router import Router
from tests.system.harness.waiting import free_port, gone_port, patience, until
from tests.system.test_dialplan import to_queue

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap")]

KNOWN = Identity("+493055501")
SERVICE_NUMBER = "+49301234500"
NEVER_FIRST = "9999999999"
"""A router that did not answer at that time, in seconds since 1970, is not asked first."""

Begin = Callable[..., None]


@pytest.fixture
def routers(asterisk: Asterisk) -> Iterator[Begin]:
    """``routers(4573, 4574)`` makes those the ports of Asterisk's routers, of which the first is asked first."""

    def are(*ports: int) -> None:
        asterisk.cli(f"dialplan set global THREADLINE_ROUTER {'&'.join(f'127.0.0.1:{port}' for port in ports)}")
        asterisk.cli("dialplan set global THREADLINE_SLOW_1 0")
        for number in range(2, len(ports) + 1):
            asterisk.cli(f"dialplan set global THREADLINE_SLOW_{number} {NEVER_FIRST}")

    yield are
    are(asterisk.ports.router_agi)
    asterisk.cli("dialplan set global THREADLINE_SLOW_2 0")


@pytest.fixture
def script() -> Iterator[Callable[..., tuple[int, AgiScript]]]:
    """A router that says fixed lines, and its port."""
    with contextlib.ExitStack() as stack:

        def make(lines: Callable[[Asked], list[str]], *, holds: bool = False) -> tuple[int, AgiScript]:
            port = free_port()
            made = AgiScript(port, lines, holds=holds)
            stack.callback(made.close)
            return port, made

        yield make


@pytest.fixture
def unreachable() -> Iterator[int]:
    with gone_port() as port:
        yield port


Scripted = Callable[..., tuple[int, AgiScript]]


def any_of_them(asterisk: Asterisk) -> None:
    """The second router may be asked first again."""
    asterisk.cli("dialplan set global THREADLINE_SLOW_2 0")


def to_sales(asked: Asked) -> list[str]:
    return to_queue("sales")


def joined(ami: Ami, queue: str, since: int, within: float) -> float:
    event = ami.wait("QueueCallerJoin", within=within, since=since)
    assert event.get("Queue") == queue
    return event.at


def test_one_that_is_down_is_not_noticed(
    ami: Ami, make_caller: MakeCaller, routers: Begin, script: Scripted, figures: Figures
) -> None:
    port, there = script(to_sales)
    routers(free_port(), port)
    mark, dialled = ami.mark, time.monotonic()
    make_caller(KNOWN)
    figures.add("one of two routers down: in the queue", joined(ami, "sales", mark, 5) - dialled)
    assert there.asked[0].arguments == ["started"]


def test_one_whose_machine_is_gone_costs_two_seconds_once(
    asterisk: Asterisk,
    ami: Ami,
    make_caller: MakeCaller,
    routers: Begin,
    script: Scripted,
    unreachable: int,
    figures: Figures,
) -> None:
    port, _ = script(to_sales)
    routers(unreachable, port)
    mark, dialled = ami.mark, time.monotonic()
    make_caller(KNOWN)
    first = joined(ami, "sales", mark, 5) - dialled
    figures.add("machine of one of two routers gone: in the queue", first)
    assert first < 3 * patience()
    any_of_them(asterisk)
    mark, dialled = ami.mark, time.monotonic()
    make_caller(KNOWN)
    second = joined(ami, "sales", mark, 5) - dialled
    figures.add("machine of one of two routers gone, the next caller: in the queue", second)
    assert second < 1.5 * patience()


def test_one_that_dies_is_followed_by_the_next_and_that_by_nobody(
    ami: Ami, make_caller: MakeCaller, routers: Begin, script: Scripted
) -> None:
    dies = ["SET VARIABLE THREADLINE_CALL call-1", "SET VARIABLE TIMEOUT(absolute) 60"]
    first, dead = script(lambda _: dies)
    second, dead_too = script(lambda _: dies)
    routers(first, second)
    mark = ami.mark
    make_caller(KNOWN)
    joined(ami, "default", mark, 3)
    assert [each.asked[0].arguments for each in (dead, dead_too)] == [["started"], ["started"]]
    assert (len(dead.asked), len(dead_too.asked)) == (1, 1)


def test_one_that_gives_up_is_believed(ami: Ami, make_caller: MakeCaller, routers: Begin, script: Scripted) -> None:
    first, _ = script(lambda _: ["SET VARIABLE THREADLINE_ROUTE default"])
    second, spared = script(to_sales)
    routers(first, second)
    mark = ami.mark
    make_caller(KNOWN)
    joined(ami, "default", mark, 3)
    assert spared.asked == []


def test_one_that_hangs_before_its_first_word_is_followed_by_the_next(
    asterisk: Asterisk, ami: Ami, make_caller: MakeCaller, routers: Begin, script: Scripted, figures: Figures
) -> None:
    first, _ = script(lambda _: [], holds=True)
    second, there = script(to_sales)
    routers(first, second)
    mark, dialled = ami.mark, time.monotonic()
    make_caller(KNOWN)
    seconds = joined(ami, "sales", mark, 8) - dialled
    figures.add("one of two routers hangs: in the queue", seconds)
    assert there.asked[0].environment["agi_dnid"] == SERVICE_NUMBER
    any_of_them(asterisk)
    mark, dialled = ami.mark, time.monotonic()
    make_caller(KNOWN)
    assert joined(ami, "sales", mark, 5) - dialled < 1.5 * patience(), "it is not asked first for a while"


def test_two_that_hang_cost_eight_seconds_at_most(
    ami: Ami, make_caller: MakeCaller, routers: Begin, script: Scripted, figures: Figures
) -> None:
    first, _ = script(lambda _: [], holds=True)
    second, _ = script(lambda _: [], holds=True)
    routers(first, second)
    mark, dialled = ami.mark, time.monotonic()
    make_caller(KNOWN)
    seconds = joined(ami, "default", mark, 9) - dialled
    figures.add("both of two routers hang: in the default queue", seconds)
    assert seconds < 8 * patience()


@pytest.mark.needs("postgresql", "espeak-ng")
def test_a_caller_in_a_menu_finishes_it_at_the_other_router_when_theirs_is_killed(
    asterisk: Asterisk,
    ami: Ami,
    make_caller: MakeCaller,
    routers: Begin,
    postgresql: Cluster,
    tmp_path: Path,
    figures: Figures,
) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    shutil.copy(Path(__file__).parent / "flows" / "menu.yaml", flows)
    common = {"DATABASE": postgresql.emptied(), "SECRET": "s" * 32, "FLOWS": str(flows), "FLOW": "menu"}
    both = [
        Router(asterisk, tmp_path / name, **common, FASTAGI_PORT=str(free_port()), SERVICE_NUMBER=SERVICE_NUMBER)
        for name in ("first", "second")
    ]
    first, second = both
    try:
        for router in both:
            router.start()
        routers(*(int(router.settings["FASTAGI_PORT"]) for router in both))
        mark = ami.mark
        caller = make_caller(KNOWN)
        until(lambda: caller.media.first(Sound.OTHER, 0), 10, "the menu is heard")
        killed = time.monotonic()
        first.kill()
        again = until(lambda: caller.media.first(Sound.OTHER, killed + 0.3), 5, "the menu is heard again")
        figures.add("killed in a prompt, another router there: it is heard again", again - killed)
        assert caller.media.longest_silence(killed, again) < 3 * patience()
        until(lambda: second.metric("threadline_agi_connections_open") == 1, 10, "the other router has the call")
        caller.hears(time.monotonic())  # what is pressed while nobody listens is lost
        caller.press("1")
        joined(ami, "sales", mark, 10)
        assert second.metric("threadline_agi_connections_open") == 0, "it is with the queue"
    finally:
        for router in both:
            router.stop()
