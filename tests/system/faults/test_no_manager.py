"""Asterisk has no manager interface, and the router dies or hangs in mid-call: that the call is over is told all the
same, by the dialplan, and the caller's line does not wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.system.faults.conftest import Report
from tests.system.faults.table import Row
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.media import Sound
from tests.system.harness.office import MENU, STRAIGHT, Blueprint
from tests.system.harness.router import Router
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "espeak-ng")]

STRANGER = Identity("+493055501996")


@pytest.fixture
def unmanaged(chroot: Path) -> Iterator[Asterisk]:
    """An Asterisk that nobody can manage."""
    private = Asterisk(chroot)
    private.install()
    file = private.directory / "etc" / "manager.conf"
    file.write_text(file.read_text().replace("enabled = yes", "enabled = no", 1))
    private.start()
    settings = private.cli("manager show settings").splitlines()
    assert "No" in next(line for line in settings if "Manager (AMI)" in line)
    yield private
    private.stop()


@pytest.fixture
def alone(unmanaged: Asterisk, blueprint: Blueprint, tmp_path: Path) -> Iterator[Router]:
    """A router that knows of no manager interface."""
    router = blueprint.build(unmanaged, tmp_path).router
    del router.settings["AMI_SECRET"]
    yield router.start()
    router.thaw()
    router.stop()


@pytest.fixture
def make_caller(unmanaged: Asterisk, tmp_path: Path) -> Iterator[Callable[[str], Caller]]:
    """Places a call to a number, and returns when it is answered."""
    made: list[Caller] = []

    def make(dialled: str) -> Caller:
        made.append(Caller(unmanaged, tmp_path / f"caller-{dialled}", STRANGER, dialled))
        made[-1].answered()
        return made[-1]

    yield make
    for caller in made:
        caller.close()


def open_calls(router: Router) -> int:
    return len(router.rows("select id from calls where ended_at is null"))


def hang_up(caller: Caller, asterisk: Asterisk) -> float:
    """Returns the moment at which Asterisk has nothing left of the caller."""
    caller.hang_up()
    until(lambda: "PJSIP/" not in asterisk.cli("core show channels concise"), 60, "the caller's channel is gone")
    return time.monotonic()


def test_a_call_that_is_over_is_told_where_there_is_no_manager(
    alone: Router, unmanaged: Asterisk, make_caller: Callable[[str], Caller], report: Report
) -> None:
    caller = make_caller(MENU)
    until(partial(caller.media.first, Sound.OTHER), 60, "the menu is heard")
    alone.kill()
    killed = time.monotonic()
    until(partial(caller.media.first, Sound.RINGING, killed), 60, "the default queue's ring tone is heard")
    alone.start()
    assert open_calls(alone) == 1
    gone = hang_up(caller, unmanaged)
    until(lambda: open_calls(alone) == 0, 60, "it is over for the router that did not take it to the queue")
    after_crash = time.monotonic() - gone

    caller = make_caller(STRAIGHT)
    until(partial(caller.media.first, Sound.RINGING), 60, "the queue's ring tone is heard")
    alone.freeze()
    hang_up(caller, unmanaged)
    assert open_calls(alone) == 1, "the line is free before the router can be told"
    alone.thaw()
    thawed = time.monotonic()
    until(lambda: open_calls(alone) == 0, 60, "it is over for the router that hung")
    after_hang = time.monotonic() - thawed
    assert "threadline-over" not in unmanaged.log, "something in the dialplan does not hold"
    report(
        Row(
            "router killed, or hangs, and Asterisk has no manager interface",
            "the same; their line is free at once",
            "nothing: there are no cards without it",
            f"nothing: that the call is over is told {after_crash:.1f} s after it",
            f"{after_hang:.1f} s after a router that hung goes on",
        )
    )
