"""Callers nobody knows, and two agents: whose phone rings has the card, and whoever does not get the call loses it."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.figures import Figures
from tests.system.harness.office import QUICK, STRAIGHT, Office
from tests.system.harness.waiting import patience

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

STRANGER = Identity("+493055501999")
CALLS_MEASURED = 20


def test_a_stranger_without_a_code_comes_to_the_default_queue_and_one_of_two_answers(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami
) -> None:
    (anna, annas_phone), (bert, berts_phone) = on_duty("anna"), on_duty("bert")
    caller = make_caller(STRANGER, QUICK)
    caller.hears()
    caller.press("#")
    for desk in (anna, bert):
        card = desk.sees(state="ringing", label="unknown")
        expect(card.locator("header dl")).to_contain_text("Zentrale")
        expect(card.locator(".nothing .big")).to_be_visible()
    assert ami.wait("QueueCallerJoin").get("Queue") == "default"
    assert annas_phone.ringing
    assert berts_phone.ringing

    berts_phone.answer()
    bert.sees(state="talking", label="unknown")
    anna.sees_nothing()
    assert "jemand anderem" in anna.news
    annas_phone.stops_ringing()
    assert bert.card().count() == 1

    berts_phone.hang_up()
    bert.sees_nothing()
    caller.ended(5)
    office.at_rest()


@pytest.fixture
def impatient_queue(asterisk: Asterisk) -> Iterator[None]:
    """The default queue rings a phone for two seconds, then pauses for one."""
    file = asterisk.directory / "etc" / "queues_custom.conf"
    before = file.read_text() if file.exists() else ""
    file.write_text("[default](+)\ntimeout = 2\nretry = 1\n")
    asterisk.cli("queue reload all")
    yield
    file.write_text(before)
    asterisk.cli("queue reload all")


@pytest.mark.usefixtures("impatient_queue")
def test_who_does_not_answer_loses_the_card_and_gets_it_back_when_the_phone_rings_again(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami
) -> None:
    desk, phone = on_duty("anna")
    make_caller(STRANGER, STRAIGHT)
    desk.sees(state="ringing")
    ami.wait("AgentRingNoAnswer")
    phone.stops_ringing()
    again = desk.sees_for_the(2)
    phone.rings(nth=2)
    assert (again.state, again.card) == ("ringing", desk.seen[0].card)
    phone.answer()
    desk.sees(state="talking")


def test_who_pauses_is_not_rung(office: Office, on_duty: OnDuty, make_caller: MakeCaller) -> None:
    (anna, annas_phone), (bert, berts_phone) = on_duty("anna"), on_duty("bert")
    anna.become("paused")
    make_caller(STRANGER, STRAIGHT)
    bert.sees(state="ringing")
    berts_phone.answer()
    bert.sees(state="talking")
    assert annas_phone.invites == []
    assert anna.seen == []


def test_a_phone_paused_at_asterisk_is_shown_as_such_and_ready_on_the_page_takes_it_back(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami
) -> None:
    desk, phone = on_duty("anna")
    ami.action("QueuePause", Interface="PJSIP/101", Paused="true")
    expect(desk.page.locator("#bar .presence[data-presence=paused]")).to_contain_text("am Telefon")
    since = ami.mark
    make_caller(STRANGER, STRAIGHT)
    ami.wait("QueueCallerJoin", since=since, within=15)
    assert phone.invites == []
    desk.become("ready")
    desk.sees(state="ringing", within=15)
    phone.rings()


def test_a_caller_who_gives_up_takes_the_cards_along(office: Office, on_duty: OnDuty, make_caller: MakeCaller) -> None:
    (anna, _), (bert, _) = on_duty("anna"), on_duty("bert")
    caller = make_caller(STRANGER, STRAIGHT)
    anna.sees(state="ringing")
    bert.sees(state="ringing")
    caller.hang_up()
    anna.sees_nothing(within=3)
    bert.sees_nothing(within=3)
    office.at_rest()


def test_how_soon_the_card_is_seen(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami, figures: Figures
) -> None:
    office.register("Ökostrom", "+4917139200077", customer={"name": "Karl Muster"})
    desk, _ = on_duty("anna")
    took = []
    for nth in range(CALLS_MEASURED):
        mark = ami.mark
        caller = make_caller(Identity("+4917139200077"), STRAIGHT)
        rang = ami.wait("AgentCalled", since=mark)
        seen = desk.sees_for_the(nth + 1)
        assert seen.state == "ringing"
        assert "Karl Muster" in desk.text
        took.append(seen.at - rang.at)
        figures.add("AgentCalled to card visible", took[-1])
        caller.hang_up()
        desk.sees_nothing()
    assert median(took) < 2 * patience()
