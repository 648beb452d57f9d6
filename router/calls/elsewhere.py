"""Other systems that a flow asks for a call, between two transactions: nobody's row is held meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from time import perf_counter

from router.calls.turns import Turn
from router.calls.webhooks import MOST_SECONDS, Webhooks
from router.core.commands import CallWebhook
from router.core.events import WebhookAnswered
from router.engine.session import Session

Answered = Callable[[Session, WebhookAnswered], Awaitable[Turn]]
"""Takes the turn of an answer, for the session as it stood when it was asked."""


class Elsewhere:
    """``webhooks`` are the systems there are (None: somebody else answers in their place)."""

    def __init__(self, webhooks: Webhooks | None, clock: Callable[[], datetime], answered: Answered) -> None:
        self._webhooks = webhooks
        self._clock = clock
        self._answered = answered
        self._asking: set[asyncio.Task[Turn]] = set()

    @property
    def there(self) -> bool:
        """Whether a step that asks another system waits for it, instead of being answered by the house."""
        return self._webhooks is not None

    async def finished(self, turn: Turn) -> Turn:
        """The turn as far as the channel is to do something. A channel that waits no longer does not stop what was
        begun."""
        task = asyncio.create_task(self.ask(turn), name=f"call {turn.call_id} asks elsewhere")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        return await asyncio.shield(task)

    async def ask(self, turn: Turn) -> Turn:
        """Ask other systems until the channel is to do something. Who asks twice, after a crash or with a request
        repeated, does so under the same id; the first answer counts."""
        left = MOST_SECONDS
        while isinstance(asked := turn.session.waiting, CallWebhook) and self._webhooks is not None:
            session, begun = turn.session, perf_counter()
            seconds = asked.seconds if session.hung_up is not None else min(asked.seconds, left)
            name = f"{session.call_id}-{session.steps}"
            answer = await self._webhooks.ask(asked, session.call_id, name, self._clock(), seconds)
            left -= perf_counter() - begun
            turn = await self._answered(session, answer)
        return turn

    async def aclose(self) -> None:
        """Wait for what is being asked; it takes a few seconds at most."""
        if self._asking:
            await asyncio.wait(self._asking, timeout=2 * MOST_SECONDS)
        for task in self._asking:
            task.cancel()
        if self._webhooks is not None:
            await self._webhooks.aclose()
