"""A caller whose number is on file: the card with the right message is there before anybody picks up."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.caller import Identity
from tests.system.harness.office import QUICK, Office

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

SPELLINGS = [
    # as registered, as the trunk delivers it
    ("030 23125 011", "+493023125011"),
    ("030/23125-012", "00493023125012"),
    ("+49 30 23125013", "030/23125013"),
    ("+49 (0)30 / 23125 014", "03023125014"),
    ("0049/30/23125015", "+49/30/23125015"),
    ("+493023125016", "+49(30)23125016"),
]


@pytest.mark.parametrize(("registered", "delivered"), SPELLINGS)
def test_the_right_message_is_shown_while_the_phone_rings(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, registered: str, delivered: str
) -> None:
    ours = registered.replace(" ", "")[-2:]
    office.register(f"Ökostrom Tarif {ours}", registered, customer={"name": f"Erika Muster {ours}"})
    desk, phone = on_duty("anna")
    make_caller(Identity(delivered), QUICK)
    card = desk.sees(state="ringing", label="possible")
    assert phone.ringing, "the card came only after the phone was answered"
    expect(card.locator(".offer .title")).to_have_text(f"Ökostrom Tarif {ours}")
    expect(card.locator(".who .name")).to_contain_text(f"Erika Muster {ours}")
    expect(card.locator(".message blockquote")).to_have_text(f"Ihr Angebot: Ökostrom Tarif {ours}")
    expect(card.locator(".check-first")).to_be_visible()
    phone.answer()
    desk.sees(state="talking", label="possible")
