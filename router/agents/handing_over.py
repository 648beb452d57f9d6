"""Letting an agent's talk end so that the caller goes on: where Asterisk has the call, and on the test phone.

What happens to the caller is decided when the talk ends (`router.calls.handing_over`), so whatever fails here, the
agent can hang up and the caller goes on all the same. Before the agent's leg is ended the caller's channel is marked:
the dialplan then does not let the caller go even where nobody can be asked any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import structlog

from router.agents.ami import AmiError
from router.agents.ami.events import Talk

log = structlog.get_logger(__name__)

MARK: Final = "THREADLINE_HANDOVER"


class Manager(Protocol):
    """What is needed of `router.agents.ami.Ami`."""

    async def set_variable(self, channel: str, name: str, value: str) -> None: ...
    async def hang_up(self, channel: str) -> None: ...


class Talks(Protocol):
    """See `router.agents.switchboard.Switchboard`."""

    def talk(self, call_key: str, person_id: str) -> Talk | None: ...


class EndsTalks(Protocol):
    """Ends the talk of an agent on one channel; False: the agent has to hang up."""

    async def __call__(self, call_id: str, person_id: str) -> bool: ...


class HandingOver:
    """``channels`` has who ends talks, by the name of the channel."""

    def __init__(self, channels: Mapping[str, EndsTalks]) -> None:
        self._channels = channels

    async def let_go(self, channel: str, call_id: str, person_id: str) -> bool:
        """End the talk of this person; False where the agent has to do it with their own phone."""
        ends = self._channels.get(channel)
        if ends is None:
            return False
        try:
            return await ends(call_id, person_id)
        except (AmiError, OSError) as error:
            log.warning("a talk to be passed on was not ended", call=call_id, error=type(error).__name__)
            return False


class OnAsterisk:
    """Ends the leg to the agent's phone, and only a leg that is known to be one."""

    def __init__(self, ami: Manager, talks: Talks) -> None:
        self._ami = ami
        self._talks = talks

    async def __call__(self, call_id: str, person_id: str) -> bool:
        """Mark the caller's channel, then end the agent's leg."""
        talk = self._talks.talk(call_id, person_id)
        if talk is None:
            return False
        await self._ami.set_variable(talk.caller_channel, MARK, "1")
        await self._ami.hang_up(talk.agent_channel)
        return True
