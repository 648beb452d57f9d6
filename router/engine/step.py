"""One turn of a call: an event goes in, a new session and the commands for the channel or the house come out.

The rule of a turn: steps are entered one after the other until one waits or the call ends. What they say is gathered
on the way; said before a question, it belongs to the question, so that a key cuts it short. A step that goes wrong,
and a flow that runs away, never end the call: they are noted in the trace and the caller goes to a person.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

from router.core.assurance import Assurance
from router.core.commands import (
    ACCEPTS,
    AskDigits,
    ChannelCommand,
    Command,
    Hangup,
    Leg,
    Prompt,
    RecordMessage,
    Say,
    SendCode,
    Transfer,
)
from router.core.events import (
    CallerHungUp,
    CallStarted,
    CodeChecked,
    Event,
    HandedOver,
    HouseEvent,
    MatchesFound,
    QueueSeen,
    SpeechLost,
    TransferEnded,
    TransferOutcome,
)
from router.core.match import Match
from router.engine.facts import facts_of, zone_of
from router.engine.session import Outcome, Session, State, Trace
from router.flow.model import Flow
from router.flow.nodes.base import HUMAN, Asked, GoTo, Move, Scene
from router.flow.nodes.priorities import MOST_PRIORITY

MOST_STEPS = 500
"""Steps in one call, after which it goes to a person whatever the flow says; after twice as many, each of which was a
hand-over that failed at once, it ends."""
MOST_STEPS_A_TURN = 50
MOST_STEPS_HUNG_UP = 20
"""Steps that a flow may still run after the caller has hung up."""
MOST_TRACE = 200
HANDED_OVER_BEFORE = 10
"""So much more priority has a caller who is passed on than when they were waiting before: they have waited already."""

_MISTAKES = (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError)
"""What a step may fail with."""
_HOUSE = get_args(HouseEvent)
_NEEDS_CALLER = (*get_args(ChannelCommand), SendCode)
"""What ends a call when the caller has hung up."""


class NotAccepted(ValueError):
    """The event does not fit what the session waits for: a repeated, late or misdirected one. Nothing has changed."""


def start(call_id: str, flow: Flow, event: CallStarted) -> Session:
    """The session of a call that has just begun. Hand it, with the same event, to `step`."""
    return Session(
        call_id=call_id,
        flow=flow.name,
        revision=flow.revision,
        channel=event.channel,
        caller=event.caller,
        service_number=event.service_number,
        language=flow.language_for(event.caller.number),
        ahead=event.ahead,
        hours_ahead=event.hours_ahead,
        trunk=event.trunk,
    )


def step(flow: Flow, session: Session, event: Event, now: datetime) -> tuple[Session, tuple[Command, ...]]:
    """Take the call one turn further.

    ``flow`` is the one that ``session.flow`` names in the set that ``session.revision`` names; ``now`` is aware.
    Returns the new session and either one command that asks the house, or any number of `Say` followed by the one
    command that ends the turn, or nothing when the caller has hung up. Raises `NotAccepted`, with nothing changed.
    """
    if session.ended:
        raise NotAccepted("the call has ended")
    if isinstance(event, CallerHungUp):
        return _hung_up(flow, session, event, now)
    turn = _Turn(flow, _count(session, event), now)
    if isinstance(event, CallStarted):
        if session.step is not None:
            raise NotAccepted("the call has started already")
        turn.go(flow.text.start)
    elif isinstance(event, HandedOver):
        _expect(session, event)
        turn.hand_over(event)
    else:
        _expect(session, event)
        turn.resume(event)
    return turn.session, turn.commands


def _count(session: Session, event: Event) -> Session:
    """The house's own answers are not counted: the sequence is that of the outside world."""
    return session if isinstance(event, _HOUSE) else session.but(sequence=session.sequence + 1)


def _expect(session: Session, event: Event) -> None:
    if session.waiting is None:
        raise NotAccepted("the call has not started")
    if not isinstance(event, ACCEPTS[session.waiting.kind]):
        raise NotAccepted(f"{event.kind} does not end {session.waiting.kind}")
    if isinstance(event, SpeechLost) and isinstance(session.waiting, AskDigits) and not session.waiting.speech:
        raise NotAccepted("no speech is listened for")


def _hung_up(flow: Flow, session: Session, event: CallerHungUp, now: datetime) -> tuple[Session, tuple[Command, ...]]:
    if session.hung_up is not None and not event.late:
        raise NotAccepted("the caller has hung up already")
    session = session.but(sequence=session.sequence + 1)
    following = None if event.late else _way_after(flow, session)
    if following is None:
        return _left(session, now), ()
    gone = Trace(now, session.step or "", "", "the caller has hung up", session.flow)
    trace = _longer(session.trace, gone)
    turn = _Turn(flow, session.but(hung_up=session.steps, waiting=None, said=(), trace=trace), now)
    turn.go(following)
    return turn.session, turn.commands


def _way_after(flow: Flow, session: Session) -> str | None:
    """The step to go on with after the caller has hung up, while the flow talked."""
    if session.state is not State.FLOW or session.step is None:
        return None
    here = flow.steps.get(session.step)
    return (here.when_hung_up() if here else None) or flow.text.hung_up


def _left(session: Session, now: datetime) -> Session:
    """The end of a call that the caller has ended."""
    outcome = Outcome.LEFT_QUEUE if session.state is State.QUEUE else Outcome.HUNG_UP
    ended = Trace(now, session.step or "", "", f"call ended: {outcome.value}", session.flow)
    return _closed(session, outcome, trace=_longer(session.trace, ended))


def _closed(session: Session, outcome: Outcome, **changes: Any) -> Session:
    """What was keyed in goes with the call, a callback code is a secret; and so does the caller's number, which is
    kept in one place only, with the call."""
    caller = replace(session.caller, number=None)
    match = session.match and replace(session.match, understood=None)
    return session.but(
        state=State.ENDED,
        outcome=outcome,
        caller=caller,
        waiting=None,
        inputs={},
        values={},
        asked={},
        match=match,
        about=None,
        said=(),
        **changes,
    )


def _longer(trace: tuple[Trace, ...], entry: Trace) -> tuple[Trace, ...]:
    return trace if len(trace) >= MOST_TRACE else (*trace, entry)


def _told(session: Session, event: Event) -> dict[str, Any]:
    """What an event changes whatever step it is for."""
    match event:
        case MatchesFound(match=match, about=about):
            return {"match": match, "about": about}
        case QueueSeen():
            return {"queue_seen": event}
        case SpeechLost():
            return {"keys_only": True}
        case CodeChecked(right=True) if session.match:
            return {"match": replace(session.match, assurance=Assurance.L3)}
        case TransferEnded(outcome=outcome):
            answered = outcome is TransferOutcome.ANSWERED
            return {"state": State.FLOW, "transfer_outcome": outcome} | ({"queued_since": None} if answered else {})
        case _:
            return {}


def _another(before: Match | None, found: Match) -> bool:
    """Whether the call turns out not to be about the message that it was about."""
    if before is None or before.best is None:
        return False
    return found.best is None or found.best.message_id != before.best.message_id


def _without(personal: Collection[str], values: dict[str, Any]) -> dict[str, Any]:
    """What the flow has noted, emptied where it was of somebody who may be another one than now."""
    return {name: "" if f"vars.{name}" in personal else value for name, value in values.items()}


def _why(error: Exception) -> str:
    """Why a step went wrong. Only what is raised on purpose is told in its own words: others may hold values."""
    return str(error) if isinstance(error, KeyError | ValueError) else type(error).__name__


def _sayable(prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
    """Without those of which nothing is known that could be said."""
    return tuple(prompt for prompt in prompts if prompt.text or prompt.recording)


class _Turn:
    """The session on its way through the steps of one turn."""

    def __init__(self, flow: Flow, session: Session, now: datetime) -> None:
        self.session = session
        self.commands: tuple[Command, ...] = ()
        self._flow = flow
        self._now = now
        self._said: tuple[Prompt, ...] = session.said
        self._steps_this_turn = 0
        self._talked = False  # an agent has just left the caller to us, and the flow has not gone on since

    def resume(self, event: Event) -> None:
        """End the wait of the present step with ``event``."""
        told = _told(self.session, event)
        if isinstance(event, MatchesFound) and _another(self.session.match, event.match):
            told["values"] = _without(self._flow.personal, self.session.values)
        self.session = self.session.but(waiting=None, said=(), **told)
        self._talked = isinstance(event, TransferEnded) and event.outcome is TransferOutcome.ANSWERED
        name = self.session.step or HUMAN
        try:
            move = self._flow.steps[name].resume(self._scene(), event)
        except _MISTAKES as error:
            move = Move(HUMAN, note=f"failed: {_why(error)}")
        self._follow(name, move)

    def hand_over(self, event: HandedOver) -> None:
        """Wait anew, elsewhere, at the same step: what comes of it leads on from there like any other transfer."""
        session, name = self.session, self.session.step or HUMAN
        before = session.waiting.priority if isinstance(session.waiting, Transfer) else 0
        legs = (Leg(event.queue, event.timeout, person=event.person),) if event.person else ()
        priority = min(MOST_PRIORITY, before + HANDED_OVER_BEFORE)
        kind = self._flow.steps[name].type if name in self._flow.steps else ""
        note = f"an agent hands over to {'somebody of ' if event.person else ''}queue {event.queue}"
        trace = _longer(session.trace, Trace(self._now, name, kind, note, session.flow))
        answered: dict[str, Any] = {"transfer_outcome": TransferOutcome.ANSWERED, "queued_since": None}
        self.session = session.but(waiting=None, said=(), trace=trace, **answered)
        self._end_turn(Transfer(event.queue, event.timeout, priority, legs=legs))

    def go(self, name: str) -> None:
        """Enter the step ``name`` and follow where it leads."""
        while True:
            visits = {**self.session.visits, name: self.session.visits.get(name, 0) + 1}
            self.session = self.session.but(step=name, visits=visits, tries=0, steps=self.session.steps + 1)
            self._steps_this_turn += 1
            self._talked = False
            move = self._enter(name)
            following = self._apply(name, move)
            if following is None:
                return
            name = following

    def _enter(self, name: str) -> Move:
        if self.session.steps > 2 * MOST_STEPS:
            return Move(Hangup(), note="failed: nobody can be reached")
        if name != HUMAN and (self.session.steps > MOST_STEPS or self._steps_this_turn > MOST_STEPS_A_TURN):
            return Move(HUMAN, note="failed: the flow ran away")
        gone_at = self.session.hung_up
        if gone_at is not None and self.session.steps > gone_at + MOST_STEPS_HUNG_UP:
            return Move(Hangup(), note="failed: too much to do after the caller has hung up")
        try:
            return self._flow.steps[name].enter(self._scene())
        except _MISTAKES as error:
            return Move(HUMAN, note=f"failed: {_why(error)}")

    def _follow(self, name: str, move: Move) -> None:
        following = self._apply(name, move)
        if following is not None:
            self.go(following)

    def _apply(self, name: str, move: Move) -> str | None:
        """Do what the step wants; the next step's name, or None when the turn is over."""
        session = self.session
        kind = self._flow.steps[name].type if name in self._flow.steps else ""
        wanted = move.language or (None if session.language_chosen else move.customer_language)
        changes: dict[str, Any] = {
            "trace": _longer(session.trace, Trace(self._now, name, kind, move.note, session.flow))
        }
        if wanted:
            changes |= {"language": wanted, "language_chosen": session.language_chosen or move.language is not None}
        if move.inputs:
            changes["inputs"] = {**session.inputs, **move.inputs}
        if move.values:
            changes["values"] = {**session.values, **move.values}
        if move.failed_try:
            changes["tries"] = session.tries + 1
        if move.asked:
            changes["asked"] = {**session.asked, name: move.asked}
        self.session = session.but(**changes)
        if session.hung_up is None:
            self._said += _sayable(move.say)
        match move.then:
            case str(following):
                return following
            case GoTo(flow=flow):
                return self._change_flow(flow)
            case command:
                self._end_turn(command)
                return None

    def _change_flow(self, name: str) -> str:
        """On with another flow of the same set; what counts for single steps begins anew."""
        session = self.session
        if name not in self._flow.flows:
            failed = Trace(self._now, session.step or "", "", f"failed: no flow '{name}'", session.flow)
            self.session = session.but(trace=_longer(session.trace, failed))
            return HUMAN
        self._flow = self._flow.flows[name]
        self.session = session.but(flow=name, visits={}, asked={})
        return self._flow.text.start

    def _end_turn(self, command: Command) -> None:
        session, said = self.session, self._said
        if session.hung_up is not None and isinstance(command, _NEEDS_CALLER):
            self.session, self.commands = _left(session, self._now), ()
            return
        before: tuple[Command, ...] = (Say(said),) if said else ()
        match command:
            case Hangup():
                outcome = Outcome.LEFT_QUEUE if self._talked else Outcome.FINISHED
                self.session, self.commands = _closed(session, outcome), (*before, command)
            case AskDigits() | RecordMessage():
                prompts = _sayable(command.prompts)
                asked = replace(command, prompts=(*said, *prompts)) if said or prompts != command.prompts else command
                if session.keys_only and isinstance(asked, AskDigits) and asked.speech:
                    asked = replace(asked, speech=False)
                self.session, self.commands = session.but(waiting=asked), (asked,)
            case Transfer(queue=queue):
                since = session.queued_since or self._now
                self.session = session.but(waiting=command, state=State.QUEUE, queue=queue, queued_since=since)
                self.commands = (*before, command)
            case Say():
                raise ValueError("a say ends no turn")
            case _:
                # The house is asked. What was said so far is played when its answer has come: it takes milliseconds.
                self.session, self.commands = session.but(waiting=command, said=said), (command,)

    def _scene(self) -> Scene:
        session, flow, now = self.session, self._flow, self._now
        return Scene(
            now=now,
            prompts=flow.prompts,
            hours=flow.hours,
            queues=flow.queues,
            languages=flow.text.languages,
            default_queue=flow.text.default_queue,
            language=session.language,
            tries=session.tries,
            match=session.match,
            inputs=session.inputs,
            caller_known=session.caller.number is not None,
            details=flow.details,
            make_facts=lambda: facts_of(flow, session, now),
            asked=session.asked.get(session.step or "", Asked()),
            personal=flow.personal,
            zone=zone_of(flow),
            queued_since=session.queued_since,
            hours_ahead=session.hours_ahead,
        )
