"""``threadline doctor`` on text messages: whether anybody sends them, and whether Twilio knows the account."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from router.cli.doctor import _texts
from router.cli.findings import Finding, Health
from router.settings import Settings

ACCOUNT, TOKEN = "AC" + "5" * 32, "t" * 32


class Twilio(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        right = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        known = self.path == f"/2010-04-01/Accounts/{ACCOUNT}.json"
        self.send_response(200 if known and self.headers["Authorization"] == f"Basic {right}" else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Twilio) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def found_with(address: str, token: str = TOKEN) -> Settings:
    over = {"twilio_account_sid": ACCOUNT, "twilio_auth_token": token, "twilio_text_sender": "+491573599000"}
    return Settings.model_validate(over | {"twilio_api_url": address})


async def test_the_account_is_looked_at(address: str) -> None:
    assert await _texts(found_with(address)) == Finding(
        "texts", Health.WELL, "Twilio knows the account that sends text messages"
    )
    wrong = await _texts(found_with(address, "x" * 32))
    assert (wrong.health, wrong.found) == (Health.ILL, "Twilio answers 401 for the account")
    assert wrong.remedy and "x" * 32 not in wrong.remedy


async def test_nobody_sends_any_or_twilio_is_out_of_reach() -> None:
    off = await _texts(Settings())
    assert off.health is Health.OFF and off.remedy and "THREADLINE_TWILIO_TEXT_SENDER" in off.remedy
    assert (await _texts(found_with("http://127.0.0.1:9"))).health is Health.ILL
