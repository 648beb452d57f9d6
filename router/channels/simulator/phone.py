"""Places test calls and sends their events, for the page and for ``threadline dial`` alike."""

from __future__ import annotations

from datetime import timedelta

from router.calls.handle import Calls
from router.calls.turns import Turn
from router.channels.simulator.queues import SimulatedQueues
from router.core.commands import Transfer
from router.core.events import (
    TEST_PHONE,
    WITHHELD,
    Caller,
    CallerHungUp,
    CallStarted,
    Event,
    TransferEnded,
    TransferOutcome,
)
from router.core.phone import e164, is_withheld
from router.releases.flows import Trial
from router.releases.releases import Releases, UnknownDraft
from router.store.database import new_id

CHANNEL = TEST_PHONE


class BadNumber(ValueError):
    """A number that no telephone has."""


def caller_from(number: str, withheld: bool, region: str) -> Caller:
    """The caller as a network would tell it. Raises `BadNumber`."""
    if withheld or is_withheld(number):
        return WITHHELD
    found = e164(number, region)
    if found is None:
        raise BadNumber(f"'{number[:40]}' is not a telephone number; write it like 030 23125 011 or +49 30 23125 011")
    return Caller(found)


class TestPhone:
    """A telephone without a network. Where ``queues`` is None (a single call in the terminal) nobody ever answers.
    ``drafts`` are what can be called beside what is released."""

    __test__ = False  # not for pytest

    def __init__(self, calls: Calls, region: str, drafts: Releases | None = None) -> None:
        self._calls = calls
        self._region = region
        self._drafts = drafts
        self.queues: SimulatedQueues | None = None

    async def dial(
        self,
        number: str,
        *,
        withheld: bool,
        service_number: str | None,
        ahead: timedelta = timedelta(),
        hours_ahead: timedelta = timedelta(),
        draft: int | None = None,
    ) -> Turn:
        """Call the service number, ``ahead`` of now to try another time; ``hours_ahead`` of that by opening hours
        alone. A ``draft`` answers instead of what is released: the flow that it is, or, where it is a shared file, the
        service number's with it. Raises `BadNumber`, `UnknownDraft`, `QueueFull`, and `FlowRefused` for a draft that
        cannot run.
        """
        to = e164(service_number, self._region) or service_number if service_number else None
        caller = caller_from(number, withheld, self._region)
        if self.queues is not None:
            await self.queues.has_room()
        later, hours_later = ahead.total_seconds(), hours_ahead.total_seconds()
        event = CallStarted(CHANNEL, caller, to, later, trunk=CHANNEL, hours_ahead=hours_later)
        trial = None
        if draft is not None:
            if self._drafts is None:
                raise UnknownDraft("there are no drafts here")
            trial = Trial(*await self._drafts.try_out(draft))
        return self._follow(await self._calls.begin(CHANNEL, new_id(), event, trial=trial))

    async def send(self, call_id: str, event: Event, sequence: int | None = None) -> Turn:
        """Press keys, speak, wait, leave a message. Raises `UnknownCall` and, without a sequence, `NotAccepted`."""
        return self._follow(await self._calls.handle(call_id, event, sequence))

    async def hang_up(self, call_id: str) -> Turn:
        """Put the receiver down; harmless when the call is over."""
        turn = await self._calls.turn(call_id)
        if not turn.session.ended:
            turn = await self._calls.handle(call_id, CallerHungUp())
        if self.queues:
            await self.queues.leave(call_id, "hung_up")
        return turn

    async def answer(self, call_id: str, person_id: str) -> bool:
        """Somebody at a desk picks up; False when the call is not waiting any more."""
        return self.queues is not None and await self.queues.answer(call_id, person_id)

    async def seen(self, call_id: str) -> None:
        """The call is followed on a page."""
        if self.queues is not None:
            await self.queues.seen(call_id)

    async def finish(self, call_id: str, person_id: str) -> bool:
        """Somebody at a desk ends the talk; False when it is no test call."""
        turn = await self._calls.turn(call_id)
        if turn.session.channel != CHANNEL:
            return False
        await self.hang_up(call_id)
        return True

    async def hand_back(self, call_id: str, person_id: str) -> bool:
        """Somebody at a desk ends the talk, and the caller stays; False where they do not talk."""
        if self.queues is None or not await self.queues.hand_back(call_id, person_id):
            return False
        await self.transfer_ended(call_id, TransferEnded(TransferOutcome.ANSWERED))
        return True

    async def transfer_ended(self, call_id: str, event: TransferEnded, sequence: int | None = None) -> None:
        """The queue gives the call back to the flow."""
        await self.send(call_id, event, sequence)

    def _follow(self, turn: Turn) -> Turn:
        match turn.commands[-1:]:
            case (Transfer(),) if self.queues and not turn.repeated:
                self.queues.enter(turn.call_id)
            case _:
                pass
        return turn
