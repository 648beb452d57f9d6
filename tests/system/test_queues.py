"""Queues as described, on a real Asterisk: rules, skills, the last agent, overflow, hours, and a router that dies."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.system.conftest import MakeCaller, MakePhone
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.media import Sound
from tests.system.harness.office import Blueprint, Office
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

NUMBER = "+493023125001"
FLOW = """
version: 1
name: ruled
languages: [de, en]
start: recognise
steps:
  recognise: {type: match, sure: connect, likely: connect, unclear: connect, none: connect}
  connect: {type: transfer, queue: sales, offer_queue: true, closed: goodbye, no_answer: human}
  goodbye: {type: hangup, text: {de: "Auf Wiederhören.", en: "Goodbye."}}
"""
QUEUES = """
version: 1
hours: {{never: {{weekly: {{}}}}}}
queues:
  default: {{}}
  sales:
    skill_set: [{skills}]
    skills_for: 6
    timeout: 40
    rules:
      - {{note: in English, when: customer.language == "en", skills: [english]}}
      - {{note: gas, when: offer.facts.product == "gas", skills: [gas]}}
      - {{note: valued, when: customer.segment == "gold", last_agent: 6}}
      - {{note: ends today, when: offer.days_left == 0, priority: 60}}
      - {{note: expired, when: offer.days_left < 0, queue: winback}}
  winback: {{timeout: 30}}
  busy: {{timeout: 30, overflow: {{after: 5, queue: winback}}}}
  shut: {{hours: never}}
  told:
    timeout: 60
    announcements: {{every: 15, texts: [{{de: "Bitte haben Sie noch etwas Geduld."}}]}}
"""
_numbers = count(100)


class Place:
    """The office with these queues. Anna, who speaks English and knows gas, and Bert are ready at their phones."""

    def __init__(self, office: Office, flows: Path, file: Path, sounds: Path) -> None:
        self.office, self.flows, self.file, self.sounds = office, flows, file, sounds

    def write(self, query: str, *values: Any) -> None:
        path = self.office.router.settings["DATABASE"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=60)) as connection, connection:
            connection.execute(query, values)

    def people(self) -> None:
        at, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)
        for login, phone, skills in (("anna", "PJSIP/101", '["english", "gas"]'), ("bert", "PJSIP/102", "[]")):
            self.write(
                "update people set presence = 'ready', phone = ?, skills = ?, queues = ? where login = ?",
                phone, skills, '["sales"]', login,
            )  # fmt: skip
            self.write(
                "insert into web_sessions (token_hash, person_id, created_at, expires_at)"
                " select ?, id, ?, ? from people where login = ?",
                login.encode(), f"{at:%Y-%m-%d %H:%M:%S.%f}", f"{later:%Y-%m-%d %H:%M:%S.%f}", login,
            )  # fmt: skip

    def queues(self, *skills: str) -> None:
        (self.flows / "shared" / "queues.yaml").write_text(QUEUES.format(skills=", ".join(skills)))

    def offer(
        self, ends: timedelta = timedelta(days=7), queue: str = "sales", product: str = "power", **customer: str
    ) -> Identity:
        """Somebody with an offer, who calls from the number it went to."""
        number = f"+4917139200{next(_numbers)}"
        until = (datetime.now(UTC) + ends).isoformat()
        offer = {"title": "Ökostrom", "queue": queue, "valid_until": until, "facts": {"product": product}}
        self.office.register("Ökostrom", number, offer=offer, customer={"external_id": number, **customer})
        return Identity(number)

    def talked(self, login: str, identity: Identity) -> None:
        """They talked to each other last week."""
        at = f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%d %H:%M:%S.%f}"
        columns = (
            "id, channel, channel_ref, withheld, state, sequence, session, reply, started_at, updated_at, customer_id"
        )
        self.write(
            f"insert into calls ({columns}) select ?, 'asterisk', ?, 0, 'ended', 1, '', '', ?, ?, id"
            " from customers where external_id = ?",
            f"before-{identity.number}", f"before-{identity.number}", at, at, identity.number,
        )  # fmt: skip
        self.write(
            "insert into cards (id, call_key, person_id, state, rang_at, answered_at)"
            " select ?, ?, id, 'gone', ?, ? from people where login = ?",
            f"before-{identity.number[-20:]}", f"before-{identity.number}", at, at, login,
        )  # fmt: skip

    def open(self) -> Place:
        self.office.open()
        return self


@pytest.fixture(scope="module")
def built(asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("queues")
    flows = directory / "flows"
    (flows / "shared").mkdir(parents=True)
    (flows / "ruled.yaml").write_text(FLOW)
    sounds = asterisk.chroot / "usr" / "share" / "asterisk" / "sounds"
    settings = {"FLOWS": str(flows), "FLOW": "ruled", "SERVICE_NUMBER": NUMBER, "SERVICE_NUMBERS": "{}"}
    with asterisk.queues_lent() as file:
        settings |= {"ASTERISK_QUEUES_FILE": str(file), "ASTERISK_SOUNDS": str(sounds)}
        office = blueprint.build(asterisk, directory / "office", **settings)
        place = Place(office, flows, file, sounds)
        place.queues("english")
        place.people()
        yield place
        office.close()
    for made in sounds.glob("*/threadline"):
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def place(built: Place, ami: Ami) -> Iterator[Place]:
    """The router runs, and Asterisk has its queues with the two agents in them."""
    built.office.router.stop()  # the queues were emptied before this test: it tells Asterisk anew
    built.open()
    until(lambda: member(ami, "sales.english", "PJSIP/101"), 20, "Anna is where English is spoken", every=0.2)
    until(lambda: member(ami, "sales", "PJSIP/102"), 20, "Bert is in the queue", every=0.2)
    yield built


def member(ami: Ami, queue: str, phone: str) -> bool:
    found = ami.action("QueueStatus", Queue=queue, Member=phone)
    return any(event.name == "QueueMember" and event.get("Queue") == queue for event in found)


def joins(ami: Ami, queue: str, since: int, within: float = 15) -> float:
    return ami.wait("QueueCallerJoin", within=within, since=since, Queue=queue).at


def test_who_speaks_english_rings_alone_and_after_a_while_everybody(
    place: Place, ami: Ami, make_caller: MakeCaller, make_phone: MakePhone
) -> None:
    anna, bert = make_phone("101"), make_phone("102")
    identity, since = place.offer(language="en"), ami.mark
    make_caller(identity, NUMBER)
    began = joins(ami, "sales.english", since)
    anna.rings()
    assert bert.invites == []
    rang = bert.rings(within=20)
    assert rang.at - began > 5.5, "Bert rings only when the time with the skill is up"
    assert joins(ami, "sales", since) - began > 5.5
    anna.rings(nth=2)  # although her phone has only just been free again
    anna.answer()
    bert.stops_ringing()
    talking = "select queue from cards where state = 'talking'"
    assert until(lambda: place.office.router.rows(talking), 5, "the card of the talk", every=0.05) == [("sales",)]
    anna.hang_up()


def test_a_router_that_dies_meanwhile_costs_nothing(
    place: Place, ami: Ami, make_caller: MakeCaller, make_phone: MakePhone
) -> None:
    anna, bert = make_phone("101"), make_phone("102")
    identity, since = place.offer(language="en"), ami.mark
    caller = make_caller(identity, NUMBER)
    began = joins(ami, "sales.english", since)
    place.office.router.kill()
    anna.rings()
    assert bert.rings(within=20).at - began > 5.5
    bert.answer()
    heard = time.monotonic()
    bert.media.speak(5)
    until(lambda: caller.media.first(Sound.OTHER, heard), 5, "the caller hears Bert", every=0.05)
    bert.hang_up()
    caller.ended(5)


def test_a_valued_customer_reaches_whom_they_know(
    place: Place, ami: Ami, make_caller: MakeCaller, make_phone: MakePhone, browser: Browser
) -> None:
    anna, bert = make_phone("101"), make_phone("102")
    identity = place.offer(segment="gold")
    place.talked("bert", identity)
    with place.office.sign_in(browser, "bert") as desk:
        since = ami.mark
        make_caller(identity, NUMBER)
        began = joins(ami, "phone.PJSIP-102", since)
        bert.rings()
        expect(desk.sees(state="ringing")).to_contain_text("Ökostrom")
        assert anna.invites == []
        query = "select queue from cards where state = 'ringing'"
        assert place.office.router.rows(query) == [("sales",)], "the queue's card, not the place's"
    assert anna.rings(within=20).at - began > 5.5
    bert.rings(nth=2)
    anna.answer()
    anna.hang_up()


def test_rules_say_where_to_and_who_goes_first(place: Place, ami: Ami, make_caller: MakeCaller) -> None:
    today, expired = timedelta(minutes=1), timedelta(days=-2)
    if datetime.now(UTC).hour == 22 and datetime.now(UTC).minute >= 58:
        today = timedelta(0)
    since = ami.mark
    waits = make_caller(place.offer(), NUMBER)
    ami.wait("QueueCallerJoin", within=15, since=since, Queue="sales", Position="1")
    since = ami.mark
    make_caller(place.offer(today), NUMBER)
    overtook = ami.wait("QueueCallerJoin", within=15, since=since, Queue="sales")
    assert (overtook.get("Position"), overtook.get("Count")) == ("1", "2"), "an offer that ends today goes first"
    since = ami.mark
    make_caller(place.offer(expired), NUMBER)
    joins(ami, "winback", since)
    since = ami.mark
    make_caller(place.offer(queue="busy"), NUMBER)
    joined = joins(ami, "busy", since)
    assert joins(ami, "winback", since) - joined > 4.5, "the queue overflows after five seconds"
    closed: Caller = make_caller(place.offer(queue="shut"), NUMBER)
    closed.ended(15)
    assert closed.ended_by_far_side
    assert waits.up


def test_a_release_reaches_asterisk_and_who_waits_goes_on_waiting(
    place: Place, ami: Ami, make_caller: MakeCaller, make_phone: MakePhone
) -> None:
    since = ami.mark
    caller = make_caller(place.offer(queue="told"), NUMBER)
    began = joins(ami, "told", since)
    place.queues("english", "gas")
    until(lambda: "[sales.english.gas]" in place.file.read_text(), 20, "the file is written", every=0.2)
    until(lambda: member(ami, "sales.english", "PJSIP/101"), 20, "members are as they were", every=0.2)
    until(
        lambda: [each for each in ami.action("QueueStatus", Queue="sales.english.gas") if each.name == "QueueParams"],
        20,
        "Asterisk has the new place",
        every=0.2,
    )
    assert member(ami, "sales", "PJSIP/102")
    assert [each.name for each in ami.action("QueueStatus", Queue="told")].count("QueueEntry") == 1
    heard = until(lambda: caller.media.first(Sound.OTHER, began + 5), 25, "the caller is told something", every=0.1)
    assert heard - began > 12, "fifteen seconds after joining"
    assert "periodic-announce = threadline/" in place.file.read_text()

    anna, bert, since = make_phone("101"), make_phone("102"), ami.mark
    make_caller(place.offer(product="gas"), NUMBER)  # the new place is for who knows the product
    joins(ami, "sales.gas", since)
    anna.rings()
    assert bert.invites == []
    place.queues("english")
