"""A caller who hangs up, at whatever point: afterwards nothing of the call is open."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.office import EVERY_STEP, STRAIGHT, Office
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

STRANGER = Identity("+493055501999")


class Caught:
    """A call of `EVERY_STEP`, led to where it is to end."""

    def __init__(self, office: Office, asterisk: Asterisk, ami: Ami, caller: Caller) -> None:
        self._office = office
        self._asterisk = asterisk
        self._ami = ami
        self.caller = caller

    def chooses(self, key: str, leads_to: str) -> float:
        """Presses a key of the menu, once it is heard; the moment at which the flow has got to the step."""
        self.hears_prompt()
        self.caller.press(key)
        return self.is_at(leads_to)

    def is_at(self, step: str) -> float:
        query = "select 1 from calls where ended_at is null and json_extract(session, '$.step') = ?"
        until(lambda: self._office.router.rows(query, step), 10, f"the call at step {step}", every=0.02)
        return time.monotonic()

    def hears_prompt(self, since: float = 0.0) -> None:
        self.caller.hears(since)

    def hears_its_end(self, since: float = 0.0) -> None:
        self.caller.hears_the_end(since)

    def keys_in_half_a_code(self) -> None:
        self.hears_prompt(self.chooses("1", "ask_code"))
        self.caller.press("123")
        until(lambda: not self.caller.media.keying, 5, "three digits are keyed in")

    def waits_in_queue(self) -> None:
        self.chooses("3", "connect")
        self._ami.wait("QueueCallerJoin", Queue="default")

    def is_recorded(self) -> None:
        self.chooses("4", "leave_message")
        until(lambda: any(self._asterisk.recordings.glob("*.wav")), 10, "the recording has begun", every=0.02)

    def hears_goodbye(self) -> None:
        self.hears_prompt()
        self.caller.press("5")
        query = "select outcome, json_extract(session, '$.step') from calls order by started_at desc limit 1"
        at_its_end = [("finished", "goodbye")]
        until(lambda: self._office.router.rows(query) == at_its_end, 10, "the flow at its end", every=0.02)
        self.hears_prompt(time.monotonic())


PLACES: dict[str, Callable[[Caught], None]] = {
    "as soon as it is answered": lambda call: None,
    "in the menu's prompt": lambda call: call.hears_prompt(),
    "waiting in the menu": lambda call: call.hears_its_end(),
    "in the prompt for digits": lambda call: call.hears_prompt(call.chooses("1", "ask_code")),
    "waiting for digits": lambda call: call.hears_its_end(call.chooses("1", "ask_code")),
    "between digits": lambda call: call.keys_in_half_a_code(),
    "in what is said": lambda call: call.hears_prompt(call.chooses("2", "connect")),
    "in the prompt before a queue": lambda call: call.hears_prompt(call.chooses("3", "connect")),
    "in the queue": lambda call: call.waits_in_queue(),
    "in the voicemail's prompt": lambda call: call.hears_prompt(call.chooses("4", "leave_message")),
    "leaving a message": lambda call: call.is_recorded(),
    "in the last words": lambda call: call.hears_goodbye(),
}


@pytest.fixture(autouse=True)
def afresh(office: Office, asterisk: Asterisk) -> None:
    """Nothing is open, and no recording there, from the test before."""
    for recording in asterisk.recordings.glob("*.wav"):
        recording.unlink()
    office.at_rest()


@pytest.mark.parametrize("place", PLACES)
def test_hanging_up_leaves_nothing_open(
    office: Office, make_caller: MakeCaller, asterisk: Asterisk, ami: Ami, place: str
) -> None:
    before = office.tasks
    caller = make_caller(STRANGER, EVERY_STEP)
    PLACES[place](Caught(office, asterisk, ami, caller))
    assert caller.up, "the call was over before the caller hung up"
    caller.hang_up()
    until(lambda: "0 active channels" in asterisk.cli("core show channels count"), 5, "no channel", every=0.05)
    office.at_rest(within=5)
    until(lambda: office.tasks <= before, 5, f"tasks back at {before:g}", every=0.05)
    waiting = [event for event in ami.action("QueueStatus") if event.name == "QueueEntry"]
    assert waiting == []


def test_hanging_up_while_it_rings_and_while_talking_leaves_nothing_open(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller
) -> None:
    desk, phone = on_duty("anna")
    before = office.tasks
    ringing = make_caller(STRANGER, STRAIGHT)
    desk.sees(state="ringing")
    ringing.hang_up()
    desk.sees_nothing()
    office.at_rest(within=5)

    talking = make_caller(STRANGER, STRAIGHT)
    phone.rings(nth=2)
    phone.answer()
    desk.sees(state="talking")
    talking.hang_up()
    desk.sees_nothing()
    office.at_rest(within=5)
    until(lambda: office.tasks <= before, 5, f"tasks back at {before:g}", every=0.05)
    assert set(office.router.rows("select outcome from calls where service_number = ?", STRAIGHT)) == {("left_queue",)}
