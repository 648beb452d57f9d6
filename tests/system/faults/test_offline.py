"""The agent's browser loses the network: what comes and goes meanwhile is shown as it is afterwards, and what was typed
is kept and sent."""

from __future__ import annotations

import time

import pytest

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.faults.conftest import Report
from tests.system.faults.table import Row, often
from tests.system.harness.caller import Identity
from tests.system.harness.desk import Desk
from tests.system.harness.office import STRAIGHT, Office
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

KARL, ERIKA = "+4917139200063", "+4917139200064"
NOTE = "Ruft morgen noch einmal an"


def lose_the_network(desk: Desk) -> None:
    desk.offline()
    desk.page.locator("#stale").wait_for(timeout=60_000)


def test_a_browser_that_is_offline(office: Office, on_duty: OnDuty, make_caller: MakeCaller, report: Report) -> None:
    seconds = often(2, 90)  # after 120 s she would be paused
    office.register("Ökostrom", KARL, external_id="m-offline-karl")
    office.register("Bausparen", ERIKA, external_id="m-offline-erika")
    desk, phone = on_duty("anna")
    first = make_caller(Identity(KARL), STRAIGHT)
    desk.sees(state="ringing", within=60)
    phone.answer()
    desk.sees(state="talking", within=60)

    lose_the_network(desk)
    note = desk.page.locator("form[data-autosave] textarea").first
    note.fill(NOTE)
    desk.page.wait_for_timeout(seconds * 1000)
    assert office.router.rows("SELECT text FROM notes") == []
    desk.offline(False)
    online = time.monotonic()
    desk.is_live(within=60)
    live = time.monotonic() - online
    until(lambda: office.router.rows("SELECT text FROM notes") == [(NOTE,)], 60, "the note is stored", every=0.05)
    sent = time.monotonic() - online
    assert note.input_value() == NOTE

    lose_the_network(desk)
    first.hang_up()
    office.at_rest(60)
    second = make_caller(Identity(ERIKA), STRAIGHT)
    phone.rings(nth=2)
    assert "Ökostrom" in desk.text, "the card stays, said to be of before"
    desk.offline(False)
    desk.sees(state="ringing", within=60)
    desk.page.locator("#stale").wait_for(state="hidden", timeout=60_000)
    assert "Bausparen" in desk.text
    assert "Ökostrom" not in desk.text and NOTE not in desk.text
    second.hang_up()
    desk.sees_nothing(within=60)
    office.at_rest(60)
    report(
        Row(
            f"an agent's browser offline, twice, for {seconds} s",
            "nothing: the phone rings as ever",
            "*connection lost*, and the card as one of before; then as it is: the one that came, not the one that went",
            "nothing: a note typed meanwhile is kept, and stored "
            f"{sent:.1f} s after the network is there, without a click",
            f"{live:.1f} s after the network is there",
        )
    )
