"""The variables of conditions and prompts: what each means, a sample of its type, and whether it is personal.

`VARIABLES` is the one list: it is documented in ``docs/flows.md``, checked against (`SAMPLE`) and filled in a call
(`router.engine.facts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Variable:
    """``path`` such as ``offer.title``; ``sample`` has the variable's type; ``empty`` stands for it where nothing is
    known. What is ``personal`` may be said to a caller from L3 on only."""

    path: str
    sample: Any
    empty: Any
    meaning: str
    personal: bool = False


_V = Variable
VARIABLES: tuple[Variable, ...] = (
    _V("caller.known", True, False, "the call comes with a number"),
    _V("caller.withheld", False, False, "the caller has suppressed the number"),
    _V("caller.prefix", "+49", "", "the first three characters of the number"),
    _V("caller.attested", False, False, "the network vouches for the number"),
    _V("match.decision", "none", "none", "`sure`, `likely`, `unclear` or `none`"),
    _V("match.assurance", 0, 0, "how far the caller is known, 0 to 3"),
    _V("match.probability", 0.0, 0.0, "of the message named, 0 to 1"),
    _V("match.queue", "", "", "the queue that the offer names"),
    _V("match.code_accepted", False, False, "a live callback code was given"),
    _V("offer.known", True, False, "the match names a message"),
    _V("offer.title", "Sommer-Angebot", "", "title of the offer", True),
    _V("offer.summary", "12 Monate", "", "its summary", True),
    _V("offer.url", "https://example.net/s", "", "its page", True),
    _V("offer.campaign", "summer", "", "the campaign of the message"),
    _V("offer.channel", "letter", "", "how the message was sent: `sms`, `email`, `letter`, `call`"),
    _V("offer.skills", ["gas"], [], "what the agent should be able to do"),
    _V("offer.sent", "2026-05-31T08:00:00+02:00", "", "when the message was sent", True),
    _V("offer.valid_from", "2026-06-01T00:00:00+02:00", "", "when the offer begins", True),
    _V("offer.valid_until", "2026-06-30T23:59:59+02:00", "", "when the offer ends", True),
    _V("offer.days_left", 3, 9999, "whole days until it ends, 0 on its last day, negative once it has ended"),
    _V("offer.facts", {}, {}, "the offer's facts by name", True),
    _V("customer.known", True, False, "the message is to a customer on file"),
    _V("customer.name", "Erika Muster", "", "name of the customer", True),
    _V("customer.external_id", "K-1009", "", "the customer's id in your system", True),
    _V("customer.language", "de", "", "the customer's language"),
    _V("customer.segment", "gold", "", "what your company counts the customer among"),
    _V("queue.name", "service", "", "the queue that the last `queue_info` looked at"),
    _V("queue.waiting", 2, 0, "callers waiting in it"),
    _V("queue.ready", 3, 0, "agents ready for it, also those who talk just now"),
    _V("queue.expected_seconds", 240, 0, "the wait to be expected; 0 where it cannot be told"),
    _V("queue.expected_minutes", 4, 0, "the same in minutes, rounded up"),
    _V("inputs", {}, {}, "what callers gave, by the name of the input"),
    _V("vars", {}, {}, "what `set` and `call_webhook` noted, by name"),
    _V("visits", {}, {}, "how often each step was entered"),
    _V("language", "de", "de", "the language of the call"),
    _V("channel", "asterisk", "", "`asterisk`, `twilio` or `testphone`"),
    _V("service_number", "+4930123456", "", "the number dialled"),
    _V("time.hour", 9, 0, "hour of the day, in the zone of the flow's first hours"),
    _V("time.minute", 30, 0, "minute of the hour"),
    _V("time.weekday", 1, 1, "1 Monday … 7 Sunday"),
    _V("time.date", "2026-01-31", "", "the day"),
)


def _nested(field: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for each in VARIABLES:
        group, _, name = each.path.partition(".")
        value = getattr(each, field)
        if name:
            facts.setdefault(group, {})[name] = value
        else:
            facts[group] = value
    return facts


SAMPLE: Facts = _nested("sample")
"""One value of the right type for every variable."""

EMPTY: Facts = _nested("empty")
"""What stands for each variable where nothing is known."""

PERSONAL = frozenset(each.path for each in VARIABLES if each.personal)
