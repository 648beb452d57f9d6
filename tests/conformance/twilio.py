"""A scenario as a call through Twilio's signed webhooks."""

from __future__ import annotations

from router.calls.handle import Calls
from router.engine.scenario import Ran, prompts_of
from router.engine.scenario_text import LineText
from router.engine.session import Session
from tests.channels.twilio.house import application, client_for, settings
from tests.channels.twilio.phone import PhoneCall
from tests.conformance.calls import Case

OUTCOMES = {
    "answered": ("completed", "bridged"),
    "no_answer": ("no-answer", "leave"),
    "unavailable": ("failed", "queue-full"),
    "failed": ("failed", "system-error"),
}


def destinations_of(ran: Ran) -> dict[str, str]:
    """An address for each queue of the call: numbers, and a SIP address for the default one."""
    queues = sorted({turn.then.removeprefix("queue ") for turn in ran.turns if turn.then.startswith("queue ")})
    numbers = {queue: f"+49305550{number:02}" for number, queue in enumerate(queues, 10)}
    return {queue: "sip:default@pbx.example.net" if queue == "default" else to for queue, to in numbers.items()}


async def through_twilio(ran: Ran, calls: Calls, dialled: dict[str, str]) -> Session:
    """The call; every document must say and ask for what the engine wants."""
    async with client_for(application(calls, settings(twilio_queues=dialled))) as client:
        phone = PhoneCall(client, ran.scenario.caller.number or "anonymous")
        phone.fields |= {"To": ran.scenario.text.to, "Called": ran.scenario.text.to}
        for line, turn in zip(ran.scenario.text.call, ran.turns, strict=True):
            await _happens(phone, line)
            assert phone.said == [prompt.text for prompt in prompts_of(turn.commands)], f"line {turn.line}"
            assert _led_to(phone, dialled) == turn.then, f"line {turn.line}:\n{phone.xml}"
        call_id = await calls.call_for("twilio", phone.fields["CallSid"])
    assert call_id is not None
    return (await calls.turn(call_id)).session


async def _happens(phone: PhoneCall, line: LineText) -> None:
    match line.kind:
        case "start":
            await phone.begin()
        case "digits":
            await phone.press(line.digits or "")
        case "speech":
            await _speaks(phone, line)
        case "silence":
            await phone.keep_silent()
        case "transfer":
            assert line.transfer is not None
            await phone.transfer_ends(*OUTCOMES[line.transfer.value])
        case "recording":
            await phone.leave_message(round(line.recording or 0))
        case "hangup":
            await phone.status("completed")
            phone.xml = "<Response/>"
        case other:
            raise AssertionError(f"no such line in a scenario: {other}")


def can_be_said(case: Case) -> bool:
    """Whether Twilio can tell what is said in the call: it gives one reading, and loses none."""
    lines = case.scenario.text.call
    return not any(line.speech_lost or (isinstance(line.speech, tuple) and len(line.speech) > 1) for line in lines)


async def _speaks(phone: PhoneCall, line: LineText) -> None:
    if isinstance(line.speech, tuple):
        await phone.speak(line.speech[0].text, line.speech[0].weight)
    else:
        await phone.speak(line.speech or "")


def _led_to(phone: PhoneCall, dialled: dict[str, str]) -> str:
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
            return f"queue { {to: queue for queue, to in dialled.items()}[(whom.text or '').partition('?')[0]] }"
        case other:
            raise AssertionError(f"unexpected: {other}")
