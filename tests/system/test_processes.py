"""Two router processes on one PostgreSQL and a real Asterisk: calls come to one of them, and the other listens to
Asterisk; whatever an agent or a supervisor looks at and clicks is right at both, also when the one that listens dies.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from functools import partial

import pytest

from tests.postgres import Cluster
from tests.system.conftest import MakeCaller, MakePhone
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.figures import Figures
from tests.system.harness.founding import QUEUES, founded
from tests.system.harness.office import STRAIGHT, Blueprint
from tests.system.harness.phone import Phone
from tests.system.harness.service import Service
from tests.system.harness.stream import EventStream
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "espeak-ng", "postgresql")]

STRANGER = Identity("+493055501998")


class Pair:
    """Two processes; ``takes_calls`` is the one that Asterisk asks. Each has its pages: those of Anna, an agent, and of
    a supervisor."""

    def __init__(self, first: Service, takes_calls: Service, supervisors: dict[str, Service], cluster: Cluster) -> None:
        self.first, self.takes_calls = first, takes_calls
        self._supervisors = supervisors
        self._cluster = cluster

    def board(self, service: Service) -> str:
        """What the supervisors' page at this process shows."""
        return self._supervisors[service.url].page("/supervisor/board")

    @property
    def listens(self) -> str:
        """The process that listens to Asterisk."""
        rows = self._cluster.rows(self.first.database, "SELECT holder FROM asterisks WHERE connected")
        return str(rows[0][0]) if rows else ""

    def handed_over(self) -> list[str]:
        rows = self._cluster.rows(self.first.database, "SELECT state FROM handovers ORDER BY at")
        return [row[0] for row in rows]


@pytest.fixture(scope="module")
def pair(
    postgresql: Cluster, asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    address = postgresql.over_the_network(postgresql.emptied())
    people = founded(address)
    more = {
        **blueprint.settings,
        "AMI_PORT": str(asterisk.ports.ami),
        "AMI_SECRET": asterisk.settings["AMI_SECRET"],
        "PHONES": '["PJSIP/101"]',
        "RECOGNISER": "none",
        "PAGE_GONE_AFTER": "0",
    }
    services: list[Service] = []
    supervisors: dict[str, Service] = {}
    try:
        for number in range(2):
            directory = tmp_path_factory.mktemp(f"process-{number}")
            service = Service(directory, address, people.key, secret=blueprint.settings["SECRET"], more=dict(more))
            if number:
                service.more["FASTAGI_PORT"] = str(asterisk.ports.router_agi)
                service.cookies = services[0].cookies  # a session is known at every process
            services.append(service)
            service.start()
        services[0].page("/sign-in/link", f"token={people.annas}")
        for service in services:
            beside = Service(service.directory, address, people.key, port=service.port)
            supervisors[service.url] = beside
        first, second = supervisors.values()
        second.cookies = first.cookies
        first.page("/sign-in/link", f"token={people.sinas}")
        made = Pair(services[0], services[1], supervisors, postgresql)
        until(lambda: made.listens, 15, "one of them listens to Asterisk")
        yield made
    finally:
        for service in services:
            if service.process is not None:
                service.kill()


@pytest.fixture
def phone(pair: Pair, make_phone: MakePhone, ami: Ami) -> Iterator[Phone]:
    """Anna's phone, at which she is ready."""
    signed_in = make_phone("101")
    pair.takes_calls.page("/desk/phone", "phone=PJSIP/101")
    yield signed_in
    pair.takes_calls.page("/desk/presence", "presence=off")


def members(ami: Ami) -> dict[str, bool]:
    """The queues that Anna's phone is in, and whether it is paused there."""
    found = ami.action("QueueStatus", Member="PJSIP/101")
    return {event.get("Queue"): event.get("Paused") == "1" for event in found if event.name == "QueueMember"}


def become(service: Service, presence: str) -> str:
    reason = "&reason=break" if presence == "paused" else ""
    return service.page("/desk/presence", f"presence={presence}{reason}")


def card_of(service: Service) -> str:
    """Its one card, as soon as it is there: a phone may ring before its card has been stored."""
    found = until(lambda: re.search(r'data-card="([0-9a-f]+)"', service.page("/desk/cards")), 15, "a card")
    return found[1]


def test_what_is_clicked_at_either_process_has_reached_asterisk_when_it_is_answered(
    pair: Pair, phone: Phone, ami: Ami
) -> None:
    for service in (pair.takes_calls, pair.first):
        become(service, "ready")
        assert members(ami) == dict.fromkeys(QUEUES, False)
        become(service, "paused")
        assert members(ami) == dict.fromkeys(QUEUES, True)
    become(pair.takes_calls, "off")
    assert members(ami) == {}


def test_a_card_comes_to_a_desk_at_the_other_process_and_the_caller_is_passed_on_from_there(
    pair: Pair, phone: Phone, make_caller: MakeCaller, figures: Figures, ami: Ami
) -> None:
    other = pair.takes_calls  # the one that was there first listens to Asterisk
    become(other, "ready")
    with EventStream(other.url, other.cookie) as stream:
        stream.says("event: hello")
        mark = ami.mark
        make_caller(STRANGER, STRAIGHT)
        rang = ami.wait("AgentCalled", since=mark).at
        stream.says('"state": "ringing"')
        figures.add("AgentCalled to the event at another process", time.monotonic() - rang)
        phone.rings()
        phone.answer()
        stream.says('"state": "talking"')
        for service in (pair.first, other):
            until(partial(shows_talking, pair, service), 5, "the talk, on the supervisors' page")
        card = card_of(other)
        other.page(f"/desk/cards/{card}/handover", "to=queue:default&note=weiter")
        phone.rings(nth=2)  # her leg was ended, and the queue rings her again
        assert pair.handed_over() == ["under_way"]
        assert card_of(pair.first) == card


def shows_talking(pair: Pair, service: Service) -> bool:
    return 'data-state="talking"' in pair.board(service)


def test_another_process_listens_within_seconds_when_the_one_that_does_is_killed(
    pair: Pair, phone: Phone, make_caller: MakeCaller, figures: Figures, ami: Ami
) -> None:
    stays = pair.takes_calls
    become(stays, "ready")
    with EventStream(stays.url, stays.cookie) as stream:
        stream.says("event: hello")
        caller = make_caller(STRANGER, STRAIGHT)
        stream.says('"state": "ringing"')
        phone.rings()
        phone.answer()
        stream.says('"state": "talking"')
        listened, killed = pair.listens, time.monotonic()
        pair.first.kill()
        pair.first.process = None
        phone.hang_up()  # while nobody listens
        until(lambda: pair.listens not in ("", listened), 30, "the other one listens")
        figures.add("listening to Asterisk taken over after kill -9", time.monotonic() - killed)
        stream.says('"state": "gone"')
        caller.ended(10)
        before = stream.text.count('"state": "ringing"')
        make_caller(STRANGER, STRAIGHT)
        until(lambda: stream.text.count('"state": "ringing"') == before + 1, 15, "the next call's card")
        phone.rings(nth=2)
        become(stays, "paused")
        assert set(members(ami).values()) == {True}
