"""Calls that agents pass on: what an agent wished for takes effect when the agent's talk ends, however it ends.

The wish is stored before anything else is done (`router.store.handovers`), so that it survives a restart, and an agent
who simply hangs up passes the call on, too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from router.core.events import CallerHungUp, Event, HandedOver, TransferEnded, TransferOutcome
from router.engine.session import Session
from router.flow.model import Flow
from router.flow.queues import Queue
from router.store import cards, handovers
from router.store.database import Connection

RING_PERSON: Final = 30
"""Seconds that a caller who is passed on waits for one person."""


async def instead(connection: Connection, flow: Flow, session: Session, event: Event, now: datetime) -> Event:
    """What happens to the call instead of ``event``: where an agent has passed it on, it goes there."""
    if not isinstance(event, TransferEnded | CallerHungUp) or session.queue is None:
        return event  # nobody has talked to the caller who could have passed the call on
    answered = isinstance(event, TransferEnded) and event.outcome is TransferOutcome.ANSWERED
    if answered or (isinstance(event, CallerHungUp) and await cards.talked_since_handover(connection, session.call_id)):
        await handovers.move(connection, session.call_id, (handovers.UNDER_WAY,), handovers.DONE, now)
    left = (handovers.UNDER_WAY,) if isinstance(event, TransferEnded) else (handovers.UNDER_WAY, handovers.ASKED)
    await handovers.move(connection, session.call_id, left, handovers.FAILED, now)
    wish = await handovers.asked(connection, session.call_id) if answered else None
    if wish is None:
        return event
    await handovers.move(connection, session.call_id, (handovers.ASKED,), handovers.UNDER_WAY)
    queue = wish.to_queue or session.queue or flow.text.default_queue
    timeout = RING_PERSON if wish.to_person_id else flow.queues.get(queue, Queue()).timeout
    return HandedOver(queue, timeout, wish.to_person_id)
