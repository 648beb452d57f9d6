"""A second reader of a desk's event stream: every byte it sent, to look for what must not be there."""

from __future__ import annotations

import contextlib
import http.client
import threading
from types import TracebackType
from urllib.parse import urlsplit

from tests.system.harness.waiting import until


class EventStream:
    """Reads `/v1/desk/events` with a desk's session until it is closed. Use as a context manager."""

    def __init__(self, url: str, cookie: str) -> None:
        self._text = ""
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self._connection.request("GET", "/v1/desk/events", headers={"Cookie": cookie, "Accept": "text/event-stream"})
        self._answer = self._connection.getresponse()
        if self._answer.status != 200:
            raise RuntimeError(f"the event stream answers {self._answer.status}")
        self._socket = self._connection.sock
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        return self._text

    def says(self, wanted: str, within: float = 10) -> None:
        """Waits until it has sent this."""
        until(lambda: wanted in self._text, within, f"event stream: {wanted}")

    def _read(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            while chunk := self._answer.read1(65536):
                self._text += chunk.decode("utf-8", "replace")

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(2)
        self._thread.join(5)
        self._connection.close()
