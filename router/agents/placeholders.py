"""Calling back through Asterisk: a placeholder waits in the queue in the caller's place, see docs/callbacks.md."""

from __future__ import annotations

from typing import Protocol

from router.agents.ami.originate import NotPlaced as NotOriginated
from router.agents.ami.originate import Originator, channel_of
from router.agents.switchboard import CHANNEL
from router.calls.calling_back import Attempt, CallingBack
from router.calls.rounds import NotPlaced


class Connected(Protocol):
    """What is needed of `router.agents.ami.Ami`."""

    @property
    def connected(self) -> bool: ...


class Placeholders:
    """A `router.calls.rounds.Way`. Nothing is begun while we do not hear what Asterisk does: cards would be missing."""

    channel = CHANNEL
    waits_at_once = True

    def __init__(self, originator: Originator, ami: Connected, calling: CallingBack) -> None:
        self._originator = originator
        self._ami = ami
        self._calling = calling

    async def room(self, queue: str) -> int:
        """One for each agent on duty who has a telephone, talking or not: whoever was first is to be next."""
        return await self._calling.on_duty(queue, with_phone=True) if self._ami.connected else 0

    def ref(self, call_id: str) -> str:
        """Asterisk's uniqueid of the placeholder, which we choose."""
        return channel_of(call_id)

    async def begin(self, attempt: Attempt) -> None:
        """Have a placeholder join the queue."""
        try:
            await self._originator.place(attempt.call_id, attempt.transfer.timeout)
        except NotOriginated as error:
            raise NotPlaced(str(error)) from None
