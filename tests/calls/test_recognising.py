"""The hotline with matching as it is: which question is put, and where an answer leads, from the call to the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.calls.handle import Calls
from router.calls.turns import Turn
from router.core.commands import AskDigits, Transfer
from router.core.events import WITHHELD, Caller, CallStarted, DigitsEntered, Event, InputTimedOut
from router.core.match import Decision
from router.flow.load import load
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Database
from tests.stored import NOW, a_customer, a_message

FLOW = load([Path(__file__).parents[2] / "ivr_flows"])["hotline"]
NAMES = {text: name for name, words in FLOW.text.prompts.items() for text in words.texts.values()}
KEYS = CodeKeys("x" * 32)
ANNA, LANDLINE = "+491713920011", "+493023125011"
ANNAS_CODE, WRONG_CODE = "7540702376", "9182812818"


@pytest.fixture
async def calls(database: Database) -> Calls:
    """Anna has an offer for power and one for gas, sent at the same time; the landline is hers and Jonas's."""
    async with database.begin() as connection:
        await a_customer(connection, "anna", ANNA, LANDLINE)
        await a_customer(connection, "jonas", LANDLINE)
        code = {"code_hash": KEYS.code_hash(ANNAS_CODE), "code_digits": 10, "code_expires_at": NOW.replace(month=6)}
        for number, (customer, topic, reference) in enumerate(
            [("anna", "power", "ST204111"), ("anna", "gas", "GA204112"), ("jonas", "power", "ST204187")]
        ):
            offer = {"title": f"{topic} {number}", "queue": "sales", "topic": topic}
            phone = {"to_phone": ANNA} if customer == "anna" else {}
            more = code if number == 0 else {}
            await a_message(
                connection, f"m{number}", customer_id=customer, offer=offer, reference=reference, **phone, **more
            )
    return Calls(database, Bus(), Flows({FLOW.name: FLOW}, {}, FLOW.name), KEYS, lambda: NOW)


async def place(calls: Calls, caller: str | None, *events: Event) -> tuple[list[list[str]], Turn]:
    """A call: what was heard in each turn, and how it stands."""
    begin = CallStarted("test", Caller(caller) if caller else WITHHELD, "+493023125000")
    turn = await calls.begin("test", "ref", begin)
    heard = [_heard(turn)]
    for event in events:
        turn = await calls.handle(turn.call_id, event, turn.sequence)
        heard.append(_heard(turn))
    return heard, turn


def _heard(turn: Turn) -> list[str]:
    return [NAMES[prompt.text] for command in turn.commands for prompt in getattr(command, "prompts", ())]


def about(turn: Turn) -> str | None:
    """The message the call is about, as far as the house knows."""
    match = turn.session.match
    return match.best.message_id if match and match.best else None


async def test_one_key_for_the_topic_settles_which_of_two_offers_it_is(calls: Calls) -> None:
    heard, turn = await place(calls, ANNA, DigitsEntered("2"))
    assert heard == [["greeting", "ask_topic"], ["found", "connecting"]]
    assert about(turn) == "m1"
    assert isinstance(turn.commands[-1], Transfer)
    assert turn.commands[-1].queue == "sales"


async def test_without_a_topic_the_last_digits_settle_it(calls: Calls) -> None:
    heard, turn = await place(calls, ANNA, DigitsEntered(""), DigitsEntered("11"))
    assert heard[:2] == [["greeting", "ask_topic"], ["ask_last_two"]]
    assert about(turn) == "m0"


async def test_callers_who_share_a_telephone_are_told_apart_by_two_digits(calls: Calls) -> None:
    heard, turn = await place(calls, LANDLINE, DigitsEntered("87"))
    assert heard[0] == ["greeting", "ask_last_two"]
    assert about(turn) == "m2"


async def test_a_caller_without_a_number_is_asked_for_the_reference_or_the_code_at_once(calls: Calls) -> None:
    heard, turn = await place(calls, None, DigitsEntered(ANNAS_CODE))
    assert heard == [["greeting", "ask_reference"], ["found", "connecting"]]
    assert about(turn) == "m0"
    assert turn.session.match is not None
    assert turn.session.match.decision is Decision.SURE


@pytest.mark.parametrize(("number", "question"), [(ANNA, "ask_topic"), (LANDLINE, "ask_last_two")])
async def test_a_code_that_a_tel_link_dials_into_another_question_counts(
    calls: Calls, number: str, question: str
) -> None:
    heard, turn = await place(calls, number, DigitsEntered(ANNAS_CODE))
    assert heard == [["greeting", question], ["found", "connecting"]]
    assert about(turn) == "m0"
    assert turn.session.match is not None
    assert turn.session.match.code_accepted


async def test_as_many_keys_are_awaited_as_the_longest_has(calls: Calls) -> None:
    _, turn = await place(calls, None)
    asked = turn.commands[-1]
    assert isinstance(asked, AskDigits)
    assert asked.max_digits == 10


async def test_a_wrong_code_is_asked_for_again_and_then_a_person_takes_over(calls: Calls) -> None:
    heard, turn = await place(calls, None, *[DigitsEntered(WRONG_CODE)] * 3)
    assert heard == [["greeting", "ask_reference"], *[["not_found", "ask_reference"]] * 2, ["connecting"]]
    assert turn.commands[-1] == Transfer("default", 600)
    assert about(turn) is None


async def test_who_answers_nothing_is_asked_at_most_three_things_and_ends_with_a_person(calls: Calls) -> None:
    heard, turn = await place(calls, ANNA, InputTimedOut())
    questions = [*heard]
    while turn.session.queue is None:
        turn = await calls.handle(turn.call_id, InputTimedOut(), turn.sequence)
        questions.append(_heard(turn))
    assert questions[:2] == [["greeting", "ask_topic"], ["ask_last_two"]]
    assert len(questions) <= 4
    assert turn.commands[-1] == Transfer("default", 600)
    assert set(turn.session.inputs.values()) == {""}
