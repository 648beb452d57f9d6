"""The way of a call: stored with every step, told once, repeated without harm."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.calls.handle import Calls, UnknownCall
from router.core.assurance import Assurance
from router.core.commands import AskDigits, Hangup, RecordMessage, Transfer
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
from router.core.match import Candidate, Decision, Match
from router.engine.session import Outcome, State, session_to_json
from router.engine.step import NotAccepted
from router.flow.files import check_files
from router.flow.load import load, read_folder
from router.flow.model import Flow
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import calls as rows
from router.store import embedded
from router.store.bus import Bus
from router.store.database import Database
from tests.stored import a_message

HOTLINE = Path(__file__).parents[2] / "ivr_flows"
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD, "+493023125000")


@pytest.fixture
def calls(database: Database) -> Calls:
    return make_calls(database, load([HOTLINE])["hotline"])


def make_calls(database: Database, flow: Flow, now: datetime = MONDAY) -> Calls:
    flows = Flows({flow.name: flow}, {}, flow.name)
    return Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: now)


async def open_rows(database: Database) -> int:
    async with database.read() as connection:
        return sum(row.state != "ended" for row in await rows.latest(connection, 100))


async def test_a_call_that_is_announced_twice_is_one_call(calls: Calls, database: Database) -> None:
    first, second = await asyncio.gather(calls.begin("test", "ref", BEGIN), calls.begin("test", "ref", BEGIN))
    assert first.call_id == second.call_id
    assert first.commands == second.commands
    assert [first.repeated, second.repeated].count(True) == 1
    assert await open_rows(database) == 1


async def test_calls_that_are_announced_five_times_at_once_are_one_each(
    calls: Calls, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where whoever is first has stored the call, and it is not committed yet."""
    monkeypatch.setattr(embedded, "_TOGETHER_SECONDS", 60.0)
    for ref in map(str, range(10)):
        turns = await asyncio.gather(*(calls.begin("test", ref, BEGIN) for _ in range(5)))
        assert len({turn.call_id for turn in turns}) == 1
        assert [turn.repeated for turn in turns].count(False) == 1
    assert await open_rows(database) == 10


async def test_a_repeated_webhook_gets_the_same_answer_and_changes_nothing(calls: Calls) -> None:
    turn = await calls.begin("test", "ref", BEGIN)
    once = await calls.handle(turn.call_id, DigitsEntered("12"), turn.sequence)
    again = await calls.handle(turn.call_id, DigitsEntered("12"), turn.sequence)
    assert again.repeated
    assert again.commands == once.commands
    assert again.sequence == once.sequence
    assert again.session == once.session


async def test_a_late_webhook_gets_the_present_answer(calls: Calls) -> None:
    turn = await calls.begin("test", "ref", BEGIN)
    second = await calls.handle(turn.call_id, DigitsEntered("12"), turn.sequence)
    third = await calls.handle(turn.call_id, InputTimedOut(), second.sequence)
    assert isinstance(third.commands[-1], Transfer)
    late = await calls.handle(turn.call_id, DigitsEntered("99"), turn.sequence)
    assert late.repeated
    assert late.commands == third.commands


async def test_the_same_webhook_at_the_same_moment_counts_once(calls: Calls) -> None:
    turn = await calls.begin("test", "ref", BEGIN)
    answers = await asyncio.gather(*(calls.handle(turn.call_id, DigitsEntered("12"), turn.sequence) for _ in range(5)))
    assert {answer.sequence for answer in answers} == {turn.sequence + 1}
    assert [answer.repeated for answer in answers].count(False) == 1


async def test_without_a_sequence_an_unfitting_event_is_refused(calls: Calls) -> None:
    turn = await calls.begin("test", "ref", BEGIN)
    with pytest.raises(NotAccepted):
        await calls.handle(turn.call_id, TransferEnded(TransferOutcome.NO_ANSWER))
    assert (await calls.turn(turn.call_id)).session == turn.session


async def test_nothing_is_known_of_a_call_that_never_was(calls: Calls) -> None:
    with pytest.raises(UnknownCall):
        await calls.handle("nobody", CallerHungUp())
    with pytest.raises(UnknownCall):
        await calls.turn("nobody")
    await calls.hung_up("test", "nobody")


async def test_two_machines_hear_of_the_same_new_calls(database: Database) -> None:
    """As when a network announces each call to both; neither has run the flow before."""
    other = Database(database.url)
    machines = [make_calls(at, load([HOTLINE])["hotline"]) for at in (database, other)]
    turns = await asyncio.gather(*(calls.begin("test", f"ref {n % 5}", BEGIN) for n in range(20) for calls in machines))
    assert len({turn.call_id for turn in turns}) == await open_rows(database) == 5
    assert [turn.repeated for turn in turns].count(False) == 5
    await other.close()


async def test_a_key_pressed_while_hanging_up_leaves_nothing_open(database: Database) -> None:
    other = Database(database.url)
    here, there = (make_calls(at, load([HOTLINE])["hotline"]) for at in (database, other))
    for number in range(10):
        ref = f"ref {number}"
        turn = await here.begin("test", ref, BEGIN)
        await asyncio.gather(
            here.handle(turn.call_id, DigitsEntered("12"), turn.sequence),
            there.hung_up("test", ref),
            here.handle(turn.call_id, DigitsEntered("12"), turn.sequence),
            there.end_lost("test", frozenset(), MONDAY),
        )
        ended = (await there.turn(turn.call_id)).session
        assert ended.state is State.ENDED
        assert ended.outcome is Outcome.HUNG_UP
    assert await open_rows(database) == 0
    await other.close()


async def test_what_was_left_on_the_voicemail_is_kept_once(calls: Calls, database: Database) -> None:
    turn = await calls.begin("test", "ref", BEGIN)
    turn = await calls.handle(turn.call_id, InputTimedOut())
    turn = await calls.handle(turn.call_id, TransferEnded(TransferOutcome.NO_ANSWER))
    told = RecordingEnded("https://example.com/r", 7)
    await asyncio.gather(
        calls.hung_up("test", "ref"), *(calls.handle(turn.call_id, told, turn.sequence) for _ in range(5))
    )
    async with database.read() as connection:
        assert len(await rows.latest_voicemails(connection, 10)) == 1


HANGUPS = [
    [],
    [DigitsEntered("12")],
    [DigitsEntered("*")],
    [DigitsEntered("1111111111")],
    [InputTimedOut()],
    [InputTimedOut(), TransferEnded(TransferOutcome.NO_ANSWER)],
    [InputTimedOut(), TransferEnded(TransferOutcome.NO_ANSWER), RecordingEnded("r", 3)],
]


@pytest.mark.parametrize("events", HANGUPS, ids=lambda events: f"after {len(events)} events")
async def test_hanging_up_at_any_step_leaves_nothing_open(
    calls: Calls, database: Database, events: list[Event]
) -> None:
    turn = await calls.begin("test", "ref", BEGIN)
    for event in events:
        turn = await calls.handle(turn.call_id, event)
    await calls.hung_up("test", "ref")
    await calls.hung_up("test", "ref")
    assert await open_rows(database) == 0
    ended = (await calls.turn(turn.call_id)).session
    assert ended.state is State.ENDED
    assert ended.inputs == {}


async def test_a_voicemail_is_stored_and_an_empty_one_is_not(calls: Calls, database: Database) -> None:
    for seconds, text in ((7.5, None), (0, "Bitte rufen Sie an"), (0, None)):
        turn = await calls.begin("test", f"ref {seconds} {text}", BEGIN)
        turn = await calls.handle(turn.call_id, InputTimedOut())
        turn = await calls.handle(turn.call_id, TransferEnded(TransferOutcome.NO_ANSWER))
        assert isinstance(turn.commands[-1], RecordMessage)
        turn = await calls.handle(turn.call_id, RecordingEnded("r" if seconds else None, seconds, text))
        assert isinstance(turn.commands[-1], Hangup)
    async with database.read() as connection:
        kept = await rows.latest_voicemails(connection, 10)
    assert sorted((row.seconds, row.text) for row in kept) == [(0, "Bitte rufen Sie an"), (7.5, None)]


async def test_a_call_stays_on_the_flow_it_began_with(database: Database) -> None:
    old = load([HOTLINE])["hotline"]
    turn = await make_calls(database, old).begin("test", "ref", BEGIN)
    files = {**read_folder(HOTLINE), "hotline.yaml": old.source.replace("Rückrufcode", "Geheimcode")}
    new = check_files(files).flows["hotline"]
    later = make_calls(database, new)  # as after a restart with another file
    going_on = await later.handle(turn.call_id, DigitsEntered("12"))
    fresh = await later.begin("test", "another", BEGIN)
    assert isinstance(going_on.commands[-1], AskDigits)
    assert isinstance(fresh.commands[-1], AskDigits)
    assert "Rückrufcode" in going_on.commands[-1].prompts[-1].text
    assert "Geheimcode" in fresh.commands[-1].prompts[-1].text


async def test_a_withheld_caller_is_stored_without_a_number(calls: Calls, database: Database) -> None:
    await calls.begin("test", "withheld", BEGIN)
    await calls.begin("test", "known", CallStarted("test", Caller("+493023125011"), "+493023125000"))
    async with database.read() as connection:
        stored = {row.channel_ref: (row.caller, row.withheld) for row in await rows.latest(connection, 10)}
    assert stored == {"withheld": (None, True), "known": ("+493023125011", False)}


async def test_calls_the_channel_no_longer_has_are_ended(calls: Calls, database: Database) -> None:
    gone = await calls.begin("test", "gone", BEGIN)
    there = await calls.begin("test", "there", BEGIN)
    assert await calls.end_lost("test", frozenset({"there"}), MONDAY) == [gone.call_id]
    assert (await calls.turn(gone.call_id)).session.outcome is Outcome.HUNG_UP
    assert not (await calls.turn(there.call_id)).session.ended


async def test_a_call_whose_flow_or_state_is_gone_does_not_keep_others_from_ending(
    calls: Calls, database: Database
) -> None:
    turns = [await calls.begin("test", ref, BEGIN) for ref in ("no flow", "no state", "right")]
    async with database.begin() as connection:
        session = session_to_json(turns[0].session.but(revision="0123456789abcdef"))
        await rows.change(connection, turns[0].call_id, {"session": session})
        await rows.change(connection, turns[1].call_id, {"session": "{}"})
    with pytest.raises(LookupError):
        await calls.handle(turns[0].call_id, DigitsEntered("1"))
    assert set(await calls.end_lost("test", frozenset(), MONDAY)) == {turns[0].call_id, turns[2].call_id}
    assert (await calls.turn(turns[0].call_id)).session.outcome is Outcome.HUNG_UP


def test_a_service_number_must_have_its_flow() -> None:
    flow = load([HOTLINE])["hotline"]
    with pytest.raises(ValueError, match="there is no flow 'hotlin'"):
        Flows({"hotline": flow}, {"+493023125000": "hotlin"}, "hotline")


async def test_an_offer_for_a_queue_that_is_not_there_goes_to_the_flows_own(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find_matches(*_: object, **__: object) -> Match:
        best = Candidate("m1", 0.97, (), queue="slaes")
        return Match(Decision.LIKELY, Assurance.L1, 0.03, (best,))

    monkeypatch.setattr("router.calls.answers.find_matches", find_matches)
    flow = load([HOTLINE])["hotline"]
    flows = Flows({flow.name: flow}, {}, flow.name)
    calls = Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: MONDAY, queues=("default", "sales"))
    turn = await calls.begin("test", "ref", BEGIN)
    assert turn.commands[-1] == Transfer("default", 600)


async def test_a_code_is_awaited_in_the_longest_length_there_is(calls: Calls, database: Database) -> None:
    async def digits(ref: str) -> int:
        asked = (await calls.begin("test", ref, BEGIN)).commands[-1]
        assert isinstance(asked, AskDigits)
        return asked.max_digits

    assert await digits("nothing is known of codes") == 14
    async with database.begin() as connection:
        for number, length in enumerate((None, 9, 11, 10)):
            await a_message(connection, f"m{number}", code_digits=length)
    assert await digits("codes of 9 to 11 digits") == 11


async def test_that_a_call_which_its_flow_has_ended_is_over_is_only_looked_up(calls: Calls, database: Database) -> None:
    """Asterisk tells of every call that it is over, of most of them when that is known."""
    turn = await calls.begin("test", "ref", BEGIN)
    await calls.handle(turn.call_id, CallerHungUp(late=True))
    uses: list[str] = []
    database.on_use = lambda use, _seconds, _away: uses.append(use)
    await calls.hung_up("test", "ref")
    assert uses == ["read"]
