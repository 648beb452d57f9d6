"""Calls made up by hypothesis, on any flow, as they are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from router.core.assurance import Assurance
from router.core.commands import (
    AskDigits,
    CallWebhook,
    CheckCode,
    Command,
    FindMatches,
    KeepCallback,
    RecordMessage,
    SeeQueue,
    SendCode,
    SendText,
    Transfer,
)
from router.core.events import (
    WITHHELD,
    CallbackKept,
    Caller,
    CallerHungUp,
    CallStarted,
    CodeChecked,
    CodeSent,
    DigitsEntered,
    Event,
    HouseEvent,
    InputTimedOut,
    MatchesFound,
    QueueSeen,
    RecordingEnded,
    SpeechHeard,
    SpeechLost,
    TextSent,
    TransferEnded,
    TransferOutcome,
    Unsent,
    WebhookAnswered,
)
from router.core.hearing import Part, Reading, Understood
from router.core.hearing import Verdict as Heard
from router.core.match import About, Candidate, Decision, Match, Question
from router.engine.recorded import from_record, to_record
from router.engine.replay import RecordedCall
from router.engine.session import session_from_json, session_to_json
from router.engine.step import start, step
from router.flow.model import Flow

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
SAID = ("ja", "nein", "Strom bitte", "um Gas", "Vertrag", "drei neun", "eins", "Meier aus Bonn", "4 7 1 1")

HEARD = tuple(
    SpeechHeard(next(iter(weights)), tuple(Reading(text, weight) for text, weight in weights.items()), "whisper")
    for weights in (
        {"sechs drei null fünf": 0.6},
        {"6 3 0 5 7 4 1 2": 0.4, "6 3 0 5 7 4 4 2": 0.39},
        {"nein, 4 7 1 1": 0.7, "4 7 1 7": 0.2},
        {"äh": 0.5, "ja": 0.4},
        {"vier sieben": 0.9},
    )
)


def call_of(flow: Flow, data: st.DataObject, call_id: str = "call-1") -> RecordedCall:
    """A call to ``flow`` from its beginning to its end."""
    caller = data.draw(st.sampled_from([WITHHELD, Caller("+493023125011"), Caller("+442079460011")]))
    event: Event = CallStarted("testphone", caller, "+493023125000")
    assert isinstance(event, CallStarted)
    session = start(call_id, flow, event)
    turns = []
    for number in range(12):
        current = flow.flows[session.flow]
        session, commands = step(current, session, event, AT)
        answers: list[HouseEvent] = []
        while commands and not isinstance(commands[-1], AskDigits | RecordMessage | Transfer) and not session.ended:
            answers.append(answer_to(commands[-1], data))
            session, commands = step(flow.flows[session.flow], session, answers[-1], AT)
        turns.append(from_record(AT, to_record(current, event, tuple(answers), session.language)))
        if session.ended:
            break
        event = CallerHungUp() if number == 10 else happening(commands[-1], data)
    session = session_from_json(session_to_json(session))
    return RecordedCall(call_id, tuple(turns), session.trace)


def happening(wait: Command, data: st.DataObject) -> Event:
    match wait:
        case AskDigits(max_digits=most, more_digits=more):
            keys = st.sampled_from(["", "1", "2", "3", "9", "*", "12", "139", "4711", "0815", "4821391234"])
            keyed = keys.filter(lambda digits: len(digits) <= most + more).map(DigitsEntered)
            heard = st.sampled_from([*map(SpeechHeard, SAID), *HEARD, SpeechLost()]) if wait.speech else keyed
            happens: st.SearchStrategy[Event] = st.one_of(
                keyed, keyed, heard, st.just(InputTimedOut()), st.just(CallerHungUp())
            )
            return data.draw(happens)
        case RecordMessage():
            left = st.sampled_from(
                [RecordingEnded("vm", 7.0), RecordingEnded(None, 0.0), RecordingEnded(None, 0, "Hi")]
            )
            return data.draw(st.one_of(left, st.just(CallerHungUp())))
        case _:
            return data.draw(st.one_of(st.sampled_from(TransferOutcome).map(TransferEnded), st.just(CallerHungUp())))


def answer_to(asked: Command, data: st.DataObject) -> HouseEvent:
    unsent = st.sampled_from([None, *Unsent])
    match asked:
        case FindMatches(questions=questions):
            return data.draw(matches(questions))
        case SeeQueue(queue=queue):
            return QueueSeen(queue, 3, data.draw(st.integers(0, 2)), data.draw(st.sampled_from([None, 60, 900])))
        case SendCode():
            return CodeSent(data.draw(unsent))
        case CheckCode():
            return CodeChecked(data.draw(st.booleans()))
        case SendText():
            return TextSent(data.draw(unsent))
        case CallWebhook():
            return WebhookAnswered(
                data.draw(st.sampled_from([None, {"tier": "gold", "balance": 1850, "name": "Erika"}]))
            )
        case KeepCallback():
            return CallbackKept(data.draw(st.booleans()))
        case other:
            raise AssertionError(f"no answer to {other.kind}")


@st.composite
def matches(draw: st.DrawFn, questions: tuple[Question, ...]) -> MatchesFound:
    decision = draw(st.sampled_from(Decision))
    question = draw(st.sampled_from([None, *questions]))
    accepted = draw(st.sampled_from([None, False]))
    understood = draw(st.sampled_from([None, *(Understood(each, "63057412", Part("last", 3)) for each in Heard)]))
    if decision is Decision.NONE:
        return MatchesFound(Match(decision, Assurance.L0, 1.0, (), accepted, question, understood))
    best = Candidate("m1", 0.9712345, (), draw(st.sampled_from([None, "sales"])), draw(st.sampled_from([None, "en"])))
    assurance = draw(st.sampled_from(Assurance))
    match = Match(decision, assurance, 0.03, (best, best), accepted, question, understood)
    return MatchesFound(match, About({"title": "Sommer", "campaign": "summer"}, {"name": "Erika"}))
