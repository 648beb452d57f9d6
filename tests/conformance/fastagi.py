"""A scenario as a call through FastAGI, as Asterisk's dialplan makes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import cast

from router.calls.handle import Calls
from router.channels.agi.listening import Listener
from router.channels.agi.render import Sound
from router.channels.agi.server import AgiServer
from router.channels.agi.session import AgiChannel
from router.core.commands import AskDigits, ChannelCommand, Prompt
from router.core.events import Event
from router.core.hearing import Reading
from router.engine.scenario import Ran
from router.engine.scenario_text import LineText
from router.engine.session import Session
from router.spoken.keys import keys_said
from tests.channels.agi.asterisk import ENVIRONMENT, Asterisk
from tests.conformance.calls import said

QUEUE_STATUS = {"no_answer": "TIMEOUT", "unavailable": "JOINEMPTY", "failed": "FULL", "answered": "CONTINUE"}
RECORDED, NOTHING = "200 result=35 (dtmf) endpos=24000", "200 result=0 (timeout) endpos=0"

Led = tuple[LineText, tuple[ChannelCommand, ...]]
"""A line, and what the channel was to do when it happened."""


class _Ears:
    """Hears callers who may speak: whatever the lines say, in order."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events: Iterator[Event] = iter(events)

    def can(self, _: object) -> bool:
        return True

    async def ask(self, *_: object) -> Event:
        return next(self._events)


async def through_fastagi(ran: Ran, calls: Calls) -> Session:
    """The call; it must play what the engine says, and leave the caller in the queue that the engine names."""
    played: list[str] = []

    async def sounds(prompt: Prompt) -> list[Sound]:
        played.append(prompt.text)
        return [Sound(f"http://router/{len(played)}.wav", 2.0)]

    heard = [event for line, led in _led(ran) if _by_ear(ran, led) and (event := line.event()) is not None]
    listener = cast(Listener, _Ears(heard)) if talks(ran) else None
    server = AgiServer(AgiChannel(calls, sounds, listener=listener), "127.0.0.1", 0)
    await server.start()
    try:
        asterisk = await _dialplan(ran, server.address)
    finally:
        await server.stop()
    if ran.scenario.text.call[-1].hangup:
        await calls.hung_up("asterisk", ENVIRONMENT["uniqueid"])  # as the manager interface tells it
    call_id = await calls.call_for("asterisk", ENVIRONMENT["uniqueid"])
    assert call_id is not None
    expected = [prompt.text for prompt in said([turn.commands for turn in ran.turns])]
    assert (played[: len(expected)] if hangs_up_recording(ran) else played) == expected
    if ran.turns[-1].then.startswith("queue"):
        assert asterisk.variables["THREADLINE_QUEUE"] == ran.session.queue
    return (await calls.turn(call_id)).session


def hangs_up_recording(ran: Ran) -> bool:
    """Whether the caller ends a message by hanging up, as most do: at Asterisk the recording is over first, the flow
    goes on, and only then the call is over."""
    return ran.scenario.text.call[-1].hangup is True and len(ran.turns) > 1 and ran.turns[-2].then == "record"


def talks(ran: Ran) -> bool:
    """Whether the call goes by how something was heard, which keys cannot stand for."""
    return any(line.speech_lost or isinstance(line.speech, tuple) for line in ran.scenario.text.call)


def _by_ear(ran: Ran, led: tuple[ChannelCommand, ...]) -> bool:
    """Whether the caller was listened to; else keys are all that counts."""
    return talks(ran) and bool(led) and isinstance(led[-1], AskDigits) and led[-1].speech


def _led(ran: Ran) -> list[Led]:
    lines = [line for line in ran.scenario.text.call if not line.hangup]
    return list(zip(lines, chain([()], (turn.commands for turn in ran.turns)), strict=False))


def _hangs_up_asked(ran: Ran) -> bool:
    return ran.scenario.text.call[-1].hangup is True and len(ran.turns) > 1 and ran.turns[-2].then == "ask"


async def _dialplan(ran: Ran, address: tuple[str, int]) -> Asterisk:
    """One AGI connection until the queue, another one after it."""
    parts: list[list[Led]] = [[]]
    for led in _led(ran):
        if led[0].transfer:
            parts.append([])
        parts[-1].append(led)
    number = ran.scenario.caller.number
    caller = {"callerid": number or "unknown", "callingpres": "0" if number else "35"}
    variables: dict[str, str] = {"THREADLINE_RECORDINGS": "/rec"}
    for part in parts:
        leaves = "h" if part is parts[-1] and _hangs_up_asked(ran) else ""
        pressed = ("" if _by_ear(ran, commands) else _keys(line, commands) for line, commands in part)
        asterisk = Asterisk("".join(pressed) + leaves)
        asterisk.variables = variables
        recorded = [RECORDED if line.recording else NOTHING for line, _ in part if line.kind == "recording"]
        asterisk.say = {"RECORD FILE": recorded}
        if hangs_up_recording(ran) and part is parts[-1]:
            recorded.append(NOTHING)
        if ended := part[0][0].transfer:
            status = QUEUE_STATUS[ended.value]
            await asterisk.call(address, arg_1="transfer-ended", arg_2=status, dnid=ran.scenario.text.to, **caller)
        else:
            await asterisk.call(address, dnid=ran.scenario.text.to, extension=ran.scenario.text.to, **caller)
    return asterisk


def _keys(line: LineText, asked: tuple[ChannelCommand, ...]) -> str:
    """What is pressed on the telephone for a line; a point for each prompt or wait that passes without a key."""
    prompts = len(getattr(asked[-1], "prompts", ())) if asked else 0
    match line.kind:
        case "digits":
            return _pressed(line.digits or "", asked)
        case "speech":
            said = line.speech if isinstance(line.speech, str) else ""
            return _pressed(keys_said((Reading(said, 1.0),), "de") if line.keys is None else line.keys, asked)
        case "silence":
            return "." * (prompts + 1)
        case "recording":
            return "." * prompts
        case _:
            return ""


def _pressed(digits: str, asked: tuple[ChannelCommand, ...]) -> str:
    most = asked[-1].max_digits + asked[-1].more_digits if asked and isinstance(asked[-1], AskDigits) else 0
    full = len(digits) == most
    return digits if full else f"{digits}." if digits else "#"
