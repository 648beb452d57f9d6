"""Calling back through Asterisk: the place is kept, an agent's phone rings, and then the customer's."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.agi_script import AgiScript
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.calling_back import (
    MakeCustomer,
    asks_to_be_called_back,
    both_talk,
    change,
    customers,
    state_of,
)
from tests.system.harness.customer import BUSY, NO_ANSWER
from tests.system.harness.media import Sound
from tests.system.harness.office import STRAIGHT, Blueprint, Office
from tests.system.harness.waiting import claimed_port, until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

KARL, ERIKA, FIRST = "+4917139200061", "+4917139200062", "+4917139200063"


@pytest.fixture(scope="module")
def company(asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A router that may place calls."""
    secret = asterisk.settings["CALLBACKS_SECRET"]
    built = blueprint.build(asterisk, tmp_path_factory.mktemp("office"), CALLBACK_AMI_SECRET=secret)
    yield built
    built.close()


@pytest.fixture
def make_customer(asterisk: Asterisk, tmp_path: Path) -> Iterator[MakeCustomer]:
    yield from customers(asterisk, tmp_path)


@pytest.fixture(autouse=True)
def messages(office: Office) -> Iterator[None]:
    for name, number in (("Ökostrom", KARL), ("Bausparen", ERIKA), ("Festgeld", FIRST)):
        office.register(name, number, external_id=f"m-{number}")
    yield
    change(office, "update callbacks set state = 'dropped'")


def test_the_place_is_kept_and_both_talk(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    make_customer: MakeCustomer,
    ami: Ami,
    asterisk: Asterisk,
) -> None:
    desk, phone = on_duty("anna")
    talking = make_caller(Identity(FIRST), STRAIGHT)
    desk.sees(state="ringing")
    phone.answer()
    desk.sees(state="talking")
    desk.become("paused")
    asks_to_be_called_back(office, make_caller, KARL)
    before = ami.mark
    later = make_caller(Identity(ERIKA), STRAIGHT)
    ami.wait("QueueCallerJoin", since=before)
    joined = ami.mark
    customer = make_customer()
    desk.become("ready")
    place = ami.wait("QueueCallerJoin", since=joined, within=15)
    assert (place.get("Position"), place.get("Queue")) == ("1", "sales")

    talking.hang_up()
    phone.rings(nth=2, within=15)
    desk.sees(state="ringing")
    assert "Ökostrom" in desk.text
    assert "Rückruf" in desk.text
    assert customer.invites == []
    phone.answer()
    customer.rings()
    assert customer.dialled == [KARL]
    desk.shows("abgehoben hat er noch nicht")
    customer.answer()
    desk.shows("Der Kunde hat abgehoben")
    both_talk(customer, phone)
    customer.hang_up()
    phone.rings(nth=3, within=15)
    until(lambda: state_of(office)[:2] == ("done", 1), 5, "it is settled")
    desk.sees(state="ringing")
    assert "Bausparen" in desk.text
    later.hang_up()
    office.at_rest()
    assert KARL[1:] not in office.router.log
    assert KARL[1:] not in asterisk.log


def test_a_customer_who_was_called_back_is_passed_on(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, make_customer: MakeCustomer
) -> None:
    asks_to_be_called_back(office, make_caller, KARL)
    customer = make_customer()
    anna, annas_phone = on_duty("anna")
    annas_phone.rings(within=15)
    annas_phone.answer()
    customer.rings()
    customer.answer()
    anna.shows("Der Kunde hat abgehoben")
    anna.become("paused")
    bert, berts_phone = on_duty("bert")
    since = time.monotonic()
    anna.pass_on("Bert Muster", "Möchte den Tarif wechseln")
    berts_phone.rings()
    card = bert.sees(state="ringing")
    expect(card).to_contain_text("Ökostrom")
    expect(card).to_contain_text("Möchte den Tarif wechseln")
    anna.sees_nothing()
    until(partial(customer.media.first, Sound.RINGING, since), 5, "the customer hears that it rings, not silence")
    berts_phone.answer()
    both_talk(customer, berts_phone)
    berts_phone.hang_up()
    office.at_rest()
    assert customer.sipp.find("BYE", sent=False), "the last agent has hung up, and nobody is left in the line"
    assert office.router.rows("select state from handovers") == [("done",)]
    assert len(customer.invites) == 1


def test_who_does_not_answer_or_is_busy_is_called_again_and_then_left_to_people(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, make_customer: MakeCustomer
) -> None:
    asks_to_be_called_back(office, make_caller, KARL)
    customer = make_customer(declines=NO_ANSWER)
    desk, phone = on_duty("anna")
    for attempt, result, why in ((1, "no_answer", "nicht abgehoben"), (2, "busy", "besetzt"), (3, "busy", "besetzt")):
        phone.rings(nth=attempt, within=15)
        phone.answer()
        expected = ("open" if attempt < 3 else "failed", attempt, result)
        until(lambda expected=expected: state_of(office) == expected, 10, f"attempt {attempt} is over")  # type: ignore[misc]
        until(lambda why=why: why in desk.news, 5, "the desk says why")  # type: ignore[misc]
        desk.sees_nothing()
        if attempt == 1:
            assert customer.dialled == [KARL]
            customer.close()
            customer = make_customer(declines=BUSY, calls=2)
        change(office, "update callbacks set next_try_at = null where state = 'open'")
    assert office.router.rows("select kind, state from work_items where kind = 'callback'") == [("callback", "open")]
    assert customer.dialled == [KARL] * 2
    office.at_rest()


def test_a_number_that_is_not_allowed_any_more_is_never_dialled(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, make_customer: MakeCustomer
) -> None:
    asks_to_be_called_back(office, make_caller, KARL)
    customer = make_customer()
    change(office, "update callbacks set number = '+12125550123' where state = 'open'")
    desk, phone = on_duty("anna")
    until(lambda: state_of(office) == ("failed", 0, "not_allowed"), 15, "it is given up")
    assert customer.invites == []
    assert phone.invites == []
    desk.sees_nothing()


def test_a_router_that_dies_while_it_waits_calls_once(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, make_customer: MakeCustomer, ami: Ami
) -> None:
    asks_to_be_called_back(office, make_caller, KARL)
    customer = make_customer()
    desk, phone = on_duty("anna")
    phone.rings(within=15)
    office.router.kill()
    office.open()
    desk.sees(state="ringing", within=15)
    phone.answer()
    customer.rings()
    office.router.kill()
    office.open()
    customer.answer()
    both_talk(customer, phone)
    until(lambda: state_of(office)[:2] == ("done", 1), 10, "it is settled")
    office.router.kill()
    phone.hang_up()
    until(lambda: customer.sipp.find("BYE", sent=False), 5, "who is not passed on is let go, also without a router")
    office.open()
    office.at_rest()
    assert len(ami.find("QueueCallerJoin")) == 1


def test_a_router_that_dies_in_the_middle_of_a_question_is_followed_by_the_next(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    make_customer: MakeCustomer,
    asterisk: Asterisk,
    ami: Ami,
) -> None:
    """Wherever it begins to ask, which is chosen at random: most of them have died before they say anything."""
    port = claimed_port()
    dies = contextlib.closing(AgiScript(port, lambda _: []))
    asks_to_be_called_back(office, make_caller, KARL)
    customer = make_customer()
    with dies, asterisk.routers(*[port] * 3, asterisk.ports.router_agi):
        _, phone = on_duty("anna")
        phone.rings(within=60)
        phone.answer()
        customer.rings()
        customer.answer()
        both_talk(customer, phone)
        until(lambda: state_of(office)[:2] == ("done", 1), 60, "it is settled")
        phone.hang_up()
        customer.hang_up()
        office.at_rest(60)
    assert customer.dialled == [KARL]
    assert len(ami.find("QueueCallerJoin")) == 1
