"""``send_message``: to the caller or the customer, and on without it where it cannot be sent."""

from __future__ import annotations

import pytest

from router.core.commands import SendText
from router.core.events import WITHHELD, TextSent, Unsent
from router.core.match import NO_MATCH
from tests.talk import FOUND, Talk

FLOW = """
version: 1
name: following
languages: [de]
start: find
steps:
  find: {type: match, sure: send, likely: send, unclear: send, none: send}
  send: {type: send_message, to: caller, text: {de: "https://example.net/s"}, next: sent, failed: other}
  sent: {type: transfer, queue: sent}
  other: {type: transfer, queue: other}
"""
TO_CUSTOMER = FLOW.replace("to: caller", "to: customer")


def test_it_goes_out_and_the_flow_goes_on() -> None:
    talk = Talk(FLOW, match=NO_MATCH)
    assert talk.last == SendText("https://example.net/s", "caller")
    talk.tell(TextSent())
    assert talk.step == "sent"


@pytest.mark.parametrize("reason", list(Unsent))
def test_where_it_cannot_be_sent_the_flow_says_what_then(reason: Unsent) -> None:
    talk = Talk(FLOW, match=NO_MATCH)
    talk.tell(TextSent(reason))
    assert talk.step == "other"


def test_a_withheld_caller_gets_none() -> None:
    assert Talk(FLOW, WITHHELD, NO_MATCH).step == "other"
    assert Talk(TO_CUSTOMER, WITHHELD, FOUND).then(SendText).to == "customer", "the number on file is not withheld"


def test_a_customer_is_one_whom_the_match_names() -> None:
    assert Talk(TO_CUSTOMER, match=NO_MATCH).step == "other"
    assert Talk(TO_CUSTOMER, match=FOUND).last == SendText("https://example.net/s", "customer")


def test_without_a_way_of_its_own_failing_goes_on_all_the_same() -> None:
    flow = FLOW.replace(", failed: other", "").replace("  other: {type: transfer, queue: other}\n", "")
    talk = Talk(flow, match=NO_MATCH)
    talk.tell(TextSent(Unsent.NO_PROVIDER))
    assert talk.step == "sent"


def test_a_text_of_which_nothing_is_known_is_not_sent() -> None:
    flow = TO_CUSTOMER.replace("https://example.net/s", "{{ offer.facts.link }}")
    assert Talk(flow, match=FOUND).step == "other"
