"""Ends the call to an agent's phone, so that the caller goes on: where an agent passes a caller on.

With the agent's call ends the `<Dial>`, or the bridge of TaskRouter, and Twilio asks what comes next for the caller.
Only that call is ended; the caller's own is never touched.
"""

from __future__ import annotations

import httpx
import structlog

from router.channels.twilio.rest import CallsApi
from router.store import twilio_agents as store
from router.store.database import Database

log = structlog.get_logger(__name__)


class OnTwilio:
    """A `router.agents.handing_over.EndsTalks`."""

    def __init__(self, database: Database, api: CallsApi) -> None:
        self._database = database
        self._api = api

    async def __call__(self, call_id: str, person_id: str) -> bool:
        """End the person's talk; False where Twilio does not, or nobody knows on which phone it is."""
        async with self._database.read() as connection:
            legs = await store.open_legs(connection, call_id)
        leg = next((each for each in legs if each.person_id == person_id and each.answered_at is not None), None)
        if leg is None:
            return False
        try:
            status = await self._api.end(leg.sid)
        except httpx.HTTPError as error:
            log.warning("an agent's talk was not ended", call=call_id, reason=type(error).__name__)
            return False
        if not 200 <= status < 300:
            log.warning("an agent's talk was not ended", call=call_id, reason=f"Twilio answers {status}")
            return False
        return True
