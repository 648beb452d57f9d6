"""Calling back through Asterisk: a placeholder waits in the queue in the caller's place, see docs/callbacks.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Spot:
    """An Asterisk in which placeholders may wait. ``prefix`` gives what the ids of its calls begin with."""

    originator: Originator
    ami: Connected
    prefix: Callable[[], str] = str


class Placeholders:
    """A `router.calls.rounds.Way`. Nothing is begun while we do not hear what Asterisk does: cards would be missing.

    Of several Asterisks the first that is there takes them; its agents are those of all."""

    channel = CHANNEL
    waits_at_once = True

    def __init__(self, spots: Sequence[Spot], calling: CallingBack) -> None:
        self._spots = spots
        self._calling = calling
        self._chosen: dict[str, Spot] = {}  # from when a call was named until it is begun

    async def room(self, queue: str) -> int:
        """One for each agent on duty who has a telephone, talking or not: whoever was first is to be next."""
        if not any(spot.ami.connected for spot in self._spots):
            return 0
        return await self._calling.on_duty(queue, with_phone=True)

    def ref(self, call_id: str) -> str:
        """Asterisk's uniqueid of the placeholder, which we choose."""
        spot = next((spot for spot in self._spots if spot.ami.connected), self._spots[0])
        self._chosen = {call_id: spot}  # one after the other: those before were begun, or never will be
        return spot.prefix() + channel_of(call_id)

    async def begin(self, attempt: Attempt) -> None:
        """Have a placeholder join the queue."""
        spot = self._chosen.pop(attempt.call_id, self._spots[0])
        try:
            await spot.originator.place(attempt.call_id, attempt.transfer.timeout, spot.prefix())
        except NotOriginated as error:
            raise NotPlaced(str(error)) from None
