"""Agents who press a key before a caller is connected: no mailbox ever has a caller, and no card says so."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from router.agents.phones import asks_for_key, check_phones
from router.calls.handle import Calls
from router.channels.twilio.legs import Legs
from router.core.destinations import Destinations
from router.settings import SettingsRefused
from router.store.database import Database
from tests.channels.twilio.desk import Desk, Waiting, caller
from tests.channels.twilio.house import settings
from tests.channels.twilio.phone import PUBLIC_URL, post

pytestmark = pytest.mark.sqlite_only

ANNA, BERT = "+491711234567", "+491711234568"


class Asking(Desk):
    """A house whose agents press a key, on numbers."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, asks=lambda phone: phone.startswith("+"))


@pytest.fixture
def desk(database: Database) -> Asking:
    return Asking(database)


class Phone:
    """An agent's phone that was answered: what is heard there."""

    def __init__(self, desk: Desk, call: Waiting, address: str, leg: str = "9") -> None:
        self._desk, self._call = desk, call
        self._url = call.rung[address].attrib["url"]
        self.address, self.leg = address, leg
        self.xml = ""

    async def answers(self) -> list[str]:
        await self._call.phone(self.address, "ringing", self.leg)
        await self._call.phone(self.address, "in-progress", self.leg)
        return await self.hears(self._url)

    async def presses(self, key: str, leg: str | None = None) -> list[str]:
        """Twilio, "TwiML Voice: <Gather>": what is posted to the action."""
        return await self.hears(self.gathers[0].attrib["action"], leg=leg, Digits=key, msg="Gather End")

    async def hears(self, url: str, leg: str | None = None, **more: str) -> list[str]:
        fields = {"CallSid": "CA" + (leg or self.leg) * 32, "CallStatus": "in-progress", "Direction": "outbound-dial"}
        answer = await post(self._desk.client, url, {**fields, **more})
        assert answer.status_code == 200
        self.xml = answer.text
        return [each.text or "" for each in ElementTree.fromstring(answer.text).iter("Say")]

    @property
    def gathers(self) -> list[ElementTree.Element]:
        return ElementTree.fromstring(self.xml).findall("Gather")

    @property
    def ends(self) -> bool:
        """Whether the agent's call ends with what is heard there."""
        return [each.tag for each in ElementTree.fromstring(self.xml)][-1:] == ["Hangup"]

    @property
    def connects(self) -> bool:
        return len(ElementTree.fromstring(self.xml)) == 0


async def test_the_agent_hears_what_it_is_about_and_takes_it_with_a_key(desk: Asking) -> None:
    await desk.agent("anna", ANNA)
    call = caller(desk)
    await call.wait()
    phone = Phone(desk, call, ANNA)
    press = "Drücken Sie die 1, um das Gespräch anzunehmen."
    assert await phone.answers() == ["Ein Anruf.", press, press]
    assert phone.ends
    (first, second) = phone.gathers
    assert (first.attrib["numDigits"], first.attrib["timeout"], first.attrib["input"]) == ("1", "4", "dtmf")
    assert first.attrib["action"] == second.attrib["action"]
    assert first.attrib["action"].startswith(f"{PUBLIC_URL}/channels/twilio/agents/accept?call=")
    assert await desk.desks() == {"anna": "ringing"}, "answered is not accepted"

    action = first.attrib["action"]
    for _ in range(2):  # Twilio asks once more where an answer is lost
        await phone.hears(action, Digits="1")
        assert phone.connects
        assert await desk.desks() == {"anna": "talking"}
    await call.phone(ANNA, "completed")
    assert await desk.desks() == {"anna": "completed"}
    await call.dial_ends("completed")
    assert [(row.outcome, row.agent_id is not None) for row in await desk.rows()] == [("left_queue", True)]


@pytest.mark.parametrize("language", ["de", "en"])
async def test_in_the_agents_own_language(desk: Asking, language: str) -> None:
    await desk.agent("anna", ANNA, language=language)
    call = caller(desk)
    await call.wait()
    heard = await Phone(desk, call, ANNA).answers()
    assert (
        heard[:2]
        == {
            "de": ["Ein Anruf.", "Drücken Sie die 1, um das Gespräch anzunehmen."],
            "en": ["A call.", "Press 1 to take the call."],
        }[language]
    )


async def test_a_mailbox_gets_no_caller_and_the_next_agent_is_rung(desk: Asking) -> None:
    desk.queues["sales"] = desk.queues["sales"].model_copy(update={"strategy": "longest_idle"})
    await desk.agent("anna", ANNA)
    await desk.agent("bert", BERT)
    call = caller(desk)
    await call.wait()
    assert list(call.rung) == [ANNA]
    mailbox = Phone(desk, call, ANNA)
    await mailbox.answers()
    await call.phone(ANNA, "completed", CallDuration="19")
    assert await desk.desks() == {"anna": "no_answer"}
    # As Twilio says it of a call that was answered, and hung up before the two were connected.
    await call.dial_ends("completed", DialBridged="false")
    assert list(call.rung) == [BERT], "the caller goes on ringing"
    assert call.said == []
    phone = Phone(desk, call, BERT, "8")
    await phone.answers()
    await phone.presses("1")
    assert phone.connects
    assert await desk.desks() == {"anna": "no_answer", "bert": "talking"}


@pytest.mark.parametrize("bridged", ["false", "true", ""])
async def test_whatever_twilio_says_of_the_end_nobody_who_pressed_no_key_had_the_caller(
    desk: Asking, bridged: str
) -> None:
    await desk.agent("anna", ANNA)
    call = caller(desk)
    await call.wait()
    await Phone(desk, call, ANNA).answers()
    await call.dial_ends("completed", DialBridged=bridged)  # before the news of the phone, or without them
    assert call.document.find("Redirect") is not None, "the caller waits on"
    assert await desk.desks() == {"anna": "no_answer"}
    assert [row.state for row in await desk.rows()] == ["queue"]


@pytest.mark.parametrize("key", ["2", "*", "11"])
async def test_another_key_declines(desk: Asking, key: str) -> None:
    await desk.agent("anna", ANNA)
    call = caller(desk)
    await call.wait()
    phone = Phone(desk, call, ANNA)
    await phone.answers()
    assert await phone.presses(key) == []
    assert phone.ends
    assert await desk.desks() == {"anna": "ringing"}


async def test_of_two_who_press_at_once_one_is_connected_and_the_other_is_told(desk: Asking) -> None:
    await desk.agent("anna", ANNA)
    await desk.agent("bert", BERT)
    call = caller(desk)
    await call.wait()
    anna, bert = Phone(desk, call, ANNA, "9"), Phone(desk, call, BERT, "8")
    await anna.answers()
    await bert.answers()
    assert await desk.desks() == {"anna": "ringing", "bert": "ringing"}
    await anna.presses("1")
    assert await bert.presses("1") == ["Der Anruf ist schon vergeben oder zu Ende."]
    assert bert.ends
    await call.phone(BERT, "completed", "8")
    assert await desk.desks() == {"anna": "talking", "bert": "elsewhere"}
    await call.dial_ends("completed", "8")  # whichever of its calls Twilio names
    assert [row.state for row in await desk.rows()] == ["ended"]


async def test_whoever_presses_when_the_caller_has_gone_is_told_so(desk: Asking) -> None:
    await desk.agent("anna", ANNA)
    call = caller(desk)
    await call.wait()
    phone = Phone(desk, call, ANNA)
    await phone.answers()
    await call.status()
    assert await phone.presses("1") == ["Der Anruf ist schon vergeben oder zu Ende."]
    assert phone.ends
    assert await desk.desks() == {"anna": "ended"}


async def test_nobody_presses_for_somebody_elses_phone(desk: Asking) -> None:
    await desk.agent("anna", ANNA)
    bert = await desk.agent("bert", BERT)
    call = caller(desk)
    await call.wait()
    anna, other = Phone(desk, call, ANNA, "9"), Phone(desk, call, BERT, "8")
    await anna.answers()
    await other.answers()
    await other.presses("1", leg="9")  # the address of Bert's phone, from Anna's
    assert other.ends
    assert bert not in [row.agent_id for row in await desk.rows()]
    action = anna.gathers[0].attrib["action"]
    fields = {"CallSid": "CA" + "9" * 32, "CallStatus": "in-progress", "Digits": "1"}
    assert (await post(desk.client, action, fields, token="f" * 32)).status_code == 403
    for wrong in ("", "?call=x&seq=1&person=y", action.partition("?")[2].join(["?", "&language=de-DE!"])):
        url = f"{PUBLIC_URL}/channels/twilio/agents/accept{wrong}"
        assert (await post(desk.client, url, fields)).status_code == 400
    assert await desk.desks() == {"anna": "ringing", "bert": "ringing"}


async def test_when_we_fail_a_mailbox_still_gets_nobody_and_a_person_gets_the_caller(
    desk: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.agent("anna", ANNA)
    call = caller(desk)
    await call.wait()
    phone = Phone(desk, call, ANNA)

    async def fails(*_: object) -> object:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(Calls, "turn", fails)
        patched.setattr(Legs, "told", _nothing)
        heard = await phone.answers()
    assert heard[0] == "Ein Anruf für Sie."
    assert phone.ends
    monkeypatch.setattr(Legs, "accepts", fails)
    await phone.presses("1")
    assert phone.connects


async def _nothing(*_: object) -> None:
    return None


def test_who_is_asked_for_a_key() -> None:
    sip = "sip:anna@pbx.example.net"
    plain = settings(phones=(ANNA, sip))
    assert [asks_for_key(each, plain) for each in (ANNA, sip)] == [True, False]
    turned = settings(phones=(ANNA, BERT, sip), twilio_accept_phones={ANNA: False, sip: True})
    assert [asks_for_key(each, turned) for each in (ANNA, BERT, sip)] == [False, True, True]
    assert not asks_for_key(ANNA, settings(phones=(ANNA,), twilio_accept_numbers=False))
    with pytest.raises(SettingsRefused, match="twilio_accept_phones") as refused:
        check_phones(settings(phones=(ANNA,), twilio_accept_phones={BERT: True}), Destinations(("DE",)))
    assert BERT not in str(refused.value)
