"""Where the callers of a queue are taken."""

from __future__ import annotations

import pytest

from router.channels.twilio.destinations import Destination, PhoneNumber, SipAddress, TwilioQueue, destinations
from router.settings import SettingsRefused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+4930555010", PhoneNumber("+4930555010")),
        ("030 555010", PhoneNumber("+4930555010")),
        ("sip:sales@pbx.example.net", SipAddress("sip:sales@pbx.example.net")),
        ("sips:sales@pbx.example.net;transport=tls", SipAddress("sips:sales@pbx.example.net;transport=tls")),
        ("queue:Front desk", TwilioQueue("Front desk")),
    ],
)
def test_destination(text: str, expected: Destination) -> None:
    assert destinations({"sales": text}, "DE")["sales"] == expected


def test_a_queue_that_is_not_named_is_twilios_of_the_same_name() -> None:
    assert destinations({}, "DE")["service"] == TwilioQueue("service")


@pytest.mark.parametrize(
    "text", ["", "sales", "110", "sip:sales", "sip:a b@c", "queue:", "queue: x", "queue:" + "x" * 65]
)
def test_nonsense_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsRefused, match=r"THREADLINE_TWILIO_QUEUES \(twilio_queues\): sales: "):
        destinations({"sales": text}, "DE")
