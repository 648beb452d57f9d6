"""A recogniser behind HTTP that says what the test wants, or hangs, or is not there, and notes what it was asked."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.system.harness.waiting import free_port, until

_LONGEST_HANG = 60
"""Seconds."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class ScriptedRecogniser:
    """Listens from `begin` to `end`; what it answers is set by `says` and `hangs`, and holds until it is set anew."""

    def __init__(self) -> None:
        self.port = free_port()
        self.settings = {
            "RECOGNISER": "http",
            "RECOGNISER_URL": f"http://127.0.0.1:{self.port}/hear",
            "RECOGNISER_SECRET": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        """Of a router that uses it."""
        self.asked: list[bytes] = []
        """The recordings that it was to make words of, as they came."""
        self._readings: list[dict[str, object]] = []
        self._goes_on = threading.Event()
        self._goes_on.set()
        self._server: _Server | None = None

    def begin(self) -> ScriptedRecogniser:
        """Is there; harmless where it is there already."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", self.port), self._handler())
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def end(self) -> None:
        """Is not there any more: connections are refused."""
        self._goes_on.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def says(self, *texts: str) -> None:
        """Answers with these readings from now on, likeliest first; with none: nobody spoke."""
        share = 0.9 / max(1, len(texts))
        self._readings = [{"text": text, "confidence": share} for text in texts]
        self._goes_on.set()

    def hangs(self) -> None:
        """Takes what it is asked and does not answer until it is told to say something."""
        self._goes_on.clear()

    def was_asked(self, times: int = 1, within: float = 15) -> None:
        """Waits until so many recordings have come since the test began."""
        until(lambda: len(self.asked) >= times, within, f"recogniser asked {times} times, was {len(self.asked)}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                scripted.asked.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                scripted._goes_on.wait(_LONGEST_HANG)
                answer = json.dumps({"readings": scripted._readings}).encode()
                with contextlib.suppress(ConnectionError):  # nobody wants to know any more
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        return Handler
