"""The connection to Asterisk's manager is cut, freezes, or is dead at one end; Asterisk itself starts anew."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.system.conftest import MakeCaller, MakePhone, OnDuty
from tests.system.faults.conftest import Report
from tests.system.faults.proxy import Proxy
from tests.system.faults.table import Row
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.desk import Desk
from tests.system.harness.office import MENU, STRAIGHT, Blueprint, Office
from tests.system.harness.phone import Phone
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.alone, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

KNOWN = "+4917139200072"
NOTICED, IN_STEP = 10.0, 5.0
"""Seconds until it is noticed, and until all is as it is once the connection can be had again."""


@pytest.fixture(scope="module")
def line(asterisk: Asterisk) -> Iterator[Proxy]:
    """The way to the manager interface."""
    with Proxy(("127.0.0.1", asterisk.ports.ami)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def company(
    asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory, line: Proxy
) -> Iterator[Office]:
    built = blueprint.build(asterisk, tmp_path_factory.mktemp("office"), AMI_PORT=str(line.port))
    yield built
    line.mended()
    built.close()


def losses(office: Office) -> int:
    """How often the router has said that the connection was lost."""
    return office.router.log.count("ami.disconnected")


def _spoil(line: Proxy, fault: str) -> None:
    match fault:
        case "cut":
            line.gone()
        case "frozen":
            line.silent()
        case "half-open":
            line.forgotten()


@pytest.mark.parametrize("fault", ["cut", "frozen", "half-open"])
def test_a_connection_that_is(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami, line: Proxy, report: Report, fault: str
) -> None:
    office.register("Gaspreisgarantie", KNOWN, external_id=f"m-{fault}")
    desk, phone = on_duty("anna")
    caller = make_caller(Identity(KNOWN), STRAIGHT)
    desk.sees(state="ringing")
    before, since, mark = losses(office), time.monotonic(), ami.mark
    _spoil(line, fault)
    phone.answer()  # which the router is not told
    ami.wait("AgentConnect", since=mark)
    desk.become("paused")  # and taken back before Asterisk can be told
    desk.become("ready")
    until(lambda: losses(office) > before, 20, "the loss is noticed", every=0.02)
    noticed = time.monotonic() - since

    late_mark, mended = ami.mark, time.monotonic()
    line.mended()
    desk.sees(state="talking", within=20)
    until(lambda: office.router.metric("threadline_ami_connected") == 1, 20, "connected", every=0.05)
    in_step = time.monotonic() - mended
    caller.hang_up()
    desk.sees_nothing()
    office.at_rest()
    stale = [each for each in ami.events[late_mark:] if each.name == "QueueMemberPause" and each.get("Paused") == "1"]
    assert stale == [], "a pause that was over was told"
    assert noticed <= NOTICED
    assert in_step <= IN_STEP
    report(
        Row(
            f"connection to Asterisk's manager {fault}",
            "nothing",
            "the card as it was, until the connection is back; then as it is, with the talk that began meanwhile",
            "nothing; a pause that was taken back meanwhile is not told late",
            f"noticed after {noticed:.1f} s, in step {in_step:.1f} s after it can be had again",
        )
    )


def test_asterisk_starts_anew_in_mid_call(
    company: Office,
    browser: Browser,
    make_caller: MakeCaller,
    make_phone: MakePhone,
    asterisk: Asterisk,
    report: Report,
) -> None:
    office = company.open()
    phone = make_phone("101")
    with office.sign_in(browser, "anna") as desk:
        _anew(office, desk.sit_down("101"), phone, make_caller, asterisk, report)
        desk.become("off")


def _anew(
    office: Office, desk: Desk, phone: Phone, make_caller: MakeCaller, asterisk: Asterisk, report: Report
) -> None:
    office.register("Gaspreisgarantie", KNOWN, external_id="m-anew")
    talks = make_caller(Identity(KNOWN), STRAIGHT)
    desk.sees(state="ringing")
    phone.answer()
    desk.sees(state="talking")
    listens = make_caller(Identity("+493055501903"), MENU)
    listens.hears()
    asterisk.crash()
    crashed = time.monotonic()
    asterisk.start()
    started = time.monotonic()
    desk.sees_nothing(within=20)
    office.at_rest(20)
    cleared = time.monotonic() - started
    until(lambda: office.router.metric("threadline_ami_connected") == 1, 20, "connected", every=0.05)
    until(lambda: "PJSIP/101" in asterisk.cli("queue show sales"), 20, "the agent is in the queue again", every=0.2)
    back = time.monotonic() - started
    talks.sipp.stop()
    listens.sipp.stop()
    report(
        Row(
            "Asterisk killed in mid-calls, and started",
            "the call is cut: Asterisk carries it",
            f"the cards of the calls that are over go {max(0.0, cleared):.1f} s after Asterisk is there",
            "nothing acknowledged",
            f"agents are in their queues again {back:.1f} s after Asterisk is there, {back + started - crashed:.1f} s "
            "after it died",
        )
    )
