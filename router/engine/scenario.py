"""Scenarios: whole calls as data, run on the engine alone, with what was expected held to what came.

A scenario is a YAML file beside the flows, ``scenarios/NAME.yaml``; docs/flow-testing.md describes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from router.core import events
from router.core.commands import AskDigits, ChannelCommand, Command, Hangup, Prompt, RecordMessage, Transfer
from router.engine.coverage import Watch, watched
from router.engine.scenario_text import ANSWER_TO, AnswerText, LineText, ScenarioText
from router.engine.session import (
    Session,
    commands_from_json,
    commands_to_json,
    event_from_json,
    event_to_json,
    session_from_json,
    session_to_json,
)
from router.engine.step import NotAccepted, start, step
from router.flow.model import Flow
from router.flow.parse import parse
from router.flow.placeholders import Placeholder, has_variables, template
from router.flow.problems import FlowRefused, nearest
from router.flow.source import Source

CHANNEL = "testphone"
"""The channel of scenarios that are not run through a channel."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario that was read. ``name`` is that of its file, without the ending."""

    name: str
    file: str
    text: ScenarioText
    source: Source = field(repr=False)

    @property
    def caller(self) -> events.Caller:
        """Who calls."""
        return events.WITHHELD if self.text.caller == "withheld" else events.Caller(self.text.caller)

    def line(self, *path: str | int) -> int:
        """The line of the file in which something stands."""
        return self.source.keys.get(path, self.source.places.get(path, (1, 1)))[0]


def read_scenario(text: str, file: str) -> Scenario:
    """Read a scenario. Raises `FlowRefused` with every problem, each with line and column."""
    parsed = parse(text, file, ScenarioText)
    if parsed.problems or parsed.source is None or parsed.value is None:
        raise FlowRefused(parsed.problems)
    return Scenario(PurePosixPath(file).stem, file, parsed.value, parsed.source)


def flow_of(scenario: Scenario, flows: Mapping[str, Flow]) -> Flow:
    """The flow that a scenario calls. Raises `FlowRefused` where it is not there."""
    name = scenario.text.flow
    if name not in flows:
        wrong = f"no flow '{name}'{nearest(name, flows)}"
        raise FlowRefused([scenario.source.problem(("flow",), "missing-flow", wrong)])
    return flows[name]


@dataclass(frozen=True, slots=True)
class Miss:
    """Something came otherwise than expected in this ``line`` of the scenario."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class TurnRan:
    """What a line led to: the commands of the channel, what of them is heard (prompts by name, other texts as they
    are), in which language the call goes on, and what it does next."""

    line: int
    commands: tuple[ChannelCommand, ...]
    heard: tuple[str, ...]
    language: str
    then: str


@dataclass(frozen=True, slots=True)
class Ran:
    """How a scenario went. ``watch`` has the steps and exits it went through."""

    scenario: Scenario
    session: Session
    turns: tuple[TurnRan, ...]
    misses: tuple[Miss, ...]
    watch: Watch

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return not self.misses

    @property
    def way(self) -> tuple[str, ...]:
        """The steps entered, in order."""
        return tuple(name for _, name in self.watch.entered)


def run(scenario: Scenario, flow: Flow, channel: str = CHANNEL) -> Ran:
    """Run the scenario on ``flow``, with session and events taken to JSON and back between any two steps."""
    watch = Watch()
    running = _Run(scenario, watched(flow, watch), channel)
    misses = list(running.misses())
    return Ran(scenario, running.session, tuple(running.turns), (*misses, *_way_missed(scenario, watch)), watch)


class NoAnswer(LookupError):
    """The scenario has no answer to what the flow asks of the house; the message says so in words."""


class HouseAnswers:
    """What the house answers in a scenario, in the order it is asked."""

    def __init__(self, answers: Iterable[AnswerText]) -> None:
        self._left = list(answers)

    def to(self, asked: Command) -> events.HouseEvent:
        """The answer. Raises `NoAnswer` where the next one is to something else, or none is left."""
        wanted = ANSWER_TO[asked.kind]
        if not self._left:
            raise NoAnswer(f"the flow asks the house for an answer of the kind '{wanted}', and none is left in 'house'")
        if (answer := self._left[0].event(asked)) is None:
            kind = self._left[0].kind
            raise NoAnswer(f"the flow asks the house for an answer of the kind '{wanted}', the next one is '{kind}'")
        self._left.pop(0)
        return answer

    @property
    def left(self) -> int:
        """How many have not been asked for."""
        return len(self._left)


class _Run:
    """A scenario on its way."""

    def __init__(self, scenario: Scenario, flow: Flow, channel: str) -> None:
        self._scenario, self._flow = scenario, flow
        self._begin = events.CallStarted(channel, scenario.caller, scenario.text.to, trunk=channel)
        self._house = HouseAnswers(scenario.text.house)
        self.session = start("call-1", flow, self._begin)
        self.turns: list[TurnRan] = []

    def misses(self) -> Iterator[Miss]:
        for number, line in enumerate(self._scenario.text.call):
            at = self._scenario.line("call", number)
            try:
                commands = self._turn(line.event() or self._begin)
            except NoAnswer as error:
                yield Miss(at, str(error))
                return
            except NotAccepted:
                stands = self.turns[-1].then if self.turns else "nothing"
                yield Miss(at, f"'{line.kind}' cannot happen here: the call stands at '{stands}'")
                return
            heard = tuple(named(prompt, self._flow) for prompt in prompts_of(commands))
            turn = TurnRan(at, commands, heard, self.session.language, what_then(commands))
            self.turns.append(turn)
            yield from self._missed(number, line, turn)
        if left := self._house.left:
            yield Miss(self._scenario.line("house"), f"not asked for: the last {left} of the house's answers")

    def _turn(self, event: events.Event) -> tuple[ChannelCommand, ...]:
        commands = self._step(event)
        while commands and not isinstance(commands[-1], ChannelCommand):
            commands = self._step(self._house.to(commands[-1]))
        kept = tuple(command for command in commands if isinstance(command, ChannelCommand))
        return commands_from_json(commands_to_json(kept))

    def _step(self, event: events.Event) -> tuple[Command, ...]:
        before = session_from_json(session_to_json(self.session))
        flow = self._flow.flows[before.flow]
        self.session, commands = step(flow, before, event_from_json(event_to_json(event)), self._scenario.text.at)
        return commands

    def _missed(self, number: int, line: LineText, turn: TurnRan) -> Iterator[Miss]:
        at = self._scenario.line
        if line.hears is not None and not _fits(line.hears, prompts_of(turn.commands), self._flow):
            wrong = f"expected to hear {_listed(line.hears)}; heard {_listed(turn.heard)}"
            yield Miss(at("call", number, "hears"), wrong)
        if line.language is not None and line.language != turn.language:
            wrong = f"expected language {line.language}, came to language {turn.language}"
            yield Miss(at("call", number, "language"), wrong)
        if line.then is not None and line.then != turn.then:
            yield Miss(at("call", number, "then"), f"expected {line.then}, came to {turn.then}")


def _way_missed(scenario: Scenario, watch: Watch) -> Iterator[Miss]:
    expected = scenario.text.steps
    if expected is None:
        return
    came = [name for _, name in watch.entered]
    for number in range(max(len(expected), len(came))):
        wanted = expected[number] if number < len(expected) else "the end"
        there = came[number] if number < len(came) else "the end"
        if wanted != there:
            line = scenario.line("steps", min(number, len(expected) - 1)) if expected else scenario.line("steps")
            yield Miss(line, f"expected {wanted} as step {number + 1}, came to {there}")
            return


# -- what is heard, and what then ---------------------------------------------------------------------------------


def what_then(commands: tuple[ChannelCommand, ...]) -> str:
    """What the channel is to do after what it says, in the words of a scenario's ``then``."""
    match commands[-1] if commands else None:
        case AskDigits():
            return "ask"
        case RecordMessage():
            return "record"
        case Transfer(queue=queue):
            return f"queue {queue}"
        case Hangup():
            return "hangup"
        case _:
            return "nothing"


def prompts_of(commands: Iterable[ChannelCommand]) -> list[Prompt]:
    """Everything the caller hears."""
    return [prompt for command in commands for prompt in getattr(command, "prompts", ())]


def named(prompt: Prompt, flow: Flow) -> str:
    """The name of a prompt of the flow's set, or the text where it has none."""
    return next(_names(prompt, flow), prompt.text)


def _listed(heard: tuple[str, ...]) -> str:
    """Prompts by name, other texts in quotes."""
    return ", ".join(each if each.isidentifier() else f"'{each}'" for each in heard) or "nothing"


def _fits(expected: tuple[str, ...], heard: list[Prompt], flow: Flow) -> bool:
    return len(expected) == len(heard) and all(
        wanted in (prompt.text, *_names(prompt, flow)) for wanted, prompt in zip(expected, heard, strict=True)
    )


def _names(prompt: Prompt, flow: Flow) -> Iterator[str]:
    """The prompts of that very text, then those that it may have been made of."""
    made: list[str] = []
    for each in (flow, *flow.flows.values()):
        for name, words in each.prompts.items():
            text = words.texts.get(prompt.language)
            if text == prompt.text:
                yield name
            elif text is not None and has_variables(text) and _made_of(text, prompt.text):
                made.append(name)
    yield from made


def _made_of(text: str, said: str) -> bool:
    """Whether ``said`` can be what became of ``text``: its words in order, whatever stands for the variables between
    them, but for sentences left out because something in them is not known."""
    at, wordless = 0, True
    for sentence in template(text).sentences:
        words = [part.strip() for part in sentence if isinstance(part, str) and part.strip()]
        wordless = wordless and not words
        end = _after(words, said, at)
        if end is None and not any(isinstance(part, Placeholder) for part in sentence):
            return False
        at = end or at
    return at > 0 or wordless


def _after(words: Iterable[str], said: str, at: int) -> int | None:
    """Where the last of ``words`` ends that stand in ``said`` one after the other from ``at`` on; None: they do not."""
    for each in words:
        found = said.find(each, at)
        if found < 0:
            return None
        at = found + len(each)
    return at
