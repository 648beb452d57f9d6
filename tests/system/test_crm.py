"""A CRM beside whole calls: phone, card and posts are about the same call, and who gave up is left to be called."""

from __future__ import annotations

import base64
import hmac
import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.office import PEOPLE, STRAIGHT, Blueprint, Office
from tests.system.harness.router import PROJECT
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

KEY = b"k" * 32
NUMBER, ANOTHER = "+4917139200071", "+4917139200072"
STRANGE = "c/12 ä?&x=#"
"""A customer's number that must not change where the link leads."""


class Crm:
    """The receiver's process, and what was posted to it."""

    def __init__(self, told: Path) -> None:
        self._told = told
        receiver = PROJECT / "tests" / "calls" / "crm_receiver.py"
        with told.open("wb") as out:
            self._process = subprocess.Popen([sys.executable, str(receiver), "ok"], stdout=out)
        self.address = f"http://127.0.0.1:{until(self._lines, 10, 'the CRM listens', every=0.05)[0]}/told"

    def _lines(self) -> list[str]:
        return self._told.read_text().splitlines()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def events(self, call_id: str, number: int) -> list[dict[str, Any]]:
        """What was told of the call, once there is so much of it; every post is signed."""
        return until(lambda: found if len(found := self._of(call_id)) >= number else None, 10, "the CRM is told")

    def _of(self, call_id: str) -> list[dict[str, Any]]:
        found = []
        for line in self._lines()[1:]:
            post = json.loads(line)
            headers, body = post["headers"], post["body"]
            content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
            signature = base64.b64encode(hmac.digest(KEY, content, sha256)).decode()
            assert headers["webhook-signature"] == f"v1,{signature}"
            found.append(json.loads(body))
        return [event for event in found if event["callId"] == call_id]


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crm]:
    running = Crm(tmp_path_factory.mktemp("crm") / "told")
    yield running
    running.close()


@pytest.fixture(scope="module")
def company(
    asterisk: Asterisk, blueprint: Blueprint, crm: Crm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """A router that tells the CRM, and whose cards lead there."""
    built = blueprint.build(
        asterisk,
        tmp_path_factory.mktemp("office"),
        CRM_URL=crm.address,
        CRM_SECRET="whsec_" + base64.b64encode(KEY).decode(),
        CRM_CARD_URL="https://crm.example.net/customers/{{customer.external_id}}?call={{call.id}}",
    )
    yield built
    built.close()


def latest(office: Office) -> str:
    ((call_id,),) = office.router.rows("select id from calls order by started_at desc limit 1")
    return str(call_id)


def test_phone_card_and_posts_are_about_the_same_call(
    office: Office, crm: Crm, on_duty: OnDuty, make_caller: MakeCaller
) -> None:
    customer = {"external_id": STRANGE, "name": "Erika Muster"}
    office.register("Ökostrom", NUMBER, external_id="crm-4711", customer=customer)
    (anna, phone), (bert, _) = on_duty("anna"), on_duty("bert")
    bert.become("paused")
    caller = make_caller(Identity(NUMBER), STRAIGHT)
    card = anna.sees(state="ringing")
    call_id = latest(office)
    invite = phone.rings()
    assert invite.header("X-Threadline-Call") == call_id
    assert invite.header("User-to-User") == f"{call_id};encoding=hex"
    expect(card.get_by_role("link", name="Im CRM öffnen")).to_have_attribute(
        "href", f"https://crm.example.net/customers/c%2F12%20%C3%A4%3F%26x%3D%23?call={call_id}"
    )
    popped = anna.context.new_page()  # as a softphone does
    popped.goto(f"{anna.url}/desk/calls/{call_id}")
    expect(popped.locator("#cards article")).to_contain_text("Ökostrom")
    popped.close()
    refused = bert.context.request.get(f"{bert.url}/desk/calls/{call_id}")
    assert refused.status == 404
    assert "Ökostrom" not in refused.text()

    phone.answer()
    anna.sees(state="talking")
    caller.hang_up()
    anna.sees_nothing()
    office.at_rest()
    told = crm.events(call_id, 3)
    assert [event["event"] for event in told] == ["newCall", "answer", "hangup"]
    shared = {"from": NUMBER, "to": STRAIGHT, "direction": "in"}
    assert all(shared.items() <= event.items() for event in told)
    assert (told[1]["user"], told[1]["answeringNumber"]) == ([PEOPLE["anna"][0]], "anna")
    known = {"queue": "sales", "message_external_id": "crm-4711", "customer_external_id": STRANGE}
    assert all(known.items() <= event.items() for event in told[1:])
    assert told[2]["cause"] == "normalClearing"


def test_who_gives_up_is_left_to_be_called_until_they_are_talked_to(
    office: Office, crm: Crm, on_duty: OnDuty, make_caller: MakeCaller
) -> None:
    office.register("Erdgas Komfort", ANOTHER, external_id="crm-4712", customer={"external_id": "c-13"})
    desk, phone = on_duty("anna")
    page = desk.context.new_page()
    page.goto(f"{desk.url}/desk/work")
    caller = make_caller(Identity(ANOTHER), STRAIGHT)
    desk.sees(state="ringing")
    call_id = latest(office)
    caller.hang_up()
    desk.sees_nothing()
    left = page.locator("#todo tbody tr", has_text="Verpasster Anruf")
    expect(left).to_contain_text("Erdgas Komfort")  # by itself, while the page is open
    expect(left.get_by_role("button", name="Nehmen")).to_be_visible()
    told = crm.events(call_id, 2)
    assert [(event["event"], event.get("cause")) for event in told] == [("newCall", None), ("hangup", "cancel")]

    phone.stops_ringing()
    again = make_caller(Identity(ANOTHER), STRAIGHT)
    phone.rings(nth=2)
    phone.answer()
    desk.sees(state="talking")
    again.hang_up()
    office.at_rest()
    assert office.router.rows("select kind, state from work_items") == [("abandoned", "done")]
