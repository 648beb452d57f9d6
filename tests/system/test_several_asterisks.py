"""Two real Asterisks, and one router or two: an agent has a phone at each, and calls come through either."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.postgres import Cluster
from tests.system.faults.proxy import Proxy
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.figures import Figures
from tests.system.harness.founding import Founded, founded
from tests.system.harness.office import STRAIGHT, Blueprint, Office
from tests.system.harness.phone import Phone
from tests.system.harness.service import Service
from tests.system.harness.stream import EventStream
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

STRANGER = Identity("+493055501997")


@pytest.fixture(scope="module")
def asterisks(chroot: Path) -> Iterator[tuple[Asterisk, Asterisk]]:
    """Two, which ask the same routers, of which one may not be there, and know the same password of them."""
    one, two = Asterisk(chroot), Asterisk(chroot)
    routers = ",".join(f"127.0.0.1:{each.ports.router_agi}" for each in (one, two))
    try:
        one.install(system_name="pbx1", ROUTER=routers)
        two.install(system_name="pbx2", ROUTER=routers, AMI_SECRET=one.settings["AMI_SECRET"])
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


class Pair:
    """Two processes, of which the first listens to the first Asterisk and the second to the second one: each could not
    reach the other's when they began."""

    def __init__(
        self, asterisks: tuple[Asterisk, Asterisk], address: str, people: Founded, folder: Path, **settings: str
    ) -> None:
        self._address = address
        self._ways = [Proxy(("127.0.0.1", each.ports.ami)) for each in asterisks]
        self.both: list[Service] = []
        for number, asterisk in enumerate(asterisks):
            hosts = [f"127.0.0.1:{way.port}" for way in self._ways]
            hosts[number] = f"127.0.0.1:{asterisk.ports.ami}"
            more = {**settings, "AMI_HOST": json.dumps(hosts), "FASTAGI_PORT": str(asterisk.ports.router_agi)}
            directory = folder / f"process-{number}"
            directory.mkdir()
            self.both.append(Service(directory, address, people.key, secret=settings["SECRET"], more=more))
        self.both[1].cookies = self.both[0].cookies  # a session is known at either

    def start(self, cluster: Cluster) -> None:
        for way in self._ways:
            way.gone()
        for service in self.both:
            service.start()
        until(lambda: len(set(self.holders(cluster).values())) == 2, 60, "each listens to one")
        for way in self._ways:
            way.mended()
        until(lambda: all(way.open for way in self._ways), 60, "each can act at the other one, too")

    def holders(self, cluster: Cluster) -> dict[str, str]:
        """Who listens to which Asterisk."""
        return dict(cluster.rows(self._address, "SELECT name, holder FROM asterisks WHERE connected"))

    def close(self) -> None:
        for service in self.both:
            if service.process is not None:
                service.kill()
        for way in self._ways:
            way.gone()


@pytest.fixture
def pair(
    asterisks: tuple[Asterisk, Asterisk], postgresql: Cluster, blueprint: Blueprint, tmp_path: Path
) -> Iterator[Pair]:
    address = postgresql.over_the_network(postgresql.emptied())
    more = {"AMI_SECRET": asterisks[0].settings["AMI_SECRET"], "PHONES": '["PJSIP/101"]', "RECOGNISER": "none"}
    people = founded(address)
    made = Pair(asterisks, address, people, tmp_path, **blueprint.settings, **more, PAGE_GONE_AFTER="0")
    try:
        made.start(postgresql)
        made.both[0].page("/sign-in/link", f"token={people.annas}")
        yield made
    finally:
        made.close()


def is_paused(ami: Ami) -> set[bool]:
    """How Anna's phone is in the queues of this Asterisk."""
    found = ami.action("QueueStatus", Member="PJSIP/101")
    return {event.get("Paused") == "1" for event in found if event.name == "QueueMember"}


# First: Chromium has an event loop of its own, beside which that of the database would not run.
@pytest.mark.needs("postgresql")
def test_the_process_that_is_left_listens_to_both_when_the_other_one_is_killed(
    asterisks: tuple[Asterisk, Asterisk], pair: Pair, postgresql: Cluster, figures: Figures,
    tmp_path: Path,
) -> None:  # fmt: skip
    goes, stays = pair.both
    with contextlib.ExitStack() as stack:
        phones = []
        for each in asterisks:
            phone = Phone(each, tmp_path / f"phone-{each.ports.sip}", "101")
            stack.callback(phone.close)
            phones.append(phone.sign_in())
        stays.page("/desk/phone", "phone=PJSIP/101")
        stays.page("/desk/presence", "presence=ready")
        stream = stack.enter_context(EventStream(stays.url, stays.cookie))
        stream.says("event: hello")

        def called(number: int) -> Caller:
            caller = Caller(asterisks[number], tmp_path / f"caller-{number}", STRANGER, STRAIGHT)
            stack.callback(caller.close)
            caller.answered()
            return caller

        first = called(0)
        stream.says('"state": "ringing"', 60)  # told by the other process
        phones[0].rings()
        phones[0].answer()
        stream.says('"state": "talking"', 60)
        waits = "SELECT count(*) FROM calls WHERE state = 'queue'"
        second = called(1)
        until(lambda: postgresql.rows(stays.database, waits) == [(1,)], 60, "she talks, and the second caller waits")
        rang = stream.text.count('"state": "ringing"')

        left, killed = pair.holders(postgresql)["pbx2"], time.monotonic()
        goes.kill()
        goes.process = None
        phones[0].hang_up()  # while nobody listens
        until(lambda: set(pair.holders(postgresql).values()) == {left}, 60, "one process listens to both", every=0.05)
        figures.add("listening to the other Asterisk taken over after kill -9", time.monotonic() - killed)
        stream.says('"state": "gone"', 60)
        first.ended(60)
        until(lambda: stream.text.count('"state": "ringing"') > rang, 60, "the card of the caller who waits")
        phones[1].rings()
        phones[1].answer()
        until(lambda: stream.text.count('"state": "talking"') == 2, 60, "the second talk")
        phones[1].hang_up()
        second.ended(60)
        stays.page("/desk/presence", "presence=off")


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
