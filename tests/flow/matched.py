"""A call of one flow whose matches the test decides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

from router.core.commands import Command, FindMatches
from router.core.events import Caller, CallStarted, Event, MatchesFound
from router.core.match import Match
from router.engine.session import Session, session_from_json, session_to_json
from router.engine.step import start, step
from router.flow.model import Flow

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


class MatchedCall:
    """The session goes to JSON and back between every two steps. ``matches`` are what the house finds, one after the
    other; ``asked`` is what it was asked."""

    def __init__(self, flow: Flow, caller: Caller, *matches: Match) -> None:
        self.flow = flow
        self.matches = list(matches)
        self.asked: list[FindMatches] = []
        self.commands: tuple[Command, ...] = ()
        begin = CallStarted("test", caller)
        self.session: Session = start("c", self.flow, begin)
        self.happens(begin)

    def happens(self, *events: Event) -> Self:
        for event in events:
            self._step(event)
            while self.commands and isinstance(asked := self.commands[-1], FindMatches):
                self.asked.append(asked)
                self._step(MatchesFound(self.matches.pop(0)))
        return self

    def _step(self, event: Event) -> None:
        self.session = session_from_json(session_to_json(self.session))
        self.session, self.commands = step(self.flow, self.session, event, NOW)

    @property
    def hears(self) -> list[str]:
        return [prompt.text for command in self.commands for prompt in getattr(command, "prompts", ())]
