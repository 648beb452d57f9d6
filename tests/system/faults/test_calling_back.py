"""The router hangs while it is asked about a callback: nobody is left in silence, and nobody is called twice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.faults.conftest import Report
from tests.system.faults.table import Row
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
from tests.system.harness.figures import Figures
from tests.system.harness.media import Sound
from tests.system.harness.office import CALLING_BACK, Blueprint, Office
from tests.system.harness.phone import Ringing
from tests.system.harness.waiting import claimed_port, until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

KARL = "+4917139200061"
SECONDS_OF_SILENCE = 8.0


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


def is_let_go(phone: Ringing, since: float) -> float:
    """Waits until Asterisk ends the call of a telephone; the seconds since then."""
    bye = until(lambda: next(iter(phone.sipp.find("BYE", sent=False)), None), 60, f"phone {phone.number} is let go")
    return bye.at - since


def test_hangs_while_it_asks_whether_to_call_back(
    office: Office, make_caller: MakeCaller, ami: Ami, figures: Figures, report: Report
) -> None:
    caller = make_caller(Identity(KARL), CALLING_BACK)
    asking = until(lambda: caller.media.first(Sound.OTHER), 20, "the question is heard")
    mark = ami.mark
    office.router.freeze()
    joined = ami.wait("QueueCallerJoin", within=60, since=mark)
    assert joined.get("Queue") == "default"
    ringing = until(lambda: caller.media.first(Sound.RINGING, asking), 10, "the ring tone is heard")
    silence = caller.media.longest_silence(asking, ringing)
    figures.add("frozen while it offers a callback: longest silence", silence)
    assert silence <= SECONDS_OF_SILENCE, caller.media.summary(asking)
    office.router.thaw()
    caller.hang_up()
    office.at_rest()
    told = f"at most {silence:.1f} s of silence, then the default queue's ring tone"
    report(Row("router hangs while it offers a callback", told, "as in a menu", "what the caller keyed in", "at once"))


def test_hangs_when_it_is_asked_whom_to_dial_and_again_when_the_talk_is_over(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    make_customer: MakeCustomer,
    figures: Figures,
    report: Report,
) -> None:
    asks_to_be_called_back(office, make_caller, KARL)
    customer = make_customer()
    _, phone = on_duty("anna")
    phone.rings(within=60)
    office.router.freeze()
    agent = is_let_go(phone, phone.answer())
    figures.add("frozen when asked whom to dial: the agent is let go", agent)
    assert agent <= SECONDS_OF_SILENCE
    assert customer.invites == []
    office.router.thaw()
    until(lambda: state_of(office)[0] == "open", 60, "it is open again")
    office.at_rest(60)

    change(office, "update callbacks set next_try_at = null where state = 'open'")
    phone.rings(within=60, nth=2)
    phone.answer()
    customer.rings(60)
    customer.answer()
    both_talk(customer, phone)
    until(lambda: state_of(office)[0] == "done", 60, "it is settled")
    office.router.freeze()
    phone.hang_up()
    ended = is_let_go(customer, time.monotonic())
    figures.add("frozen when the talk is over: the customer is let go", ended)
    assert ended <= SECONDS_OF_SILENCE
    office.router.thaw()
    office.at_rest(60)
    assert customer.dialled == [KARL]
    report(
        Row(
            "router hangs in a callback's question: whom to dial, and whether the customer is passed on",
            f"nothing, nobody is called; after the talk {ended:.1f} s of silence, then the line is free",
            f"after they have answered {agent:.1f} s of silence, then the line is free; it rings again later",
            "nothing; the customer is called once",
            "at once",
        )
    )


def test_a_customer_who_is_passed_on_while_it_hangs_is_with_people(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    make_customer: MakeCustomer,
    asterisk: Asterisk,
    ami: Ami,
    figures: Figures,
    report: Report,
) -> None:
    """What hangs is the router that is asked where to; the one that the agent told is another."""
    asks_to_be_called_back(office, make_caller, KARL)
    customer = make_customer()
    anna, phone = on_duty("anna")
    phone.rings(within=60)
    phone.answer()
    customer.rings(60)
    customer.answer()
    both_talk(customer, phone)
    until(lambda: state_of(office)[0] == "done", 60, "it is settled")
    anna.become("paused")
    bert, berts_phone = on_duty("bert")
    port = claimed_port()
    mark = ami.mark
    with contextlib.closing(AgiScript(port, lambda _: [], holds=True)) as hangs, asterisk.routers(port):
        anna.pass_on("Bert Muster", "Möchte den Tarif wechseln")
        hangs.wait_for(1, within=60)
        asked = time.monotonic()
        ami.wait("QueueCallerJoin", within=60, since=mark)
        ringing = until(lambda: customer.media.first(Sound.RINGING, asked), 10, "the customer hears that it rings")
        silence = customer.media.longest_silence(asked, ringing)
        figures.add("frozen when a customer is passed on: longest silence", silence)
        assert silence <= SECONDS_OF_SILENCE, customer.media.summary(asked)
        berts_phone.rings(within=60)
        berts_phone.answer()
        both_talk(customer, berts_phone)
        berts_phone.hang_up()
        is_let_go(customer, asked)
    bert.sees_nothing()
    office.at_rest(60)
    assert customer.dialled == [KARL]
    report(
        Row(
            "router hangs while a customer who was called back is passed on",
            f"at most {silence:.1f} s of silence, then the default queue's ring tone",
            "as when a router hangs in a menu",
            "to whom they were passed on",
            "at once",
        )
    )
