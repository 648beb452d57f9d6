"""One turn of a call: an event goes in, a new session and the commands for the channel or the house come out.

The rule of a turn: steps are entered one after the other until one waits or the call ends. What they say is gathered
on the way; said before a question, it belongs to the question, so that a key cuts it short. A step that goes wrong,
and a flow that runs away, never end the call: they are noted in the trace and the caller goes to a person.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import get_args

from router.core.assurance import Assurance
from router.core.commands import (
    ACCEPTS,
    AskDigits,
    Command,
    Hangup,
    Prompt,
    RecordMessage,
    Say,
    Transfer,
)
from router.core.events import (
    CallerHungUp,
    CallStarted,
    CodeChecked,
    Event,
    HouseEvent,
    MatchesFound,
    QueueSeen,
    TransferEnded,
)
from router.engine.facts import facts_of
from router.engine.session import Outcome, Session, State, Trace
from router.flow.model import Flow
from router.flow.nodes.base import HUMAN, Asked, GoTo, Move, Scene

MOST_STEPS = 500
"""Steps in one call, after which it goes to a person whatever the flow says; after twice as many, each of which was a
hand-over that failed at once, it ends."""
MOST_STEPS_A_TURN = 50
MOST_TRACE = 200

_HOUSE = get_args(HouseEvent)


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
        return _hung_up(session, now), ()
    turn = _Turn(flow, _count(session, event), now)
    if isinstance(event, CallStarted):
        if session.step is not None:
            raise NotAccepted("the call has started already")
        turn.go(flow.text.start)
    else:
        _expect(session, event)
        turn.resume(event)
    return turn.session, turn.commands


def _count(session: Session, event: Event) -> Session:
    """The house's own answers are not counted: the sequence is that of the outside world."""
    return session if isinstance(event, _HOUSE) else replace(session, sequence=session.sequence + 1)


def _expect(session: Session, event: Event) -> None:
    if session.waiting is None:
        raise NotAccepted("the call has not started")
    if not isinstance(event, ACCEPTS[session.waiting.kind]):
        raise NotAccepted(f"{event.kind} does not end {session.waiting.kind}")


def _hung_up(session: Session, now: datetime) -> Session:
    outcome = Outcome.LEFT_QUEUE if session.state is State.QUEUE else Outcome.HUNG_UP
    ended = _traced(session, now, session.step or "", "", f"call ended: {outcome.value}")
    return replace(_closed(ended, outcome), sequence=session.sequence + 1)


def _closed(session: Session, outcome: Outcome) -> Session:
    """What was keyed in goes with the call, a callback code is a secret; and so does the caller's number, which is
    kept in one place only, with the call."""
    caller = replace(session.caller, number=None)
    return replace(
        session,
        state=State.ENDED,
        outcome=outcome,
        caller=caller,
        waiting=None,
        inputs={},
        values={},
        about=None,
        said=(),
    )


def _traced(session: Session, now: datetime, name: str, type_: str, note: str) -> Session:
    if len(session.trace) >= MOST_TRACE:
        return session
    return replace(session, trace=(*session.trace, Trace(now, name, type_, note)))


class _Turn:
    """The session on its way through the steps of one turn."""

    def __init__(self, flow: Flow, session: Session, now: datetime) -> None:
        self.session = session
        self.commands: tuple[Command, ...] = ()
        self._flow = flow
        self._now = now
        self._said: tuple[Prompt, ...] = session.said
        self._steps_this_turn = 0

    def resume(self, event: Event) -> None:
        """End the wait of the present step with ``event``."""
        match event:
            case MatchesFound(match=match, about=about):
                self.session = replace(self.session, match=match, about=about)
            case QueueSeen():
                self.session = replace(self.session, queue_seen=event)
            case CodeChecked(right=True) if self.session.match:
                self.session = replace(self.session, match=replace(self.session.match, assurance=Assurance.L3))
            case TransferEnded(outcome=outcome):
                self.session = replace(self.session, state=State.FLOW, transfer_outcome=outcome)
            case _:
                pass
        self.session = replace(self.session, waiting=None, said=())
        name = self.session.step or HUMAN
        try:
            move = self._flow.steps[name].resume(self._scene(), event)
        except (KeyError, ValueError) as error:
            move = Move(HUMAN, note=f"failed: {error}")
        self._follow(name, move)

    def go(self, name: str) -> None:
        """Enter the step ``name`` and follow where it leads."""
        while True:
            visits = {**self.session.visits, name: self.session.visits.get(name, 0) + 1}
            self.session = replace(self.session, step=name, visits=visits, tries=0, steps=self.session.steps + 1)
            self._steps_this_turn += 1
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
        try:
            return self._flow.steps[name].enter(self._scene())
        except (KeyError, ValueError, StopIteration) as error:
            return Move(HUMAN, note=f"failed: {error}")

    def _follow(self, name: str, move: Move) -> None:
        following = self._apply(name, move)
        if following is not None:
            self.go(following)

    def _apply(self, name: str, move: Move) -> str | None:
        """Do what the step wants; the next step's name, or None when the turn is over."""
        session = self.session
        kind = self._flow.steps[name].type if name in self._flow.steps else ""
        session = _traced(session, self._now, name, kind, move.note)
        wanted = move.language or (None if session.language_chosen else move.customer_language)
        self.session = replace(
            session,
            language=wanted or session.language,
            language_chosen=session.language_chosen or move.language is not None,
            inputs={**session.inputs, **move.inputs},
            values={**session.values, **move.values},
            tries=session.tries + 1 if move.failed_try else session.tries,
            asked={**session.asked, name: move.asked} if move.asked else session.asked,
        )
        self._said += move.say
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
        self._flow = self._flow.flows[name]
        self.session = replace(self.session, flow=name, visits={}, asked={})
        return self._flow.text.start

    def _end_turn(self, command: Command) -> None:
        session, said = self.session, self._said
        before: tuple[Command, ...] = (Say(said),) if said else ()
        match command:
            case Hangup():
                self.session, self.commands = _closed(session, Outcome.FINISHED), (*before, command)
                return
            case AskDigits() | RecordMessage():
                command = replace(command, prompts=(*said, *command.prompts))
                self.commands = (command,)
            case Transfer(queue=queue):
                session = replace(session, state=State.QUEUE, queue=queue)
                self.commands = (*before, command)
            case Say():
                raise ValueError("a say ends no turn")
            case _:
                # The house is asked. What was said so far is played when its answer has come: it takes milliseconds.
                session = replace(session, said=said)
                self.commands = (command,)
        self.session = replace(session, waiting=command)

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
        )
