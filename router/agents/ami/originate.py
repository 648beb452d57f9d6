"""Placing calls through Asterisk's manager interface, as a user of its own who may do nothing else.

Each call has a connection of its own: there are few, and nothing is ever sent again after a reconnect. Whoever may
originate can do much on a machine (CVE-2024-42365), so what is sent is fixed but for our own id of the call.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from router.agents.ami.errors import AmiDown, AmiRefused
from router.agents.ami.link import Link
from router.agents.ami.parsing import CALL_VARIABLE
from router.agents.ami.settings import AmiSettings

PLACE: Final = "threadline-callback"
"""The dialplan's context in which a placeholder waits in the queue."""
CUSTOMER: Final = "threadline-callback-customer"
"""The one in which the customer is dialled once an agent has answered."""

CODEC: Final = "alaw"
"""What the placeholder speaks, and the line that customers are dialled on: where Asterisk (seen in 22) has to translate
to the customer, they hear nothing any more once the first agent has hung up."""

_ID: Final = re.compile(r"[0-9a-f]{32}")
_GRACE: Final = 15
"""Seconds after the queue's time when Asterisk gives up by itself."""


class NotPlaced(Exception):
    """Asterisk has not taken the call, for sure."""


class Originator:
    """Has placeholders wait in queues. ``access`` is that of the user who may originate."""

    def __init__(self, access: AmiSettings) -> None:
        self._access = access

    async def place(self, call_id: str, seconds: int, prefix: str = "") -> None:
        """Have a placeholder for our call ``call_id`` join its queue, for ``seconds`` at most. ``prefix`` stands before
        Asterisk's ids of it.

        Raises `NotPlaced` where there is none, and `AmiDown` where there may be one all the same.
        """
        if not _ID.fullmatch(call_id):
            raise ValueError("this is no id of a call")
        link = await self._open()
        try:
            await self._log_in(link)
            await self._originate(link, call_id, seconds, prefix)
        finally:
            link.close()

    async def _open(self) -> Link:
        access, link = self._access, Link(_nobody_listens)
        try:
            async with asyncio.timeout(access.connect_timeout):
                await asyncio.get_running_loop().create_connection(lambda: link, access.host, access.port)
        except OSError as error:  # a timeout is one
            raise NotPlaced(f"no connection to {access.host}:{access.port}: {type(error).__name__}") from None
        return link

    async def _log_in(self, link: Link) -> None:
        login = {"Username": self._access.username, "Secret": self._access.secret, "Events": "off"}
        try:
            await link.request("Login", login, within=self._access.login_timeout)
        except AmiRefused:
            raise NotPlaced(f"Asterisk refused the login as {self._access.username!r}") from None
        except AmiDown as error:
            raise NotPlaced(str(error)) from None

    async def _originate(self, link: Link, call_id: str, seconds: int, prefix: str) -> None:
        action = {
            "Channel": f"Local/{call_id}@{PLACE}/n",
            "ChannelId": prefix + channel_of(call_id),
            "OtherChannelId": f"{prefix}{channel_of(call_id)}-2",
            "Context": CUSTOMER,
            "Exten": call_id,
            "Priority": "1",
            "Codecs": CODEC,
            "Timeout": str((seconds + _GRACE) * 1000),
            "Variable": f"{CALL_VARIABLE}={call_id}",
            "Async": "true",
        }
        try:
            await link.request("Originate", action, within=self._access.action_timeout)
        except AmiRefused as error:
            raise NotPlaced(f"Asterisk refused it: {error.message}") from None


def channel_of(call_id: str) -> str:
    """Asterisk's uniqueid of the channel that stands for our call."""
    return f"callback-{call_id}"


def _nobody_listens(_: Mapping[str, str | list[str]]) -> None:
    """The user may read no events."""
