"""A withheld number that the network delivers all the same: never used, shown or written down. The code counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.desk import Desk
from tests.system.harness.office import HOTLINE, QUICK, Office
from tests.system.harness.stream import EventStream
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

NOT_ON_FILE = "+4915550123456"
ON_FILE = "+4917139200042"


def traces(number: str, desk: Desk, stream: EventStream, office: Office, asterisk: Asterisk, ami: Ami) -> list[str]:
    """Where a number can be found, in whatever spelling: its last eight digits are always together."""
    digits = number[-8:]
    places = {
        "page": desk.page.content(),
        "event stream": stream.text,
        "router's log": office.router.log,
        "Asterisk's files": asterisk.everything_written(),
        "AMI events": str([event.headers for event in ami.events]),
    }
    found = [place for place, text in places.items() if digits in text]
    for file in office.router.directory.glob("threadline.db*"):
        if digits.encode() in file.read_bytes():
            found.append(file.name)
    return found


def test_it_is_nowhere_to_be_found(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, asterisk: Asterisk, ami: Ami
) -> None:
    desk, phone = on_duty("anna")
    with EventStream(office.router.url, desk.cookie()) as stream:
        caller = make_caller(Identity.withheld(NOT_ON_FILE), QUICK)
        caller.hears()
        caller.press("#")
        card = desk.sees(state="ringing", label="unknown")
        assert "unterdrückt" in card.inner_text()
        stream.says("ringing")
        assert traces(NOT_ON_FILE, desk, stream, office, asterisk, ami) == []
        phone.answer()
        desk.sees(state="talking")
        phone.hang_up()
        desk.sees_nothing()
        office.at_rest()
        stream.says("gone")
        assert traces(NOT_ON_FILE, desk, stream, office, asterisk, ami) == []
    assert NOT_ON_FILE[-8:] not in phone.invites[-1].text
    assert office.router.rows("select caller, withheld from calls order by started_at desc limit 1") == [(None, 1)]


def test_a_number_on_file_does_not_count_but_the_code_does(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, asterisk: Asterisk, ami: Ami
) -> None:
    code = office.register("Bausparen Plus", ON_FILE, customer={"name": "Vera Beispiel"})["callback_code"]
    desk, _ = on_duty("anna")
    with EventStream(office.router.url, desk.cookie()) as stream:
        without = make_caller(Identity.withheld(ON_FILE), QUICK)
        without.hears()
        without.press("#")
        card = desk.sees(state="ringing", label="unknown")
        assert "Bausparen" not in card.inner_text()
        without.hang_up()
        desk.sees_nothing()

        with_code = make_caller(Identity.withheld(ON_FILE), HOTLINE)
        with_code.hears()
        with_code.press(code)
        card = desk.sees(state="ringing", label="verified", within=20)
        expect(card.locator(".offer .title")).to_have_text("Bausparen Plus")
        expect(card.locator(".who .name")).to_have_text("Vera Beispiel")
        assert card.locator(".why li.for").count() == 1
        # On file it is where it was registered, and that is the only place.
        found = traces(ON_FILE, desk, stream, office, asterisk, ami)
        assert [place for place in found if not place.startswith("threadline.db")] == []
        assert code not in office.router.log + asterisk.everything_written()
    ended, running = office.router.rows("select caller, withheld, message_id from calls order by started_at")[-2:]
    assert ended == (None, 1, None)
    assert running[:2] == (None, 1)
    assert running[2] is not None


@pytest.mark.parametrize(
    ("identity", "attestation"),
    [
        (Identity(ON_FILE, asserted=ON_FILE, verstat="TN-Validation-Passed-A"), "full"),
        (Identity(ON_FILE, asserted=ON_FILE, verstat="No-TN-Validation"), None),
        (Identity("anonymous", asserted=ON_FILE, privacy="id", verstat="TN-Validation-Passed-A"), None),
    ],
)
def test_what_the_network_found_out_about_a_number_reaches_the_router_unless_it_is_withheld(
    office: Office, make_caller: MakeCaller, identity: Identity, attestation: str | None
) -> None:
    make_caller(identity, QUICK)

    def session() -> dict[str, Any] | None:
        rows = office.router.rows("select session from calls where state != 'ended'")
        return json.loads(rows[0][0]) if rows else None

    told = until(session, 10, "call of the router")
    assert told["caller"]["attestation"] == attestation
    assert told["trunk"] == "PJSIP/trunk"
