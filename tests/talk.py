"""A call of one flow on the bare engine, with the session taken to JSON and back between every two events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from router.core.assurance import Assurance
from router.core.commands import Command
from router.core.events import Caller, CallStarted, Event, MatchesFound
from router.core.match import Candidate, Decision, Match
from router.engine.session import session_from_json, session_to_json
from router.engine.step import start, step
from router.flow.files import check

C = TypeVar("C")

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
ANNA = Caller("+493023125011")
FOUND = Match(Decision.SURE, Assurance.L1, 0.01, (Candidate("m1", 0.99, (), queue="sales"),))
PROVED = Match(Decision.SURE, Assurance.L3, 0.01, FOUND.candidates)


class Talk:
    """``flow`` is YAML; ``last`` is the command that ended the last turn."""

    def __init__(self, flow: str, caller: Caller = ANNA, match: Match | None = None, now: datetime = MONDAY) -> None:
        self.flow = check(flow, "flow.yaml")
        self.now = now
        self.commands: tuple[Command, ...] = ()
        begin = CallStarted("test", caller, "+493023125000")
        self.session = start("call", self.flow, begin)
        self.tell(begin)
        if match is not None:
            self.tell(MatchesFound(match))

    @property
    def last(self) -> Command:
        return self.commands[-1]

    def then(self, kind: type[C]) -> C:
        """The last command, which is of this kind."""
        last = self.commands[-1]
        assert isinstance(last, kind), last
        return last

    @property
    def heard(self) -> list[str]:
        """What the caller heard in the last turn."""
        return [prompt.text for command in self.commands for prompt in getattr(command, "prompts", ())]

    @property
    def step(self) -> str | None:
        return self.session.step

    @property
    def notes(self) -> list[str]:
        return [entry.note for entry in self.session.trace]

    def tell(self, event: Event) -> Command | None:
        session, self.commands = step(self.flow, self.session, event, self.now)
        self.session = session_from_json(session_to_json(session))
        assert self.session == session
        return self.commands[-1] if self.commands else None
