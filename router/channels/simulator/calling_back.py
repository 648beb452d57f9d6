"""Calling back who asked for it in a test call: it rings on the pages of those who are ready, and nobody is there."""

from __future__ import annotations

from router.calls.calling_back import ANSWERED, NOBODY, Attempt, CallingBack
from router.channels.simulator.phone import CHANNEL, TestPhone
from router.channels.simulator.queues import SimulatedQueues
from router.core.events import TransferEnded


class TestCallbacks:
    """A `router.calls.rounds.Way`, for an admin who wants to see what a callback is like. Nobody is dialled."""

    __test__ = False  # not for pytest
    channel = CHANNEL
    waits_at_once = True

    def __init__(self, phone: TestPhone, queues: SimulatedQueues, calling: CallingBack) -> None:
        self._phone = phone
        self._queues = queues
        self._calling = calling
        queues.on_answer, queues.done = self.answered, self.transfer_ended

    async def room(self, queue: str) -> int:
        """One for each agent who is ready in the browser."""
        return await self._calling.on_duty(queue, with_phone=False)

    def ref(self, call_id: str) -> str:
        """The test phone calls it as we do."""
        return call_id

    async def begin(self, attempt: Attempt) -> None:
        """Let it ring."""
        self._queues.enter(attempt.call_id)

    async def answered(self, call_id: str) -> None:
        """An agent has picked up: at this telephone the customer always answers, as nobody."""
        if await self._calling.dial(call_id) is not None:
            await self._calling.ended(call_id, ANSWERED)

    async def transfer_ended(self, call_id: str, event: TransferEnded, sequence: int | None = None) -> None:
        """Nobody picked up: a test call goes on with its flow, a callback is tried again."""
        if await self._calling.ended(call_id, NOBODY) is not None:
            await self._phone.hang_up(call_id)
        else:
            await self._phone.transfer_ended(call_id, event, sequence)
