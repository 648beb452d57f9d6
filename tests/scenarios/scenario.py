"""Reads scenario files; see README.md beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from router.core import events
from router.core.commands import AskDigits, ChannelCommand, FindMatches, Hangup, RecordMessage, Say, Transfer
from router.core.match import Match
from router.engine.scenario import read_scenario
from router.engine.session import Session
from router.engine.step import start, step
from router.flow.model import Flow

FOLDERS = (Path(__file__).parent, Path(__file__).parents[2] / "ivr_flows" / "scenarios")


@dataclass(frozen=True)
class Scenario:
    name: str
    at: datetime
    caller: events.Caller
    matches: list[Match]
    call: list[dict[str, Any]]


def scenarios() -> list[Scenario]:
    return [_read(file) for folder in FOLDERS for file in sorted(folder.glob("*.yaml"))]


def _read(file: Path) -> Scenario:
    data = yaml.safe_load(file.read_text())
    text = read_scenario(file.read_text(), str(file))
    matches = [answer.match.event(ASKED).match for answer in text.text.house if answer.match]
    return Scenario(file.stem, text.text.at, text.caller, matches, data["call"])


ASKED = FindMatches(topics=("power", "gas", "other"))


def event_of(line: dict[str, Any]) -> events.Event | None:
    """The event of a line, or None for the start."""
    match next(iter(line.items())):
        case ("start", _):
            return None
        case ("digits", digits):
            return events.DigitsEntered(digits)
        case ("speech", text):
            return events.SpeechHeard(text)
        case ("silence", _):
            return events.InputTimedOut()
        case ("transfer", outcome):
            return events.TransferEnded(events.TransferOutcome(outcome))
        case ("recording", seconds):
            return events.RecordingEnded("vm-1" if seconds else None, float(seconds))
        case ("hangup", _):
            return events.CallerHungUp()
        case other:
            raise AssertionError(f"no such line in a scenario: {other}")


def heard(commands: tuple[ChannelCommand, ...], flow: Flow) -> list[str]:
    """The names of the prompts heard."""
    names = {text: name for name, words in flow.text.prompts.items() for text in words.texts.values()}
    return [names[prompt.text] for command in commands for prompt in getattr(command, "prompts", ())]


def what_then(commands: tuple[ChannelCommand, ...]) -> str:
    match commands[-1] if commands else None:
        case AskDigits():
            return "ask"
        case RecordMessage():
            return "record"
        case Transfer(queue=queue):
            return f"queue {queue}"
        case Hangup():
            return "hangup"
        case Say():
            raise AssertionError("a turn never ends with a say")
        case None:
            return "nothing"


def on_the_engine(scenario: Scenario, flow: Flow, channel: str) -> tuple[Session, list[tuple[ChannelCommand, ...]]]:
    """The call on the bare engine: how it ends, and what each line led to."""
    matches = list(scenario.matches)
    begin = events.CallStarted(channel, scenario.caller, "+493023125000")
    session = start("call-1", flow, begin)
    turns: list[tuple[ChannelCommand, ...]] = []
    for line in scenario.call:
        session, commands = step(flow, session, event_of(line) or begin, scenario.at)
        while commands and isinstance(commands[-1], FindMatches):
            session, commands = step(flow, session, events.MatchesFound(matches.pop(0)), scenario.at)
        turns.append(tuple(command for command in commands if isinstance(command, ChannelCommand)))
    return session, turns


def way(session: Session) -> list[tuple[str, str]]:
    """The steps a call took, in order."""
    return [(entry.step, entry.type) for entry in session.trace]
