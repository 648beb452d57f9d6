"""A CRM in a process of its own: takes posts as the first line of its arguments says, and writes down what came.

``ok`` answers 200 · ``late`` after half a second · ``fails`` with 500 the first two times · ``never`` with 500 ·
``refuses`` with 422 · ``hangs`` takes the request and says nothing. Prints its port, then a line of JSON a request.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANNER = sys.argv[1]
came = 0


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        global came
        came += 1
        number = came
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        print(json.dumps({"headers": headers, "body": body}), flush=True)
        if MANNER == "hangs":
            time.sleep(60)
        if MANNER == "late":
            time.sleep(0.5)
        failing = MANNER == "never" or (MANNER == "fails" and number <= 2)
        self.send_response(500 if failing else 422 if MANNER == "refuses" else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
