"""Recorded calls, run again on another flow: which would have gone another way?

A call is run on its own flow first; only where that takes the way the call took can it be run on another. There, what
happened is put to the same questions, and what the house answered to the same questions of the flow. Where the other
flow asks something that nobody was asked, or goes by something that was not kept, nothing is guessed: it cannot be
told.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from router.core.commands import AskDigits, Command, Hangup, KeepCallback, RecordMessage, Transfer, Wait
from router.core.events import (
    CallbackKept,
    CallerHungUp,
    CallStarted,
    DigitsEntered,
    Event,
    HouseEvent,
    MatchesFound,
    SpeechHeard,
)
from router.engine.followed import CannotTell, Followed, Goes
from router.engine.recorded import RecordedTurn, words_listened_for
from router.engine.sameness import same_question, same_wait
from router.engine.session import Session, Trace
from router.engine.step import NotAccepted, start, step
from router.flow.model import Flow


class Verdict(StrEnum):
    """How a call goes on another flow."""

    SAME = "same"
    OTHER_STEPS = "other_steps"
    """To the same end by other steps."""
    OTHER_END = "other_end"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call that has ended: its turns as they were kept, and its trace."""

    call_id: str
    turns: tuple[RecordedTurn, ...]
    trace: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a call went again. An end is ``queue NAME``, ``message at STEP``, ``callback``, ``end at STEP`` or ``hung up
    at STEP``; ``new_end`` is None where it cannot be told, and ``why`` says why. ``parted`` is the last step that both
    ways have in common, the one at which they part."""

    call_id: str
    verdict: Verdict
    old_end: str | None = None
    new_end: str | None = None
    parted: str | None = None
    why: str = ""


def replay(call: RecordedCall, own: Followed, other: Followed) -> Replayed:
    """Run ``call`` on the flows ``other`` that it went through on its ``own``."""
    try:
        recorded = _recorded(call, own)
    except CannotTell as error:
        return Replayed(call.call_id, Verdict.CANNOT_TELL, parted=error.step, why=error.why)
    try:
        went = _Other(call, recorded, other)
        went.run()
    except CannotTell as error:
        return Replayed(call.call_id, Verdict.CANNOT_TELL, recorded.end, None, error.step, error.why)
    return _compared(call.call_id, recorded, went)


def _compared(call_id: str, old: _Recorded, new: _Other) -> Replayed:
    if old.entered == new.entered and old.end == new.end:
        return Replayed(call_id, Verdict.SAME, old.end, new.end)
    common = 0
    for before, after in zip(old.entered, new.entered, strict=False):
        if before != after:
            break
        common += 1
    verdict = Verdict.OTHER_STEPS if old.end == new.end else Verdict.OTHER_END
    parted = old.entered[common - 1][1] if common else None
    return Replayed(call_id, verdict, old.end, new.end, parted)


class _Way(ABC):
    """A call on its way through one flow: the steps entered, and the end it comes to."""

    def __init__(self, call: RecordedCall, flows: Followed) -> None:
        self._call, self.flows = call, flows
        begin = call.turns[0].event
        name = call.trace[0].flow if call.trace else ""
        if not isinstance(begin, CallStarted) or name not in flows.flows:
            raise CannotTell("there is no such flow" if name else "the beginning was not kept")
        self._begin = begin
        self.flow = flows.flows[name]
        self.session = start(call.call_id, self.flow, begin)
        self.entered: list[tuple[str, str]] = []
        self._end: str | None = None
        self._hung_up_at: str | None = None
        flows.begin(Goes(self.entered))

    @property
    def end(self) -> str:
        """Where the call ended, as far as it was followed."""
        if self._end is not None:
            return self._end
        if self._hung_up_at is not None:
            return f"hung up at {self._hung_up_at}"
        return f"end at {self.session.step}"

    def _take(self, turn: RecordedTurn) -> None:
        """The call one turn further."""
        event: Event = turn.event
        if isinstance(event, CallerHungUp):
            self._hung_up_at = self.session.step
        while True:
            flow = self.flows.flows[self.session.flow]
            try:
                self.session, commands = step(flow, self.session, event, turn.at)
            except NotAccepted as error:
                raise CannotTell(str(error), self.session.step) from None
            command = commands[-1] if commands else None
            self._note(command)
            if command is None or isinstance(command, AskDigits | RecordMessage | Transfer | Hangup):
                return
            answer = self._answer(command)
            if isinstance(command, KeepCallback) and isinstance(answer, CallbackKept) and answer.kept:
                self._end = "callback"
            event = answer

    def _note(self, command: Command | None) -> None:
        match command:
            case Transfer(queue=queue):
                self._end = f"queue {queue}"
            case RecordMessage():
                self._end = f"message at {self.session.step}"
            case AskDigits():
                self._end = None
            case _:
                pass

    @abstractmethod
    def _answer(self, command: Command) -> HouseEvent:
        """What the house answers on this way. Raises `CannotTell`."""


@dataclass(frozen=True, slots=True)
class _Answered:
    """What the flow asked of the house, and the answer."""

    command: Command
    answer: HouseEvent


class _Recorded(_Way):
    """The call on its own flow. ``waits`` has what it waited for after each turn."""

    def __init__(self, call: RecordedCall, flows: Followed) -> None:
        super().__init__(call, flows)
        self.answered: list[_Answered] = []
        self.waits: list[tuple[Session, Wait | None]] = []
        self._left: list[HouseEvent] = []

    def run(self) -> None:
        """All turns, one after the other."""
        self.flows.begin(Goes(self.entered, _ways_on(self._call.trace)))
        for turn in self._call.turns:
            self._left = list(turn.answers)
            self._take(turn)
            wait = self.session.waiting
            self.waits.append((self.session, wait if isinstance(wait, AskDigits | RecordMessage | Transfer) else None))

    def _answer(self, command: Command) -> HouseEvent:
        if not self._left:
            raise CannotTell("what the house answered was not kept", self.session.step)
        answer = self._left.pop(0)
        self.answered.append(_Answered(command, answer))
        return answer


def _recorded(call: RecordedCall, own: Followed) -> _Recorded:
    """The call on its own flow, where it takes the way that it took. Raises `CannotTell`."""
    recorded = _Recorded(call, own)
    recorded.run()
    if not recorded.session.ended:
        raise CannotTell("the call's end was not kept", recorded.session.step)
    if _steps(recorded.session.trace) != _steps(call.trace):
        raise CannotTell("goes by what was not kept of the call", _first_other(recorded.session.trace, call.trace))
    return recorded


def _steps(trace: Sequence[Trace]) -> list[tuple[str, str]]:
    return [(entry.flow, entry.step) for entry in trace]


def _first_other(trace: Sequence[Trace], stored: Sequence[Trace]) -> str | None:
    before: str | None = None
    for ours, theirs in zip(trace, stored, strict=False):
        if (ours.flow, ours.step) != (theirs.flow, theirs.step):
            break
        before = ours.step
    return before


def _ways_on(trace: Sequence[Trace]) -> Mapping[tuple[str, str], list[str]]:
    """Where the call went from each step, each time."""
    ways: dict[tuple[str, str], list[str]] = {}
    for entry, following in pairwise(trace):
        ways.setdefault((entry.flow, entry.step), []).append(following.step)
    return ways


class _Other(_Way):
    """The call on the other flow, put to the questions that the caller and the house were asked."""

    def __init__(self, call: RecordedCall, recorded: _Recorded, flows: Followed) -> None:
        super().__init__(call, flows)
        self._recorded = recorded
        self._used: set[int] = set()

    def run(self) -> None:
        """As far as can be told."""
        self.flows.begin(Goes(self.entered, _ways_on(self._call.trace), self._recorded.flows.plain))
        at: int | None = 0
        while at is not None:
            self._take(self._call.turns[at])
            at = self._next(at)

    def _next(self, at: int) -> int | None:
        """The turn that answers what the flow waits for now; None where the call has come to an end."""
        wait = self.session.waiting
        if self.session.ended or not isinstance(wait, AskDigits | RecordMessage | Transfer):
            return None
        for later in range(at + 1, len(self._call.turns)):
            before, waited = self._recorded.waits[later - 1]
            if waited is not None and same_wait(self.session, wait, before, waited):
                self._fits(wait, waited, self._call.turns[later].event)
                return later
        if isinstance(wait, AskDigits):
            raise CannotTell("asks the caller what nobody was asked", self.session.step)
        return None

    def _fits(self, wait: Wait, waited: Wait, event: Event) -> None:
        """What the caller did is only an answer where it could have been done here as well."""
        if not (isinstance(wait, AskDigits) and isinstance(waited, AskDigits)):
            return
        match event:
            case DigitsEntered(digits=digits):
                cut = len(digits) > wait.max_digits + wait.more_digits
                ended = len(digits) >= waited.max_digits and wait.max_digits > waited.max_digits
                if cut or ended:
                    raise CannotTell("takes another number of keys", self.session.step)
            case SpeechHeard(text=text):
                new = words_listened_for(self.flow) - words_listened_for(self._recorded.flow)
                if not wait.speech or (new and "x" in text.split()):
                    raise CannotTell("listens for words that were not kept", self.session.step)
            case _:
                pass

    def _answer(self, command: Command) -> HouseEvent:
        answered = self._recorded.answered
        fitting = [number for number, old in enumerate(answered) if same_question(old.command, command)]
        fresh = [number for number in fitting if number not in self._used]
        if not fitting:
            raise CannotTell("asks the house what it was not asked", self.session.step)
        number = (fresh or fitting)[0]
        self._used.add(number)
        old = answered[number]
        if isinstance(old.answer, MatchesFound):
            self._would_ask(old, command)
        return old.answer

    def _would_ask(self, old: _Answered, command: Command) -> None:
        """Another choice of questions may have led to another question."""
        before, now = getattr(old.command, "questions", ()), getattr(command, "questions", ())
        match = old.answer.match if isinstance(old.answer, MatchesFound) else None
        if match is None or before == now:
            return
        name = self.session.step or ""
        asks_when = getattr(self.flow.flows[self.session.flow].steps.get(name), "ask_when", ())
        fewer = set(now) <= set(before) and (match.question is None or match.question in now)
        if not fewer and match.decision in asks_when:
            raise CannotTell("may ask the caller what nobody was asked", name)


def followed(flow: Flow) -> Followed:
    """The flows of the set of ``flow``, made ready for many calls."""
    return Followed({**flow.flows, flow.name: flow})
