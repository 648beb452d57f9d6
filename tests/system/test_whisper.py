"""What the agent is told before the two are connected: the agent hears it, the caller does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.media import Sound
from tests.system.harness.office import WHISPERING, Office
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

STRANGER, CUSTOMER = Identity("+493055501777"), Identity("+4917139200081")


def test_the_agent_hears_the_whisper_and_the_caller_does_not(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami
) -> None:
    ends = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    office.register("Sommer", CUSTOMER.number, offer={"title": "Sommer", "queue": "sales", "valid_until": ends})
    desk, phone = on_duty("anna")
    caller = make_caller(CUSTOMER, WHISPERING)
    desk.sees(state="ringing", label="possible")
    phone.rings()
    answered = phone.answer()
    began = until(lambda: phone.media.first(Sound.OTHER, answered), 10, "the agent hears the whisper", every=0.05)
    connected = ami.wait("AgentConnect", within=20).at
    assert connected - began > 1.5, "the whisper was heard to its end before the two were connected"
    assert caller.media.first(Sound.OTHER, answered) is None, caller.media.summary(answered)
    phone.media.speak(5)
    until(lambda: caller.media.first(Sound.OTHER, connected), 5, "the caller hears the agent", every=0.05)
    phone.hang_up()
    caller.ended(5)
    office.at_rest()
    assert "Sommer" not in office.router.log


@pytest.fixture
def by_skill(asterisk: Asterisk) -> Iterator[None]:
    """A context of the operator's own, in which callers who need gas go to another queue."""
    file = asterisk.directory / "etc" / "extensions_custom.conf"
    before = file.read_text() if file.exists() else ""
    lines = ["[threadline-skills]", 'exten => s,1,GotoIf($["${THREADLINE_SKILLS}" != "gas&en"]?done)']
    lines += [" same => n,Set(THREADLINE_QUEUE=service)", " same => n(done),Return()", ""]
    file.write_text(before + "\n".join(lines))
    asterisk.cli("dialplan reload")
    yield
    file.write_text(before)
    asterisk.cli("dialplan reload")


@pytest.mark.usefixtures("by_skill")
def test_an_operators_own_context_may_go_by_skills(office: Office, make_caller: MakeCaller, ami: Ami) -> None:
    since = time.monotonic()
    make_caller(STRANGER, WHISPERING)
    joined = ami.wait("QueueCallerJoin", within=15)
    assert joined.at > since
    assert joined.get("Queue") == "service"
