"""The router dies, is not there, or hangs: the caller is with people all the same, and no card says what is not so."""

from __future__ import annotations

import time

import pytest

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.faults.conftest import Report
from tests.system.faults.table import Row
from tests.system.harness.ami import Ami
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.desk import Desk
from tests.system.harness.figures import Figures
from tests.system.harness.media import Sound
from tests.system.harness.office import MENU, STRAIGHT, Office
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

STRANGER = Identity("+493055501999")
KNOWN = "+4917139200055"
UNAVAILABLE = "*connection lost* meanwhile, then *router unavailable*"
SECONDS_AFTER_CRASH = 3.0
SECONDS_OF_SILENCE = 8.0


def hears(caller: Caller, sound: Sound, since: float, within: float) -> float:
    try:
        return until(lambda: caller.media.first(sound, since), within, f"caller hears {sound.value}")
    except TimeoutError as error:
        raise TimeoutError(f"{error}; heard {caller.media.summary(since)}") from None


def row(fault: str, caller: str, agent: str, normal: str) -> Row:
    return Row(fault, caller, agent, "nothing acknowledged; what the caller keyed in", normal)


def in_default_queue(ami: Ami, mark: int, within: float) -> float:
    joined = ami.wait("QueueCallerJoin", within=within, since=mark)
    assert joined.get("Queue") == "default"
    return joined.at


def is_unavailable(desk: Desk) -> None:
    """The card says that nothing is known, and nothing else."""
    card = desk.sees(label="unavailable")
    assert card.locator(".who, .offer, .message, .candidates, .why").count() == 0
    assert "Router nicht erreichbar" in card.inner_text()


def ended_with_the_caller(office: Office, caller: Caller, desk: Desk) -> None:
    """Nothing of the call is left once the caller is gone."""
    caller.hang_up()
    desk.sees_nothing()
    office.at_rest()


def test_killed_while_a_prompt_plays(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami, figures: Figures, report: Report
) -> None:
    desk, phone = on_duty("anna")
    caller = make_caller(STRANGER, MENU)
    hears(caller, Sound.OTHER, 0, 10)
    mark, killed = ami.mark, time.monotonic()
    office.router.kill()

    joined = in_default_queue(ami, mark, 20) - killed
    ringing = hears(caller, Sound.RINGING, killed, 5) - killed
    figures.add("killed in a prompt: in the default queue", joined)
    figures.add("killed in a prompt: ring tone heard", ringing)
    assert ringing < SECONDS_AFTER_CRASH, caller.media.summary(killed)
    phone.rings()

    # Back again, the router finds a phone that rings for a call it knows, and knows nothing of how it got there.
    begun = time.monotonic()
    office.open()
    is_unavailable(desk)
    back = time.monotonic() - begun
    phone.answer()
    desk.sees(state="talking", label="unavailable")
    ended_with_the_caller(office, caller, desk)
    told = f"the default queue's ring tone after {ringing:.1f} s"
    report(row("router killed while a prompt plays", told, UNAVAILABLE, f"{back:.1f} s after its start"))


def test_killed_while_a_card_is_on_the_desk(office: Office, on_duty: OnDuty, make_caller: MakeCaller) -> None:
    office.register("Gaspreisgarantie", KNOWN)
    desk, phone = on_duty("anna")
    caller = make_caller(Identity(KNOWN), STRAIGHT)
    desk.sees(state="ringing", label="possible")
    office.router.kill()
    desk.page.locator("#stale").wait_for()
    phone.answer()
    office.open()
    desk.sees(state="talking", label="possible")
    desk.page.locator("#stale").wait_for(state="hidden")
    assert "Gaspreisgarantie" in desk.text
    ended_with_the_caller(office, caller, desk)


def test_down_before_the_call(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami, figures: Figures, report: Report
) -> None:
    desk, phone = on_duty("anna")
    office.router.kill()
    mark, dialled = ami.mark, time.monotonic()
    caller = make_caller(STRANGER, MENU)
    joined = in_default_queue(ami, mark, 10) - dialled
    ringing = hears(caller, Sound.RINGING, dialled, 5) - dialled
    figures.add("down before the call: in the default queue", joined)
    figures.add("down before the call: ring tone heard", ringing)
    assert ringing < SECONDS_AFTER_CRASH
    phone.rings()

    office.open()
    desk.is_live()
    is_unavailable(desk)
    ended_with_the_caller(office, caller, desk)
    told = f"the default queue's ring tone after {ringing:.1f} s"
    report(row("router not there", told, UNAVAILABLE, "with its start"))


@pytest.mark.parametrize("keys", [pytest.param("", id="no key"), pytest.param("1", id="a key at once")])
def test_frozen_in_the_middle_of_a_menu(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    ami: Ami,
    figures: Figures,
    report: Report,
    keys: str,
) -> None:
    """Whether the caller listens to the end or answers at once, and nobody is there to hear it."""
    desk, phone = on_duty("anna")
    caller = make_caller(STRANGER, MENU)
    asking = hears(caller, Sound.OTHER, 0, 10)
    mark = ami.mark
    office.router.freeze()
    caller.press(keys)

    in_default_queue(ami, mark, 40)
    ringing = hears(caller, Sound.RINGING, asking, 5)
    silence = caller.media.longest_silence(asking, ringing)
    figures.add(f"frozen in a menu{', key pressed' if keys else ''}: longest silence", silence)
    assert silence <= SECONDS_OF_SILENCE, caller.media.summary(asking)
    phone.rings()

    thawed = time.monotonic()
    office.router.thaw()
    is_unavailable(desk)
    back = time.monotonic() - thawed
    ended_with_the_caller(office, caller, desk)
    name = f"router hangs in a menu{', a key is pressed' if keys else ''}"
    told = f"at most {silence:.1f} s of silence, then the default queue's ring tone"
    report(row(name, told, UNAVAILABLE, f"{back:.1f} s after it goes on"))


def test_frozen_before_the_call(
    office: Office, make_caller: MakeCaller, ami: Ami, figures: Figures, report: Report
) -> None:
    office.router.freeze()
    mark = ami.mark
    caller = make_caller(STRANGER, MENU)
    answered = time.monotonic()
    in_default_queue(ami, mark, 12)
    ringing = hears(caller, Sound.RINGING, answered, 5)
    figures.add("frozen before the call: silence", ringing - answered)
    assert ringing - answered <= SECONDS_OF_SILENCE
    office.router.thaw()
    caller.hang_up()
    office.at_rest()
    told = f"{ringing - answered:.1f} s of silence, then the default queue's ring tone"
    report(row("router hangs before the call", told, UNAVAILABLE, "at once"))
