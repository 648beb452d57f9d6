"""What the dialplan tells of calls that are over: an id or nothing, and it is answered only once it was taken down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from router.channels.agi import ending
from router.channels.agi.call import AgiCall
from router.channels.agi.codec import Reply
from router.channels.agi.commands import Command
from router.channels.agi.ending import EndingLine
from router.channels.agi.environment import Environment
from router.channels.agi.errors import GivenUp

CALL = "a" * 32


@dataclass
class Line:
    """Notes what is set."""

    sent: list[tuple[str, ...]] = field(default_factory=list)
    hung_up: bool = False

    async def ask(
        self, commands: Sequence[Command], within: float, goes_on: Callable[[Command, Reply], bool]
    ) -> list[Reply]:
        self.sent += [command.arguments for command in commands]
        return [Reply(200, "1") for _ in commands]

    def close(self) -> None: ...


def told(line: Line, *arguments: str) -> AgiCall:
    return AgiCall(Environment("1.1", "Local/x", script="ended", arguments=arguments), line)


@pytest.mark.parametrize("rest", [(), ("", "")])
async def test_that_it_was_heard_is_said_when_it_was_taken_down(rest: tuple[str, ...]) -> None:
    line, over = Line(), list[str]()

    async def ended(call_id: str) -> None:
        assert line.sent == []
        over.append(call_id)

    await EndingLine(ended)(told(line, CALL, *rest))
    assert over == [CALL]
    assert line.sent == [("THREADLINE_ROUTE", "told")]


async def test_what_could_not_be_taken_down_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: str) -> None:
        raise ConnectionError

    async def hangs(_: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(ending, "_HOUSE_SECONDS", 0.01)
    line = Line()
    with pytest.raises(ConnectionError):
        await EndingLine(away)(told(line, CALL))
    with pytest.raises(TimeoutError):
        await EndingLine(hangs)(told(line, CALL))
    assert line.sent == []


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("",),
        ("a" * 31,),
        ("a" * 33,),
        ("A" * 32,),
        ("١" * 32,),
        (CALL + "\n",),
        ("' OR 1=1 --",),
        (CALL, "more"),
        ("a" * 1_000_000,),
    ],
)
async def test_what_is_no_id_ends_nothing(arguments: tuple[str, ...]) -> None:
    async def ended(call_id: str) -> None:
        raise AssertionError(call_id)

    line = Line()
    with pytest.raises(GivenUp):
        await EndingLine(ended)(told(line, *arguments))
    assert line.sent == []
