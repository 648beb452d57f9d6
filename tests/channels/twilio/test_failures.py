"""When the house fails, the caller goes to people; nobody hears of it but the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from tests.channels.twilio.house import application, client_for, settings
from tests.channels.twilio.phone import STATUS, VOICE, call_fields, post

CALLER = "+4930231250011"
CALL = "0123456789abcdef" * 2
AGAIN = f"{VOICE}?call={CALL}&seq=1&for=ask"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


async def breaks(*_args: Any, **_more: Any) -> Any:
    raise OperationalError("INSERT INTO calls …", {"caller": CALLER}, Exception(f"disk full at {CALLER}"))


async def hangs(*_args: Any, **_more: Any) -> Any:
    await asyncio.Event().wait()


async def knows(*_args: Any, **_more: Any) -> Any:
    return CALL


class Broken:
    """A house of which nothing can be had."""

    def __init__(self, failing: Callable[..., Awaitable[Any]], call_for: Callable[..., Awaitable[Any]]) -> None:
        self.begin = self.handle = self.hung_up = failing
        self.call_for = call_for


def client(failing: Callable[..., Awaitable[Any]], call_for: Any = knows, **over: Any) -> httpx.AsyncClient:
    return client_for(application(Broken(failing, call_for), settings(**over), house_seconds=0.05))


@pytest.mark.parametrize("failing", [breaks, hangs])
@pytest.mark.parametrize("url", [VOICE, AGAIN])
@pytest.mark.parametrize(
    ("over", "taken_to"),
    [
        ({}, "<Enqueue>default</Enqueue>"),
        ({"twilio_queues": {"default": "queue:Front desk"}}, "<Enqueue>Front desk</Enqueue>"),
        (
            {"twilio_queues": {"default": "+4930555010"}},
            '<Dial answerOnBridge="true" timeout="600"><Number>+4930555010</Number></Dial>',
        ),
    ],
)
async def test_the_caller_goes_to_the_default_queue(
    failing: Any, url: str, over: dict[str, Any], taken_to: str
) -> None:
    with capture_logs() as logs:
        answer = await post(client(failing, **over), url, call_fields(CALLER))
    assert (answer.status_code, answer.text) == (200, f"{HEAD}<Response>{taken_to}</Response>")
    (entry,) = logs
    assert entry["log_level"] == "error"
    assert "231250011" not in repr(logs)


async def test_also_when_the_call_cannot_be_looked_up() -> None:
    with capture_logs():
        answer = await post(client(breaks, breaks), AGAIN, call_fields(CALLER))
    assert answer.text == f"{HEAD}<Response><Enqueue>default</Enqueue></Response>"


@pytest.mark.parametrize("failing", [breaks, hangs])
async def test_a_status_is_to_be_sent_again(failing: Any) -> None:
    with capture_logs() as logs:
        answer = await post(client(failing), STATUS, call_fields(CALLER, CallStatus="completed"))
    assert (answer.status_code, answer.json()["title"]) == (503, "Not now")
    assert "231250011" not in answer.text + repr(logs)
