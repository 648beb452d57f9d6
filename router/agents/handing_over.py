"""Letting an agent's talk end so that the caller goes on: where Asterisk has the call, and on the test phone.

What happens to the caller is decided when the talk ends (`router.calls.handing_over`), so whatever fails here, the
agent can hang up and the caller goes on all the same. Before the agent's leg is ended the caller's channel is marked:
the dialplan then does not let the caller go even where nobody can be asked any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import structlog

from router.agents.ami import AmiError
from router.agents.ringing import Place
from router.store import cards
from router.store.database import Database

log = structlog.get_logger(__name__)

MARK: Final = "THREADLINE_HANDOVER"


class Manager(Protocol):
    """What is needed of `router.agents.ami.Ami`."""

    async def set_variable(self, channel: str, name: str, value: str) -> None: ...
    async def hang_up(self, channel: str) -> None: ...


class Talks(Protocol):
    """Knows where people talk; see `StoredTalks`."""

    async def __call__(self, call_id: str, person_id: str) -> Place | None: ...


class EndsTalks(Protocol):
    """Ends the talk of an agent on one channel; False: the agent has to hang up."""

    async def __call__(self, call_id: str, person_id: str) -> bool: ...


class Unmarks(Protocol):
    """Takes the mark from the caller of a talk that was to end, and goes on after all."""

    async def unmark(self, call_id: str, person_id: str) -> None: ...


NOTHING_MARKED: Final[Mapping[str, Unmarks]] = {}


class HandingOver:
    """``channels`` has who ends talks, by the name of the channel, ``marks`` who marks callers before that."""

    def __init__(self, channels: Mapping[str, EndsTalks], marks: Mapping[str, Unmarks] = NOTHING_MARKED) -> None:
        self._channels = channels
        self._marks = marks

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

    async def keep(self, channel: str, call_id: str, person_id: str) -> None:
        """This person goes on talking after all: the caller is not marked any more as one to be passed on."""
        marks = self._marks.get(channel)
        if marks is None:
            return
        try:
            await marks.unmark(call_id, person_id)
        except (AmiError, OSError) as error:  # without a router they wait in the default queue, which loses nobody
            log.warning("a caller who stays is still marked", call=call_id, error=type(error).__name__)


class StoredTalks:
    """Reads in the database where people talk: any process may be asked to end a talk, whichever hears of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, call_id: str, person_id: str) -> Place | None:
        """Where this person talks to the caller, where that is so now."""
        async with self._database.read() as connection:
            row = await cards.place(connection, call_id, person_id)
        return Place(row.asterisk or "", row.caller_channel, row.agent_channel) if row is not None else None


class OnAsterisk:
    """Ends the leg to the agent's phone, and only a leg that is known to be one. ``manager`` gives the connection to
    the Asterisk of a system name, None where there is none."""

    def __init__(self, manager: Callable[[str], Manager | None], talks: Talks) -> None:
        self._manager = manager
        self._talks = talks

    async def __call__(self, call_id: str, person_id: str) -> bool:
        """Mark the caller's channel, then end the agent's leg."""
        place = await self._talks(call_id, person_id)
        manager = self._manager(place.asterisk) if place is not None else None
        if place is None or manager is None:
            return False
        await manager.set_variable(place.caller_channel, MARK, "1")
        await manager.hang_up(place.agent_channel)
        return True

    async def unmark(self, call_id: str, person_id: str) -> None:
        """Take the mark from the caller's channel."""
        place = await self._talks(call_id, person_id)
        manager = self._manager(place.asterisk) if place is not None else None
        if place is not None and manager is not None:
            await manager.set_variable(place.caller_channel, MARK, "")
