"""Two routers, of which one is told to end while calls are in it, or the machines of both are gone."""

from __future__ import annotations

import contextlib
import time

import pytest

from tests.system.conftest import MakeCaller
from tests.system.faults.conftest import Report
from tests.system.faults.table import Row
from tests.system.harness.agi_script import AgiScript
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.media import Sound
from tests.system.harness.office import MENU, Office
from tests.system.harness.waiting import claimed_port, gone_port, until
from tests.system.test_dialplan import to_queue

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "espeak-ng")]

SILENCE = 8.0


def test_one_is_told_to_end_with_a_call_in_it(
    office: Office, asterisk: Asterisk, ami: Ami, make_caller: MakeCaller, report: Report
) -> None:
    """The call that is in it ends there as it would have, and new ones go to the other."""
    port = claimed_port()
    with (
        contextlib.closing(AgiScript(port, lambda _: to_queue("service"))) as other,
        asterisk.routers(asterisk.ports.router_agi, port),
    ):
        caught = make_caller(Identity("+493055501905"), MENU)
        caught.hears()
        mark = ami.mark
        office.router.terminate()
        office.router.refuses()
        dialled = time.monotonic()
        make_caller(Identity("+493055501906"), MENU)
        joined = ami.wait("QueueCallerJoin", within=60, since=mark, Queue="service")
        assert len(other.asked) == 1
        caught.press("1")
        ami.wait("QueueCallerJoin", within=60, since=mark, Queue="sales")
        assert len(other.asked) == 1, "the call in progress has not moved"
        until(lambda: not office.router.running, 60, "the router has ended", every=0.05)
        caught.hang_up()
    report(
        Row(
            "a router is told to end (SIGTERM) with a call in it",
            f"in it: nothing, the call goes on to its end; new calls: nothing, the other router has them "
            f"{joined.at - dialled:.1f} s after dialling",
            "*connection lost* until the page is at the other router",
            "nothing",
            "at once; it ends when the last call has left it",
        )
    )


def test_the_machines_of_both_are_gone(asterisk: Asterisk, ami: Ami, make_caller: MakeCaller, report: Report) -> None:
    with gone_port() as first, gone_port() as second, asterisk.routers(first, second):
        mark, dialled = ami.mark, time.monotonic()
        caller = make_caller(Identity("+493055501907"), MENU)
        joined = ami.wait("QueueCallerJoin", within=60, since=mark)
        assert joined.get("Queue") == "default"
        ringing = until(lambda: caller.media.first(Sound.RINGING, dialled), 60, "the ring tone")
        assert ringing - dialled <= SILENCE
    report(
        Row(
            "the machines of both routers gone",
            f"{ringing - dialled:.1f} s of silence, then the default queue's ring tone",
            "*connection lost*; the phone rings",
            "what the callers would have keyed in",
            "with a router that is there",
        )
    )
