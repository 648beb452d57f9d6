"""On a real Asterisk: nobody rings while a talk is wrapped up, and who is moved to another queue is rung by it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.office import PEOPLE, STRAIGHT, Blueprint, Office
from tests.system.harness.waiting import patience, until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

STRANGERS = [Identity(f"+4930555019{number}") for number in (11, 12, 13)]
QUEUES = """
version: 1
queues:
  default: {wrap_up: 8, timeout: 600}
"""


@pytest.fixture(scope="module")
def company(asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Its default queue gives eight seconds after a talk, and Asterisk's queues are written from that."""
    directory = tmp_path_factory.mktemp("supervising")
    flows = Path(shutil.copytree(blueprint.settings["FLOWS"], directory / "flows"))
    (flows / "shared" / "queues.yaml").write_text(QUEUES)
    with asterisk.queues_lent() as file:
        built = blueprint.build(asterisk, directory, FLOWS=str(flows), ASTERISK_QUEUES_FILE=str(file))
        yield built
        built.close()


def is_paused(ami: Ami, phone: str) -> set[str]:
    """Why Asterisk pauses this phone, in each of its queues; "" where it does not."""
    members = ami.action("QueueStatus", Member=f"PJSIP/{phone}")
    return {
        event.get("PausedReason") if event.get("Paused") == "1" else ""
        for event in members
        if event.name == "QueueMember"
    }


def test_a_waiting_caller_rings_when_the_wrap_up_is_over_and_not_before(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami
) -> None:
    desk, phone = on_duty("anna")
    make_caller(STRANGERS[0], STRAIGHT)
    desk.sees(state="ringing")
    phone.rings()
    phone.answer()
    desk.sees(state="talking")
    make_caller(STRANGERS[1], STRAIGHT)  # waits while Anna talks
    ami.wait("QueueCallerJoin", since=ami.mark - 1)
    done = ami.mark
    phone.hang_up()
    ended = ami.wait("AgentComplete", since=done).at
    desk.sees(state="wrap_up")
    until(lambda: is_paused(ami, "101") == {"wrap_up"}, 5, "Asterisk pauses the phone", every=0.05)
    rang = ami.wait("AgentCalled", since=done, within=30).at
    assert 7.5 <= rang - ended <= 13 * patience(), "eight seconds, and until the queue looks again"
    desk.sees(state="ringing")
    expect(desk.page.locator("#cards article")).to_have_count(1)


def test_who_asks_for_the_next_call_gets_it(office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami) -> None:
    desk, phone = on_duty("anna")
    make_caller(STRANGERS[0], STRAIGHT)
    desk.sees(state="ringing")
    phone.rings()
    phone.answer()
    desk.sees(state="talking")
    make_caller(STRANGERS[1], STRAIGHT)
    done = ami.mark
    phone.hang_up()
    ended = ami.wait("AgentComplete", since=done).at
    desk.sees(state="wrap_up")
    next_call(desk.page)
    rang = ami.wait("AgentCalled", since=done, within=30).at
    assert rang - ended <= 7, "sooner than the eight seconds that it would have gone on"
    desk.sees(state="ringing")


def next_call(page: Page) -> None:
    """Press *next call* on the card."""
    page.get_by_role("button", name="Nächster Anruf").click()


def test_a_supervisor_moves_an_agent_to_another_queue_and_its_caller_rings_there(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, ami: Ami, browser: Browser
) -> None:
    (anna, annas_phone), (_, berts_phone) = on_duty("anna"), on_duty("bert")
    password = f"{secrets.token_urlsafe(12)}\n"
    robin = ["robin", "--name", "Robin Muster", "--role", "supervisor"]
    office.router.command("people", "add", *robin, said=2 * password)
    link = office.router.command("people", "link", "robin", "--page", "supervisor")
    context = browser.new_context(locale="de-DE")
    page = context.new_page()
    page.goto(link.strip().split()[-1])
    page.get_by_role("link", name=PEOPLE["anna"][0]).click()
    page.get_by_label("default").uncheck()
    page.get_by_label("sales").check()
    page.get_by_role("button", name="Ändern").click()
    expect(page.get_by_role("status")).to_contain_text("Geändert")
    expect(anna.page.locator("#bar")).to_contain_text("Warteschlangen: sales")
    office.register("Ökostrom", "+4917139200099")  # its offer goes to sales
    page.goto(f"{office.router.url}/supervisor")
    page.get_by_role("link", name=PEOPLE["bert"][0]).click()
    page.get_by_label("sales").uncheck()
    page.get_by_role("button", name="Ändern").click()
    expect(page.get_by_role("status")).to_contain_text("Geändert")

    page.goto(f"{office.router.url}/supervisor")
    expect(page.locator("#connection[data-state=live]")).to_be_visible()
    sales, own = page.locator("tr[data-queue=sales] td"), page.locator("tr[data-agent]", has_text=PEOPLE["anna"][0])
    answered = int(sales.nth(3).inner_text())
    mark = ami.mark
    make_caller(Identity("+4917139200099"), STRAIGHT)
    anna.sees(state="ringing")
    assert ami.wait("AgentCalled", since=mark).get("Queue") == "sales"
    annas_phone.rings()
    assert berts_phone.invites == []
    expect(sales.first).to_have_text("1")  # without loading the page again
    expect(page.locator(".callers li")).to_contain_text("sales")
    expect(own).to_have_attribute("data-state", "ringing")
    annas_phone.answer()
    expect(own).to_have_attribute("data-state", "talking")
    expect(sales.nth(3)).to_have_text(str(answered + 1))
    expect(sales.nth(2)).to_contain_text("100 %")
    assert "39200099" not in page.content()
    context.close()
