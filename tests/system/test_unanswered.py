"""Nobody answers in the queue: the call comes back from there, and the flow goes on with it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.media import Sound
from tests.system.harness.office import UNANSWERED, Blueprint, Office
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]


@pytest.fixture(scope="module")
def company(asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A router that finds what Asterisk has recorded."""
    directory = tmp_path_factory.mktemp("office")
    built = blueprint.build(asterisk, directory, VOICEMAILS=str(asterisk.recordings))
    yield built
    built.close()


def test_the_next_queue_rings_the_same_phone_and_then_the_caller_leaves_a_message(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami, asterisk: Asterisk
) -> None:
    office.register("Ökostrom", "+4917139200088", customer={"name": "Karl Muster"})
    desk, phone = on_duty("anna")
    caller = make_caller(Identity("+4917139200088"), UNANSWERED)
    desk.sees(state="ringing")
    ami.wait("QueueCallerAbandon", Queue="sales")
    phone.stops_ringing()
    desk.sees_nothing()
    desk.sees_for_the(2, within=15)
    phone.rings(nth=2)
    assert {seen.state for seen in desk.seen} == {"ringing"}
    assert [event.get("Queue") for event in ami.find("QueueCallerJoin")] == ["sales", "default"]

    ami.wait("QueueCallerAbandon", Queue="default")
    desk.sees_nothing()
    asked = time.monotonic()
    until(lambda: list(asterisk.recordings.glob("*.wav")), 15, "the recording has begun", every=0.05)
    assert caller.media.first(Sound.OTHER, asked), "no prompt was heard before it"
    caller.media.speak(2)
    caller.ended(20)
    assert caller.ended_by_far_side
    office.at_rest()
    (seconds, recording), *more = office.router.rows("select seconds, recording from voicemails")
    assert more == []
    assert 2 <= seconds < 10
    assert (asterisk.recordings / recording).stat().st_size > 2 * 16000 * 0.9
    ((outcome,),) = office.router.rows("select outcome from calls")
    assert outcome == "finished"

    page = desk.context.new_page()  # what was said is played from the list of work
    page.goto(f"{desk.url}/desk/work")
    page.get_by_role("link", name="Nachricht auf dem Anrufbeantworter").click()
    audio = page.locator("audio")
    audio.evaluate("audio => audio.play()")
    expect(audio).to_have_js_property("ended", True, timeout=20_000)
    assert audio.evaluate("audio => audio.duration") == pytest.approx(seconds, abs=0.5)
