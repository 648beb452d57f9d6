"""A call that Asterisk asks us about, as the one who handles it sees it: say what to do, get the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from router.channels.agi.codec import Reply
from router.channels.agi.commands import Command, channel_status
from router.channels.agi.environment import Environment
from router.channels.agi.errors import HungUp, ProtocolError

DEFAULT_COMMAND_TIMEOUT: Final = 10.0
"""Seconds for a command that does not play, listen or wait."""

_DEAD_CHANNEL: Final = 511


class CallLine(Protocol):
    """The connection a call is on; see `router.channels.agi.line`."""

    @property
    def hung_up(self) -> bool:
        """Whether the caller is known to be gone."""
        ...

    async def ask(
        self, commands: Sequence[Command], within: float, goes_on: Callable[[Command, Reply], bool]
    ) -> list[Reply]:
        """Send ``commands`` one after the other, each as soon as the reply to the one before is there and the call
        ``goes_on``; wait ``within`` seconds for each reply."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class AgiCall:
    """One call. For one task at a time: Asterisk obeys one command after the other."""

    __slots__ = ("_line", "env")

    def __init__(self, env: Environment, line: CallLine) -> None:
        self.env: Final = env
        self._line = line

    @property
    def hung_up(self) -> bool:
        """Whether the caller is known to be gone; commands then raise `HungUp`."""
        return self._line.hung_up

    async def send(self, command: Command, *, within: float = DEFAULT_COMMAND_TIMEOUT) -> Reply:
        """Have ``command`` done and return Asterisk's reply, ``within`` so many seconds.

        A command that plays or waits needs more than what it may take. Raises `HungUp` when the caller is
        gone, `CommandTimeout` when no reply came, `LocalProtocolError` for a command that cannot be sent and
        `RemoteProtocolError` for an answer that is not AGI. Where a recording or a prompt ends with the call, its reply
        is returned, and the next command raises.
        """
        (reply,) = await self._line.ask((command,), within, _goes_on)
        if _is_hangup(command, reply):
            raise HungUp(command.verb)
        return reply

    async def run(self, *commands: Command, within: float = DEFAULT_COMMAND_TIMEOUT) -> list[Reply]:
        """Have ``commands`` done one after the other, each ``within`` so many seconds; stops at the first that Asterisk
        refuses (`ProtocolError`) and raises what `send` raises."""
        replies = await self._line.ask(commands, within, _goes_on)
        command, reply = commands[len(replies) - 1], replies[-1]
        if _is_hangup(command, reply):
            raise HungUp(command.verb)
        if reply.code != 200:
            raise ProtocolError(f"Asterisk refused {command.verb} with {reply.code}")
        return replies

    async def check_alive(self) -> None:
        """Raise `HungUp` when the caller is gone: tells a hangup from a prompt that cannot be played, which AGI
        answers alike."""
        await self.send(channel_status())

    def close(self) -> None:
        """Give the call back to the dialplan; commands then raise `HungUp`. The end of the handler does it, too."""
        self._line.close()


def _goes_on(command: Command, reply: Reply) -> bool:
    return reply.code == 200 and not (command.negative_is_hangup and reply.result == "-1")


def _is_hangup(command: Command, reply: Reply) -> bool:
    return reply.code == _DEAD_CHANNEL or (command.negative_is_hangup and reply.result == "-1")
