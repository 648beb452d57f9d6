"""What the dialplan tells of a call that is over, where nobody else does: this router has no manager's password.

It comes by a channel of its own when the caller's has gone, whoever hung up and wherever the call was by then; several
times where no router heard it. Only the id of a call of Asterisk's counts, and that a call is over counts once.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from router.channels.agi import commands
from router.channels.agi.call import AgiCall
from router.channels.agi.errors import GivenUp

SCRIPT: Final = "ended"
"""``agi://ROUTER/ended,ID``"""
_HOUSE_SECONDS: Final = 4.0
"""For the house to take it down; less than the dialplan's own guard."""

_ID: Final = re.compile(r"[0-9a-f]{32}")
_TOLD: Final = commands.set_variable("THREADLINE_ROUTE", "told")
"""That it was heard, so that it is not told again."""

Ended = Callable[[str], Awaitable[object]]
"""Told our id of a call that is over, which may be the id of none."""


class EndingLine:
    """Handles what the dialplan's context ``threadline-over`` tells."""

    def __init__(self, ended: Ended) -> None:
        self._ended = ended

    async def __call__(self, call: AgiCall) -> None:
        """One call is over."""
        match call.env.arguments:
            case (call_id, *rest) if _ID.fullmatch(call_id) and not any(rest):
                async with asyncio.timeout(_HOUSE_SECONDS):
                    await self._ended(call_id)
                await call.run(_TOLD)
            case _:
                raise GivenUp("the dialplan tells of the end of no call")
