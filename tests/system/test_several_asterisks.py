"""Two real Asterisks and one router: an agent has a phone at each, and calls come through either."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.office import STRAIGHT, Blueprint, Office
from tests.system.harness.phone import Phone
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

STRANGER = Identity("+493055501997")


@pytest.fixture(scope="module")
def asterisks(chroot: Path) -> Iterator[tuple[Asterisk, Asterisk]]:
    """Two, which ask the same router and know the same password of it."""
    one, two = Asterisk(chroot), Asterisk(chroot)
    try:
        one.install(system_name="pbx1")
        two.install(
            system_name="pbx2", ROUTER=f"127.0.0.1:{one.ports.router_agi}", AMI_SECRET=one.settings["AMI_SECRET"]
        )
        for each in (one, two):
            each.start()
        yield one, two
    finally:
        for each in (one, two):
            each.stop()


@pytest.fixture(scope="module")
def company(
    asterisks: tuple[Asterisk, Asterisk], blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    hosts = json.dumps([f"127.0.0.1:{each.ports.ami}" for each in asterisks])
    built = blueprint.build(asterisks[0], tmp_path_factory.mktemp("several"), AMI_HOST=hosts)
    yield built
    built.close()


def is_paused(ami: Ami) -> set[bool]:
    """How Anna's phone is in the queues of this Asterisk."""
    found = ami.action("QueueStatus", Member="PJSIP/101")
    return {event.get("Paused") == "1" for event in found if event.name == "QueueMember"}


def test_calls_come_through_either_and_what_one_has_lost_is_none_of_the_others_business(
    asterisks: tuple[Asterisk, Asterisk], company: Office, browser: Browser, tmp_path: Path
) -> None:
    one, two = asterisks
    company.open()
    with contextlib.ExitStack() as stack:
        amis = [stack.enter_context(Ami(each.ports.ami, each.settings["AMI_SECRET"])) for each in (one, two)]
        phones = []
        for each in (one, two):
            phone = Phone(each, tmp_path / f"phone-{each.ports.sip}", "101")
            stack.callback(phone.close)
            phones.append(phone.sign_in())
        desk = stack.enter_context(company.sign_in(browser, "anna"))
        desk.sit_down("101")
        assert [is_paused(ami) for ami in amis] == [{False}, {False}]

        callers = []
        for number, (each, phone, ami, other) in enumerate(zip((one, two), phones, amis, amis[::-1], strict=True)):
            caller = Caller(each, tmp_path / f"caller-{number}", STRANGER, STRAIGHT)
            stack.callback(caller.close)
            callers.append(caller)
            caller.answered()
            desk.sees(state="ringing")
            phone.rings()
            phone.answer()
            desk.sees(state="talking")
            until(lambda other=other: is_paused(other) == {True}, 5, "the other one does not ring her")  # type: ignore[misc]
            assert is_paused(ami) == {False}
            if each is one:
                phone.hang_up()
                caller.ended(10)
                desk.sees_nothing()
                until(lambda other=other: is_paused(other) == {False}, 5, "the other one may ring her")  # type: ignore[misc]
        refs = [row[0] for row in company.router.rows("select channel_ref from calls order by started_at")]
        assert [ref.partition("-")[0] for ref in refs] == ["pbx1", "pbx2"]

        connected = company.router.log.count("ami.connected")
        one.cli("core restart now", check=False)
        until(lambda: company.router.log.count("ami.connected") > connected, 40, "the first one is back", every=0.1)
        until(lambda: company.router.log.count("queues in line") > connected, 10, "what it has lost is done with")
        desk.sees(state="talking")  # with the other one
        assert company.router.rows("select state from calls order by started_at desc limit 1") == [("talking",)]
        phones[1].hang_up()
        desk.sees_nothing()
        desk.become("off")
        assert desk.faults == []
