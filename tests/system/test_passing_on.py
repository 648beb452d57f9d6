"""An agent passes a caller on: the other agent sees the card with the note before answering, and no caller is lost."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.desk import Desk
from tests.system.harness.media import Sound
from tests.system.harness.office import STRAIGHT, Blueprint, Office
from tests.system.harness.phone import Phone
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

NUMBER = "+4917139200055"
NOTE = "Möchte den Tarif wechseln & bittet um Rückruf"


@pytest.fixture(scope="module")
def company(asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that gives Asterisk its queues, those of single phones among them."""
    with asterisk.queues_lent() as file:
        built = blueprint.build(asterisk, tmp_path_factory.mktemp("office"), ASTERISK_QUEUES_FILE=str(file))
        yield built
        built.close()


def talking(office: Office, desk: Desk, phone: Phone, make_caller: MakeCaller) -> Caller:
    """A caller whom we know talks to the agent."""
    office.register("Ökostrom Weiter", NUMBER, customer={"name": "Wanda Muster"})
    caller = make_caller(Identity(NUMBER), STRAIGHT)
    desk.sees(state="ringing")
    phone.answer()
    desk.sees(state="talking")
    return caller


def states(office: Office) -> list[str]:
    return [row[0] for row in office.router.rows("select state from handovers order by at")]


def test_the_other_agent_and_then_the_queue_see_card_and_note_before_answering(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami
) -> None:
    (anna, annas_phone) = on_duty("anna")
    caller = talking(office, anna, annas_phone, make_caller)
    (bert, berts_phone) = on_duty("bert")
    anna.pass_on("Bert Muster", NOTE)
    berts_phone.rings()
    card = bert.sees(state="ringing")
    assert berts_phone.ringing
    expect(card).to_contain_text("Ökostrom Weiter")
    expect(card).to_contain_text(NOTE)
    expect(card).to_contain_text("Anna Beispiel")
    until(lambda: states(office)[-1] == "under_way", 5, "under way")
    berts_phone.answer()
    bert.sees(state="talking")
    anna.sees_nothing()
    bert.become("paused")
    bert.pass_on("Vertrieb", "Doch ein Neuvertrag")  # to a queue, after the person
    annas_phone.rings(nth=2)
    card = anna.sees(state="ringing")
    expect(card).to_contain_text("Ökostrom Weiter")
    expect(card).to_contain_text("Doch ein Neuvertrag")
    bert.sees_nothing()
    annas_phone.answer()
    anna.sees(state="talking")
    annas_phone.hang_up()
    caller.ended(5)
    office.at_rest()
    assert states(office) == ["done", "done"]


def test_an_agent_who_hangs_up_before_we_end_the_talk_loses_nobody(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller
) -> None:
    (anna, annas_phone) = on_duty("anna")
    caller = talking(office, anna, annas_phone, make_caller)
    (bert, berts_phone) = on_duty("bert")
    wish(office, "bert")
    annas_phone.hang_up()
    berts_phone.rings()
    berts_phone.answer()
    bert.sees(state="talking")
    berts_phone.hang_up()
    caller.ended(5)
    office.at_rest()
    assert states(office)[-1] == "done"


def test_whoever_goes_off_meanwhile_does_not_keep_the_caller_from_the_flow(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller
) -> None:
    (anna, annas_phone) = on_duty("anna")
    caller = talking(office, anna, annas_phone, make_caller)
    (bert, _) = on_duty("bert")
    wish(office, "bert")
    bert.become("off")
    annas_phone.hang_up()
    caller.ended(5)  # as the flow has it for nobody there
    office.at_rest()
    assert states(office)[-1] == "failed"
    (session,) = office.router.rows("select session from calls order by started_at desc limit 1")
    assert "an agent hands over to somebody of queue" in session[0]
    assert "goodbye" in session[0]


@pytest.mark.parametrize(
    ("router", "marked"),
    [("dead", False), ("dead", True), ("hangs", True), ("dies when it is asked", True)],
    ids=["dead, the talk was over", "dead", "hangs", "dies when it is asked"],
)
def test_without_a_router_only_who_was_passed_on_waits_on(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    ami: Ami,
    asterisk: Asterisk,
    router: str,
    marked: bool,
) -> None:
    (anna, annas_phone) = on_duty("anna")
    mark = ami.mark
    caller = talking(office, anna, annas_phone, make_caller)
    channel = ami.wait("AgentConnect", since=mark).get("Channel")
    mark = ami.mark
    if marked:
        wish(office, "bert")
        ami.action("Setvar", Channel=channel, Variable="THREADLINE_HANDOVER", Value="1")
    if router == "dead":
        office.router.kill()
    else:
        office.router.freeze()
    annas_phone.hang_up()
    if router == "dies when it is asked":
        until(lambda: "!AGI!" in asterisk.cli("core show channels concise"), 5, "the router is asked")
        office.router.kill()
    if marked:
        assert ami.wait("QueueCallerJoin", since=mark, within=10).get("Queue") == "default"
        annas_phone.rings(nth=2)  # whoever is there, not the one meant: nobody could say who that is
        since = time.monotonic()
        annas_phone.answer()
        annas_phone.media.speak(5)
        until(partial(caller.media.first, Sound.OTHER, since), 5, "the caller hears somebody")
        annas_phone.hang_up()
    caller.ended(5)
    if not marked:
        assert ami.find("QueueCallerJoin", since=mark) == []
    office.router.thaw()
    office.open()
    office.at_rest()


def test_who_hangs_up_while_being_passed_on_leaves_nothing_behind(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, asterisk: Asterisk
) -> None:
    (anna, annas_phone) = on_duty("anna")
    (bert, berts_phone) = on_duty("bert")
    bert.become("paused")
    for _ in range(2):
        caller = talking(office, anna, annas_phone, make_caller)
        wish(office, "bert")
        with ThreadPoolExecutor() as both:  # in the same moment
            list(both.map(lambda hang_up: hang_up(), (annas_phone.hang_up, caller.hang_up)))
        office.at_rest()
        assert states(office)[-1] == "failed"
    caller = talking(office, anna, annas_phone, make_caller)
    bert.become("ready")
    wish(office, "bert")
    annas_phone.hang_up()
    berts_phone.rings()
    bert.sees(state="ringing")
    caller.hang_up()
    berts_phone.stops_ringing()
    bert.sees_nothing()
    office.at_rest()
    assert states(office)[-1] == "failed"
    assert "0 active channels" in asterisk.cli("core show channels count")


def wish(office: Office, login: str) -> None:
    """What the router stores first when somebody passes a call on."""
    ((call_id, person_id),) = office.router.rows(
        "select calls.id, people.id from calls, people where people.login = ? order by calls.started_at desc limit 1",
        login,
    )
    ((sender,),) = office.router.rows("select person_id from cards where call_id = ?", call_id)
    with sqlite3.connect(office.router.directory / "threadline.db", timeout=60) as database:
        database.execute(
            "insert into handovers (id, call_id, from_person_id, to_person_id, note, state, at)"
            " values (?, ?, ?, ?, '', 'asked', ?)",
            (secrets.token_hex(16), call_id, sender, person_id, datetime.now(UTC).replace(tzinfo=None).isoformat(" ")),
        )
    database.close()
