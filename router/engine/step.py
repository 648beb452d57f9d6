"""One turn of a call: an event goes in, a new session and the commands for the channel or the house come out.

The rule of a turn: steps are entered one after the other until one waits or the call ends. What they say is gathered
on the way; said before a question, it belongs to the question, so that a key cuts it short. A step that goes wrong,
and a flow that runs away, never end the call: they are noted in the trace and the caller goes to a person.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from router.core.commands import (
    ACCEPTS,
    AskDigits,
    Command,
    FindMatches,
    Hangup,
    Prompt,
    RecordMessage,
    Say,
    Transfer,
)
from router.core.events import CallerHungUp, CallStarted, Event, MatchesFound, TransferEnded
from router.engine.session import Outcome, Session, State, Trace
from router.flow.model import Flow
from router.flow.nodes.base import HUMAN, Asked, Move, Scene

MOST_STEPS = 500
"""Steps in one call, after which it goes to a person whatever the flow says; after twice as many, each of which was a
hand-over that failed at once, it ends."""
MOST_STEPS_A_TURN = 50
MOST_TRACE = 200


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

    ``now`` is aware. Returns the new session and either one `FindMatches`, or any number of `Say` followed by the one
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
    return session if isinstance(event, MatchesFound) else replace(session, sequence=session.sequence + 1)


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
    return replace(session, state=State.ENDED, outcome=outcome, caller=caller, waiting=None, inputs={}, said=())


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
            case MatchesFound(match=match):
                self.session = replace(self.session, match=match)
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
            tries=session.tries + 1 if move.failed_try else session.tries,
            asked={**session.asked, name: move.asked} if move.asked else session.asked,
        )
        self._said += move.say
        if isinstance(move.then, str):
            return move.then
        self._end_turn(move.then)
        return None

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
            case FindMatches():
                # What was said so far is played when the answer has been found: it takes milliseconds.
                session = replace(session, said=said)
                self.commands = (command,)
            case Say():
                raise ValueError("a say ends no turn")
        self.session = replace(session, waiting=command)

    def _scene(self) -> Scene:
        session, text = self.session, self._flow.text
        return Scene(
            now=self._now,
            prompts=text.prompts,
            hours=text.hours,
            languages=text.languages,
            default_queue=text.default_queue,
            language=session.language,
            tries=session.tries,
            match=session.match,
            inputs=session.inputs,
            facts=self._facts(),
            asked=session.asked.get(session.step or "", Asked()),
        )

    def _facts(self) -> dict[str, object]:
        """The variables of conditions, as documented in docs/flows.md (`router.flow.expressions.SAMPLE`)."""
        session, text = self.session, self._flow.text
        match, caller = session.match, session.caller
        zone = next((hours.timezone for hours in text.hours.values()), "UTC")
        local = self._now.astimezone(ZoneInfo(zone))
        best = match.best if match else None
        return {
            "caller": {
                "known": caller.number is not None,
                "withheld": caller.withheld,
                "prefix": (caller.number or "")[:3],
            },
            "match": {
                "decision": match.decision.value if match else "none",
                "assurance": int(match.assurance) if match else 0,
                "probability": best.probability if best else 0.0,
                "queue": (best.queue if best else None) or "",
                "code_accepted": bool(match and match.code_accepted),
            },
            "inputs": session.inputs,
            "visits": {**dict.fromkeys(self._flow.steps, 0), **session.visits},
            "language": session.language,
            "channel": session.channel,
            "service_number": session.service_number or "",
            "time": {
                "hour": local.hour,
                "minute": local.minute,
                "weekday": local.isoweekday(),
                "date": local.date().isoformat(),
            },
        }
