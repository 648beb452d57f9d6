"""A caller whose number is on file: the card with the right message is there before anybody picks up."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.caller import Identity
from tests.system.harness.media import Sound
from tests.system.harness.office import HOTLINE, QUICK, Office
from tests.system.harness.waiting import until

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


@pytest.fixture
def two_open_messages(office: Office) -> dict[str, str]:
    """To one number, their references alike in the last two digits, so that the hotline asks for three: the callback
    codes by title."""
    customer = {"external_id": "c-erika", "name": "Erika Muster"}
    return {
        title: office.register(title, "030 23125 017", customer=customer, reference=reference)["callback_code"]
        for title, reference in (("Ökostrom Fix 24", "ST-2041-139"), ("Erdgas Komfort", "GA-2041-239"))
    }


@pytest.mark.parametrize("dials_code", [False, True], ids=["three keys", "a code out of a tel link"])
def test_a_short_question_tells_which_of_two_open_messages_it_is(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, two_open_messages: dict[str, str], dials_code: bool
) -> None:
    desk, phone = on_duty("anna")
    caller = make_caller(Identity("+493023125017"), HOTLINE)
    until(lambda: caller.media.first(Sound.OTHER), 20, "the question is heard")
    caller.press(two_open_messages["Erdgas Komfort"] if dials_code else "239")
    card = desk.sees(state="ringing", label="verified" if dials_code else "possible", within=30)
    assert phone.ringing
    expect(card.locator(".offer .title")).to_have_text("Erdgas Komfort")
    expect(card.locator(".who .name")).to_contain_text("Erika Muster")
    (steps,) = office.router.rows("select session from calls order by started_at desc limit 1")
    assert "asks for the last 3 digits" in steps[0]
    assert "asks for the code" not in steps[0]
