"""One connection to Asterisk's manager interface: panoramisk's protocol with its weak spots mended.

From panoramisk come the splitting into messages, the reading of headers and the pairing of answers with actions. Its
`Manager` is not used: it reconnects for ever at one pace, keeps actions that got no answer and sends them again after
the next login (a call placed 40 s late), and starts callbacks as tasks nobody looks at. `Ami` takes its place. What is
mended in its `AMIProtocol` (1.4) stands at each method.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping

import structlog
from panoramisk.actions import Action  # type: ignore[import-untyped]
from panoramisk.ami_protocol import AMIProtocol  # type: ignore[import-untyped]
from panoramisk.message import Message  # type: ignore[import-untyped]

from router.agents.ami.errors import AmiDown, AmiRefused
from router.agents.ami.parsing import Headers

BANNER = b"Asterisk Call Manager/"
MAX_MESSAGE = 256 * 1024
"""Longest message taken from Asterisk, in bytes; real ones are a few KiB."""
MAX_LINE = 1000
"""Longest header line sent, in bytes. Asterisk reads 1,024 and takes the tail of a longer one for a header."""
MAX_ANSWER = 100_000
"""Most messages taken as the answer to one action."""
MAX_OUTSTANDING = 500
"""Most actions waiting for an answer at the same time."""
MAX_UNSENT = 256 * 1024

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_BREAKS = str.maketrans("", "", "\r\n\0")
# These decide how a message is handled, so they must be single.
_SINGLE = ("event", "response", "actionid", "message", "eventlist", "subevent")

# panoramisk logs whole messages and actions, caller numbers and the secret included.
_SILENT = logging.Logger("panoramisk-silenced", level=logging.CRITICAL + 1)

log = structlog.get_logger(__name__)


class Link(AMIProtocol):  # type: ignore[misc]
    """A connection that is used once: when it is lost, all that waits on it fails, and nothing is ever sent again."""

    def __init__(self, on_event: Callable[[Headers], None]) -> None:
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done when the connection is gone; the result says why."""
        self._on_event = on_event
        self._received = bytearray()
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.encoding = "utf-8"
        self.log = _SILENT

    # Mended: 1.4 decodes each TCP segment for itself and drops what a cut left of a character ("Müller" → "Mller"), and
    # keeps any amount of a message that does not end. Whole messages are handed on, so a character is never cut.
    def data_received(self, data: bytes) -> None:
        searched = max(0, len(self._received) - 3)
        self._received += data
        if not self._greeted and not self._check_banner():
            return
        end = self._received.rfind(b"\r\n\r\n", searched)
        if end >= 0:
            whole = bytes(self._received[: end + 4])
            del self._received[: end + 4]
            try:
                super().data_received(whole)
            except Exception:
                log.exception("ami.unreadable")
                self.drop("Asterisk sent something that cannot be read")
        if len(self._received) > MAX_MESSAGE:
            self.drop(f"Asterisk sent a message of more than {MAX_MESSAGE} bytes")

    def _check_banner(self) -> bool:
        start = self._received[: len(BANNER)]
        if not BANNER.startswith(start):
            self.drop("What answers there is not Asterisk's manager interface")
            return False
        self._greeted = len(start) == len(BANNER)
        return self._greeted

    # Mended: 1.4 fails on a repeated ActionID or Event (a list), and lets an answer grow without end.
    def handle_message(self, message: Message) -> None:
        if self.lost.done():
            return
        headers: Headers = {key.lower(): value for key, value in message.items()}
        if any(not isinstance(headers.get(key, ""), str) for key in _SINGLE):
            log.warning("ami.message_dropped", reason="a header that must be single came more than once")
            return
        action = self.responses.get(headers.get("actionid"))
        if action is not None:
            if action.add_message(message):
                self.responses.pop(action.id, None)
            elif len(action.responses) > MAX_ANSWER:
                self.drop("Asterisk's answer does not end")
        elif headers.get("event") == "Shutdown":
            self.drop("Asterisk is shutting down")
        elif "event" in headers:
            self._on_event(headers)

    # Mended: 1.4 sends line breaks inside values, which Asterisk takes for headers; waits for ever; and when sending
    # fails leaves the caller waiting and logs the action, secret included.
    async def request(
        self, name: str, fields: Mapping[str, str], *, within: float, listing: bool = False
    ) -> list[Headers]:
        """Send an action and return the messages of its answer; the first is the response.

        `within` is in seconds. `listing` waits for the closing event of an action that answers with a list.
        Raises AmiDown when no answer comes, AmiRefused when Asterisk says no or a value is too long to be sent.
        """
        # As a list only where the response announces one: as_list=True never ends when the response is an error.
        action = Action(_clean(name, fields), as_list=None if listing else False)
        wire = str(action).encode("utf-8", "replace")
        self._check_room()
        self.responses[action.id] = action
        try:
            self.transport.write(wire)
            async with asyncio.timeout(within):
                answer = await action.future
        except TimeoutError:
            raise AmiDown(f"Asterisk did not answer {name} within {within:g} s") from None
        finally:
            self.responses.pop(action.id, None)
        messages: list[Headers] = [
            {key.lower(): value for key, value in message.items()}
            for message in (answer if isinstance(answer, list) else [answer])
        ]
        if messages[0].get("response") == "Error":
            raise AmiRefused(str(messages[0].get("message", "")) or f"Asterisk refused {name} without a reason")
        return messages

    def _check_room(self) -> None:
        if self.lost.done():
            raise AmiDown(self.lost.result())
        if len(self.responses) >= MAX_OUTSTANDING or self.transport.get_write_buffer_size() > MAX_UNSENT:
            raise AmiDown("Asterisk is too far behind with answering")

    # Mended: 1.4 puts unanswered actions on a list and sends them after the next login.
    def connection_lost(self, exc: Exception | None) -> None:
        self.drop(f"The connection to Asterisk broke: {exc}" if exc else "Asterisk closed the connection")

    def close(self) -> None:
        """Close for good."""
        self.drop("The connection was closed")

    # Mended: 1.4 closes politely, that is, waits until a frozen peer has read everything.
    def drop(self, reason: str) -> None:
        """Give the connection up at once; everyone who waits for an answer gets AmiDown with this reason."""
        if self.lost.done():
            return
        self.lost.set_result(reason)
        self.closed = True
        for action in list(self.responses.values()):
            if not action.future.done():
                action.future.set_exception(AmiDown(reason))
        self.responses.clear()
        self._received.clear()
        self.transport.abort()


def _clean(name: str, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the headers as they may be sent: known-shaped keys, values of one line."""
    headers = {"Action": name, **fields}
    for key, value in headers.items():
        if not _KEY.fullmatch(key):
            raise AmiRefused(f"{key!r} cannot be the name of a header")
        headers[key] = value.translate(_BREAKS)
        if len(f"{key}: {headers[key]}".encode("utf-8", "replace")) > MAX_LINE:
            raise AmiRefused(f"{key} is longer than Asterisk can read ({MAX_LINE} bytes)")
    return headers
