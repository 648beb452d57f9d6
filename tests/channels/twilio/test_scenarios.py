"""The scenarios of `tests/scenarios`, as calls through Twilio: the same steps, queue and end as on the bare engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.channels.twilio.house import FLOW, House
from tests.channels.twilio.phone import PhoneCall
from tests.scenarios.scenario import Scenario, on_the_engine, scenarios

pytestmark = pytest.mark.sqlite_only

NUMBER, SIP = "+4930555010", "sip:sales@pbx.example.net;transport=tls"
ALL_DIALLED = {"sales": NUMBER, "default": SIP}
OUTCOMES = {
    "answered": ("completed", "bridged"),
    "no_answer": ("no-answer", "leave"),
    "unavailable": ("failed", "queue-full"),
    "failed": ("failed", "system-error"),
}
NAMES = {text: name for name, words in FLOW.text.prompts.items() for text in words.texts.values()}


async def happens(phone: PhoneCall, line: dict[str, Any]) -> None:
    match next(iter(line.items())):
        case ("start", _):
            await phone.begin()
        case ("digits", digits):
            await phone.press(digits)
        case ("speech", text):
            await phone.speak(text)
        case ("silence", _):
            await phone.keep_silent()
        case ("transfer", outcome):
            await phone.transfer_ends(*OUTCOMES[outcome])
        case ("recording", seconds):
            await phone.leave_message(round(seconds))
        case ("hangup", _):
            await phone.status("completed")
            phone.xml = "<Response/>"
        case other:
            raise AssertionError(f"no such line in a scenario: {other}")


def led_to(phone: PhoneCall) -> str:
    verb = phone.verb
    match verb.tag if verb is not None else None:
        case None:
            return "nothing"
        case "Gather":
            return "ask"
        case "Record":
            return "record"
        case "Hangup":
            return "hangup"
        case "Enqueue":
            assert verb is not None
            return f"queue {verb.text}"
        case "Dial":
            assert verb is not None
            (whom,) = verb
            return f"queue { {('Number', NUMBER): 'sales', ('Sip', SIP): 'default'}[whom.tag, whom.text or ''] }"
        case other:
            raise AssertionError(f"unexpected: {other}")


@pytest.mark.parametrize(
    "house", [{}, {"twilio_queues": ALL_DIALLED}], indirect=True, ids=["twilio's queues", "dialled"]
)
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
async def test_scenario(scenario: Scenario, house: House) -> None:
    house.matches, house.now = list(scenario.matches), scenario.at
    phone = PhoneCall(house.client, scenario.caller.number or "anonymous")
    for number, line in enumerate(scenario.call, 1):
        await happens(phone, line)
        where = f"line {number} of {scenario.name}: {line}\n{phone.xml}"
        if "hears" in line:
            assert [NAMES[text] for text in phone.said] == line["hears"], where
        if "language" in line:
            assert (await house.session()).language == line["language"], where
        assert led_to(phone) == line["then"], where
    through_twilio, expected = await house.session(), on_the_engine(scenario, FLOW, "twilio")[0]
    steps = [(trace.step, trace.type) for trace in expected.trace]
    assert [(trace.step, trace.type) for trace in through_twilio.trace] == steps
    assert (through_twilio.state, through_twilio.outcome) == (expected.state, expected.outcome)
    assert (through_twilio.queue, through_twilio.language) == (expected.queue, expected.language)
    assert through_twilio.sequence == expected.sequence
    assert through_twilio.caller == expected.caller
