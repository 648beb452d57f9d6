"""A page that was reloaded or lost the network shows what happened meanwhile, and never what is over."""

from __future__ import annotations

import pytest

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.caller import Identity
from tests.system.harness.office import STRAIGHT, Office

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

KARL, ERIKA = "+4917139200061", "+4917139200062"


@pytest.fixture(autouse=True)
def messages(office: Office) -> None:
    office.register("Ökostrom", KARL, external_id="m-karl")
    office.register("Bausparen", ERIKA, external_id="m-erika")


def test_a_reload_shows_the_call_at_every_stage(office: Office, on_duty: OnDuty, make_caller: MakeCaller) -> None:
    desk, phone = on_duty("anna")
    caller = make_caller(Identity(KARL), STRAIGHT)
    desk.sees(state="ringing")
    desk.page.reload()
    desk.sees(state="ringing")
    assert "Ökostrom" in desk.text
    phone.answer()
    desk.sees(state="talking")
    desk.page.reload()
    desk.sees(state="talking")
    assert "Ökostrom" in desk.text
    caller.hang_up()
    desk.sees_nothing()
    desk.page.reload()
    desk.is_live()
    desk.page.locator("#cards .idle .big").wait_for()
    desk.sees_nothing()


def test_a_call_that_came_while_the_network_was_away(office: Office, on_duty: OnDuty, make_caller: MakeCaller) -> None:
    desk, phone = on_duty("anna")
    desk.offline()
    desk.page.locator("#connection[data-state=reconnecting]").wait_for()
    make_caller(Identity(KARL), STRAIGHT)
    phone.rings()
    desk.offline(False)
    desk.sees(state="ringing", within=5)
    assert "Ökostrom" in desk.text


def test_a_call_that_went_and_another_that_came_while_the_network_was_away(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller
) -> None:
    """The first caller's card is marked as old meanwhile, and is gone when the second's is there."""
    desk, phone = on_duty("anna")
    first = make_caller(Identity(KARL), STRAIGHT)
    desk.sees(state="ringing")
    desk.offline()
    desk.page.locator("#stale").wait_for()
    first.hang_up()
    phone.stops_ringing()
    office.at_rest()
    make_caller(Identity(ERIKA), STRAIGHT)
    phone.rings(nth=2)
    phone.answer()
    desk.offline(False)
    desk.sees(state="talking", within=5)
    assert "Bausparen" in desk.text
    assert "Ökostrom" not in desk.text
    desk.page.locator("#stale").wait_for(state="hidden")


def test_nothing_is_missed_while_the_router_restarts(office: Office, on_duty: OnDuty, make_caller: MakeCaller) -> None:
    desk, phone = on_duty("anna")
    first = make_caller(Identity(KARL), STRAIGHT)
    desk.sees(state="ringing")
    phone.answer()
    desk.sees(state="talking")
    office.close()
    desk.page.locator("#stale").wait_for()
    first.hang_up()
    office.open()
    desk.sees_nothing()
    desk.is_live()
    office.at_rest()
    make_caller(Identity(ERIKA), STRAIGHT)
    desk.sees(state="ringing")
    assert "Bausparen" in desk.text
