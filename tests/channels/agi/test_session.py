"""Whole conversations: an Asterisk that obeys, a house that knows what it wants, and what can come between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from router.calls.handle import Calls
from router.channels.agi import session
from router.channels.agi.codec import Reply
from router.channels.agi.render import Guarded, Sound
from router.channels.agi.server import AgiServer
from router.channels.agi.session import AgiChannel, PhonesOf
from router.core.commands import AskDigits, ChannelCommand, Hangup, Leg, Prompt, RecordMessage, Say, Transfer
from router.core.events import (
    WITHHELD,
    Caller,
    CallerHungUp,
    CallStarted,
    DigitsEntered,
    Event,
    InputTimedOut,
    RecordingEnded,
    TransferEnded,
    TransferOutcome,
)
from router.logs import configure
from router.speech.failures import SynthesisFailed
from router.store.watch import DatabaseAway
from tests.channels.agi.asterisk import Asterisk, Peer, environment

HELLO, CODE, BYE = (Prompt(text, "en") for text in ("hello", "code", "bye"))
ASK = AskDigits((CODE,), 4, 5.0, 3.0)
SALES = Transfer("sales", 90, 2)
STARTED = CallStarted("asterisk", Caller("+4930123456"), "+4930987654", trunk="PJSIP/trunk")


@dataclass(frozen=True)
class Turn:
    call_id: str
    sequence: int
    commands: Sequence[ChannelCommand]
    language: str = "de"
    repeated: bool = False


class House:
    """Answers the events of a call one after the other with ``answers``; an exception or a wait is obeyed."""

    def __init__(self, *answers: Sequence[ChannelCommand] | Exception | Awaitable[object]) -> None:
        self.answers = list(answers)
        self.events: list[Event] = []
        self.names: set[str] = set()
        self.told_turns: list[int | None] = []
        self.knows = False

    async def begin(self, channel: str, channel_ref: str, event: CallStarted) -> Turn:
        assert (channel, channel_ref) == ("asterisk", "1700000000.1")
        return await self.handle("call-1", event)

    async def handle(self, call_id: str, event: Event, sequence: int | None = None) -> Turn:
        self.events.append(event)
        self.told_turns.append(sequence)
        self.names.add(call_id)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Awaitable):
            await answer
            raise AssertionError("waited in vain")
        return Turn(call_id, len(self.events), answer, repeated=self.knows)

    async def hung_up(self, channel: str, channel_ref: str) -> None:
        assert (channel, channel_ref) == ("asterisk", "1700000000.1")
        self.events.append(CallerHungUp())


def fits(calls: Calls) -> session.House:
    """The type checker's word that the real house is one."""
    return calls


async def sounds(prompt: Prompt) -> list[Sound]:
    if prompt.text == "unspeakable":
        raise SynthesisFailed("no voice")
    return [Sound(f"http://router/{prompt.text}.wav", 2.0)]


@asynccontextmanager
async def answering(
    house: House, phones: PhonesOf | None = None, *, told_ends: bool = False
) -> AsyncIterator[AgiServer]:
    server = AgiServer(AgiChannel(house, sounds, phones=phones, told_ends=told_ends), "127.0.0.1", 0)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(grace=5)
        assert (server.calls, server.connections) == (0, 0)


async def converse(
    house: House, asterisk: Asterisk, *, phones: PhonesOf | None = None, **changes: str | None
) -> Asterisk:
    async with answering(house, phones) as server:
        await asterisk.call(server.address, **changes)
    return asterisk


def said(asterisk: Asterisk) -> list[str]:
    """The commands that a caller notices."""
    return [command for command in asterisk.commands if not command.startswith("SET VARIABLE TIMEOUT")]


async def test_a_call_goes_to_a_queue_with_its_code() -> None:
    house = House((Say((HELLO,)), ASK), (Say((BYE,)), SALES))
    asterisk = await converse(house, Asterisk("1234"))
    assert house.events == [STARTED, DigitsEntered("1234")]
    assert house.names == {"call-1"}
    assert said(asterisk) == [
        "SET VARIABLE THREADLINE_CALL call-1",
        "STREAM FILE http://router/hello.wav ",
        "STREAM FILE http://router/code.wav 0123456789*#",
        "WAIT FOR DIGIT 3000",
        "WAIT FOR DIGIT 3000",
        "WAIT FOR DIGIT 3000",
        "STREAM FILE http://router/bye.wav ",
        "EXEC MSet THREADLINE_QUEUE=sales,THREADLINE_QUEUE_TIMEOUT=90,THREADLINE_PRIORITY=2,THREADLINE_SKILLS=,"
        "THREADLINE_LEGS=,THREADLINE_WHISPER=,CHANNEL(language)=de,THREADLINE_TURN=2,"
        "THREADLINE_ROUTE=queue",
    ]
    # Pieces and waits are short, so that silence lasts at most seven seconds whenever we freeze.
    assert asterisk.guards == [7.0] * 7


async def test_who_is_waited_for_is_known_by_the_phone_and_nobody_waits_to_find_that_out() -> None:
    legs = (Leg("sales", 20, (), "anna"), Leg("sales", 30, ("gas",)), Leg("sales", 40))
    transfer = Transfer("sales", 90, 2, ("gas",), legs=legs)

    async def phones(people: Collection[str]) -> dict[str, str]:
        return dict.fromkeys(people, "PJSIP/101")

    async def away(people: Collection[str]) -> dict[str, str]:
        raise ConnectionRefusedError

    for tell, places in ((phones, "phone.PJSIP-101:20&sales.gas:30&sales:40"), (away, "sales.gas:30&sales:40")):
        asterisk = await converse(House((transfer,)), Asterisk(), phones=tell)
        assert asterisk.variables["THREADLINE_LEGS"] == places
        assert asterisk.variables["THREADLINE_ROUTE"] == "queue"


@pytest.mark.parametrize(("text", "sound"), [("hello", "http://router/hello.wav"), ("unspeakable", "")])
async def test_what_the_agent_hears_goes_along_and_keeps_nobody_waiting(text: str, sound: str) -> None:
    house = House((Transfer("sales", 90, 2, ("gas",), Prompt(text, "en")),))
    asterisk = await converse(house, Asterisk())
    assert asterisk.variables["THREADLINE_WHISPER"] == sound
    assert asterisk.variables["THREADLINE_SKILLS"] == "gas"
    assert asterisk.variables["THREADLINE_ROUTE"] == "queue"
    assert "STREAM" not in " ".join(asterisk.commands)


async def test_every_command_that_takes_time_has_its_own_guard() -> None:
    house = House(
        (Say((HELLO, BYE)), AskDigits((HELLO, CODE), 3, 5.0, 3.0)), (RecordMessage((HELLO,), 60, 4),), (SALES,)
    )
    asterisk = await converse(house, Asterisk("..1.."))
    lasting = ("STREAM", "WAIT", "RECORD")
    for before, command in zip(asterisk.commands, asterisk.commands[1:], strict=False):
        if command.startswith(lasting):
            assert before.startswith("SET VARIABLE TIMEOUT(absolute)"), command


@pytest.mark.parametrize(
    ("keys", "event"),
    [
        ("..", InputTimedOut()),
        (".1#", DigitsEntered("1")),
        ("#", DigitsEntered("")),
        ("1#", DigitsEntered("1")),
        ("12.", DigitsEntered("12")),
        ("*0*0", DigitsEntered("*0*0")),
    ],
)
async def test_input(keys: str, event: Event) -> None:
    house = House((ASK,), (SALES,))
    await converse(house, Asterisk(keys))
    assert house.events == [STARTED, event]


async def test_a_key_during_an_earlier_prompt_counts() -> None:
    house = House((AskDigits((HELLO, BYE, CODE), 2, 5.0, 3.0),), (SALES,))
    asterisk = await converse(house, Asterisk(".7#"))
    assert house.events == [STARTED, DigitsEntered("7")]
    assert not [command for command in asterisk.commands if "code.wav" in command]


async def test_a_question_without_words_only_listens() -> None:
    house = House((AskDigits((), 1, 5.0, 3.0),), (SALES,))
    asterisk = await converse(house, Asterisk("7"))
    assert house.events == [STARTED, DigitsEntered("7")]
    assert "WAIT FOR DIGIT 5000" in asterisk.commands


@pytest.mark.parametrize(
    ("keys", "digits"),
    [("1.", "1"), ("1#", "1"), ("4821390657.", "4821390657"), ("48213906570000", "48213906570000")],
)
async def test_a_code_that_a_tel_link_dials_into_a_short_question_is_one_input(keys: str, digits: str) -> None:
    house = House((AskDigits((), 1, 5.0, 3.0, more_digits=13),), (SALES,))
    asterisk = await converse(house, Asterisk(keys))
    assert house.events == [STARTED, DigitsEntered(digits)]
    assert "WAIT FOR DIGIT 700" in asterisk.commands
    assert "WAIT FOR DIGIT 3000" not in asterisk.commands


async def test_keys_no_telephone_has_are_passed_over_but_not_for_ever() -> None:
    odd = ["200 result=65"] * 100
    house = House((AskDigits((), 2, 5.0, 3.0),), (SALES,))
    asterisk = await converse(house, Asterisk("7", say={"WAIT FOR": odd[:1]}))
    assert house.events == [STARTED, DigitsEntered("7")]
    house = House((AskDigits((), 2, 5.0, 3.0),), (SALES,))
    asterisk = await converse(house, Asterisk(say={"WAIT FOR": odd}))
    assert house.events == [STARTED, DigitsEntered("")]
    assert len(asterisk.commands) < 60


async def test_a_withheld_number_reaches_nobody() -> None:
    house = House((SALES,))
    with capture_logs() as logs:
        await converse(house, Asterisk(), callingpres="32")
    assert house.events == [CallStarted("asterisk", WITHHELD, "+4930987654", trunk="PJSIP/trunk")]
    assert "30123456" not in str(logs)


async def test_a_call_comes_back_from_the_queue() -> None:
    house = House((Say((BYE,)), Hangup()))
    asterisk = Asterisk()
    asterisk.variables["THREADLINE_CALL"] = "call-7"
    await converse(house, asterisk, arg_1="transfer-ended", arg_2="TIMEOUT")
    assert house.events == [TransferEnded(TransferOutcome.NO_ANSWER)]
    assert house.names == {"call-7"}
    assert asterisk.variables["THREADLINE_ROUTE"] == "hangup"
    assert asterisk.commands[-1] == "SET VARIABLE THREADLINE_ROUTE hangup"


@pytest.mark.parametrize("known", [None, ""])
async def test_a_call_that_comes_back_without_its_id_goes_to_the_default_queue(known: str | None) -> None:
    house = House()
    asterisk = Asterisk()
    if known is not None:
        asterisk.variables["THREADLINE_CALL"] = known
    await converse(house, asterisk, arg_1="transfer-ended", arg_2="TIMEOUT")
    assert house.events == [CallerHungUp()]
    assert asterisk.variables.get("THREADLINE_ROUTE") == "default"


@pytest.mark.parametrize("argument", [None, "", "ended"])
async def test_an_unknown_way_in_goes_to_the_default_queue(argument: str | None) -> None:
    house = House()
    asterisk = await converse(house, Asterisk(), arg_1=argument)
    assert said(asterisk) == ["SET VARIABLE THREADLINE_ROUTE default"]
    assert house.events == []


class TestRecording:
    async def test_a_message(self) -> None:
        house = House((RecordMessage((HELLO,), 60, 4),), (Hangup(),))
        asterisk = await converse(house, Asterisk())
        assert house.events == [STARTED, RecordingEnded("call-1-1.wav", 3.0)]
        assert "RECORD FILE /rec/call-1-1 wav # 60000 BEEP s=4" in asterisk.commands

    async def test_a_hangup_finishes_it(self) -> None:
        house = House((RecordMessage((), 60, 4),), (Say((BYE,)), Hangup()))
        asterisk = await converse(house, Asterisk(hangup_at=3))
        assert asterisk.hung_up
        assert house.events == [STARTED, RecordingEnded("call-1-1.wav", 2.0)]

    async def test_a_hangup_finishes_it_and_the_call_that_would_go_on(self) -> None:
        house = House((RecordMessage((), 60, 4),), (ASK,))
        await converse(house, Asterisk(hangup_at=3))
        assert house.events == [STARTED, RecordingEnded("call-1-1.wav", 2.0), CallerHungUp()]

    async def test_a_disk_that_cannot_be_written_is_no_hangup(self) -> None:
        house = House((RecordMessage((), 60, 4),), (SALES,))
        asterisk = await converse(house, Asterisk(say={"RECORD FILE": ["200 result=-1 (writefile)"]}))
        assert house.events == [STARTED, RecordingEnded(None, 0.0)]
        assert asterisk.variables["THREADLINE_ROUTE"] == "queue"

    async def test_without_a_place_for_it_the_caller_goes_to_people(self) -> None:
        house = House((RecordMessage((), 60, 4),))
        asterisk = Asterisk()
        del asterisk.variables["THREADLINE_RECORDINGS"]
        await converse(house, asterisk)
        assert house.events == [STARTED, CallerHungUp()]
        assert asterisk.variables.get("THREADLINE_ROUTE") == "default"


class TestPrompts:
    async def test_what_is_only_told_may_be_missing(self) -> None:
        house = House((Say((Prompt("unspeakable", "en"), HELLO)), SALES))
        asterisk = Asterisk(say={"STREAM FILE": ["200 result=-1 endpos=0"]})
        await converse(house, asterisk)
        assert "CHANNEL STATUS" in asterisk.commands
        assert asterisk.variables["THREADLINE_ROUTE"] == "queue"

    async def test_what_was_to_be_told_before_a_question_does_not_keep_from_it(self) -> None:
        told = Prompt("unspeakable", "en", once=True)
        house = House((AskDigits((told, CODE), 1, 5.0, 3.0),), (SALES,))
        asterisk = await converse(house, Asterisk(keys="1"))
        assert house.events == [STARTED, DigitsEntered("1")]
        assert asterisk.variables["THREADLINE_ROUTE"] == "queue"

    @pytest.mark.parametrize("prompt", [CODE, Prompt("unspeakable", "en"), Prompt("unspeakable", "en", once=True)])
    async def test_a_question_nobody_hears_is_not_asked(self, prompt: Prompt) -> None:
        house = House((AskDigits((prompt,), 1, 5.0, 3.0),))
        asterisk = await converse(house, Asterisk(say={"STREAM FILE": ["200 result=-1"]}))
        assert house.events == [STARTED, CallerHungUp()]
        assert asterisk.variables.get("THREADLINE_ROUTE") == "default"


LONG_CALL = (
    (Say((HELLO,)), AskDigits((HELLO, CODE), 2, 5.0, 3.0)),
    (RecordMessage((HELLO,), 60, 4),),
    (Say((BYE,)), SALES),
)


def long_call() -> tuple[House, Callable[[int | None], Asterisk]]:
    return House(*LONG_CALL), lambda at: Asterisk(".12", hangup_at=at)


async def test_a_hangup_at_every_single_point_is_told_once() -> None:
    house, asterisk = long_call()
    whole = await converse(house, asterisk(None))
    assert len(house.events) == 3
    assert whole.variables["THREADLINE_ROUTE"] == "queue"
    for point in range(len(whole.commands)):
        house, asterisk = long_call()
        cut = await converse(house, asterisk(point))
        assert cut.hung_up
        assert [event for event in house.events if isinstance(event, CallerHungUp)] == [CallerHungUp()], cut.commands
        assert house.events[-1] == CallerHungUp()
        assert "THREADLINE_ROUTE" not in cut.variables


async def test_a_hangup_after_the_house_ended_the_call_is_not_told() -> None:
    house = House((Say((BYE,)), Hangup()))
    asterisk = await converse(house, Asterisk(hangup_at=2))
    assert asterisk.hung_up
    assert house.events == [STARTED]


async def test_a_house_that_fails_gives_the_caller_to_the_default_queue(capsys: pytest.CaptureFixture[str]) -> None:
    house = House((ASK,), RuntimeError("database gone, parameters ('+4930123456', '1234')"))
    configure("info", as_json=True)
    asterisk = await converse(house, Asterisk("1234"))
    logs = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert asterisk.variables.get("THREADLINE_ROUTE") == "default"
    assert house.events == [STARTED, DigitsEntered("1234"), CallerHungUp()]
    (entry,) = [entry for entry in logs if entry["level"] == "error"]
    assert (entry["event"], entry["error"]) == ("agi_handler_failed", "RuntimeError")
    assert (entry["call"], entry["uniqueid"]) == ("call-1", "1700000000.1")
    assert "test_session.py" in entry["where"][-1]
    assert "30123456" not in str(logs)
    assert "1234" not in str(logs)


async def test_another_router_is_left_to_try_where_only_ours_cannot_reach_the_database() -> None:
    house = House((ASK,), DatabaseAway())
    asterisk = await converse(house, Asterisk("1234"))
    assert "THREADLINE_ROUTE" not in asterisk.variables
    assert house.events == [STARTED, DigitsEntered("1234")]


async def test_a_house_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_HOUSE_SECONDS", 0.05)
    never = asyncio.Event().wait()
    house = House(never)
    asterisk = await converse(house, Asterisk())
    assert asterisk.variables.get("THREADLINE_ROUTE") == "default"
    assert house.events == [STARTED, CallerHungUp()]


async def test_a_queue_the_dialplan_cannot_take_gives_the_caller_to_the_default_queue() -> None:
    house = House((Transfer("a,b", 60),))
    asterisk = await converse(house, Asterisk())
    assert asterisk.variables["THREADLINE_ROUTE"] == "default"
    assert house.events == [STARTED, CallerHungUp()]


async def test_stopping_leaves_the_call_as_it_is_to_another_router() -> None:
    house = House((ASK,))
    server = AgiServer(AgiChannel(house, sounds), "127.0.0.1", 0)
    await server.start()
    peer = await Peer.connect(server.address, environment())
    while (await peer.command())[:2] != ["STREAM", "FILE"]:
        peer.reply("200 result=1")
    await server.stop(grace=0.01)
    assert house.events == [STARTED]
    await peer.close()


async def test_another_router_goes_on_with_a_call_and_tells_of_its_end() -> None:
    house = House((ASK,))
    house.knows = True
    asterisk = await converse(house, Asterisk(hangup_at=3))
    assert asterisk.variables["THREADLINE_CALL"] == "call-1"
    assert house.events == [STARTED, CallerHungUp()]


async def test_the_dialplan_is_to_tell_of_the_end_only_where_nobody_else_does() -> None:
    variables = []
    for told_ends in (True, False):
        asterisk = Asterisk()
        async with answering(House((SALES,)), told_ends=told_ends) as server:
            await asterisk.call(server.address)
        variables.append(asterisk.variables.get("THREADLINE_TELL"))
    assert variables == ["yes", None]


async def test_who_comes_late_to_a_call_that_another_router_has_does_not_end_it() -> None:
    """As after SIGSTOP and SIGCONT: Asterisk has gone to another one meanwhile."""
    house = House((ASK,))
    house.knows = True
    asterisk = await converse(house, Asterisk(hangup_at=0))
    assert asterisk.hung_up
    assert house.events == [STARTED]


async def test_a_queue_tells_which_turn_has_led_to_it() -> None:
    asterisk = await converse(House((SALES,)), Asterisk())
    assert asterisk.variables["THREADLINE_TURN"] == "1"
    house = House((Hangup(),))
    again = Asterisk()
    again.variables |= {"THREADLINE_CALL": "call-1", "THREADLINE_TURN": "7"}
    await converse(house, again, arg_1="transfer-ended", arg_2="TIMEOUT")
    assert house.told_turns == [7]


async def test_a_key_that_is_read_after_the_call_was_taken_away_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after SIGSTOP and SIGCONT: the reply waits in the socket, but the caller is in the default queue."""
    monkeypatch.setattr(session._Conversation, "do", _late(session._Conversation.do))
    house = House((ASK,))
    await converse(house, Asterisk("1234"))
    assert house.events == [STARTED], "and that the call is over is not said of one that others have now"


def _late(do: Callable[..., Awaitable[Reply]]) -> Callable[..., Awaitable[Reply]]:
    async def late(self: session._Conversation, asked: Guarded) -> Reply:
        return await do(self, Guarded(asked.command, -1.0))

    return late
