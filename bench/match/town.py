"""A synthetic town: people, what was sent to them, and their calls. The same rules and seed make the same town."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from bench.match.people import Numbers, People, settle
from bench.match.rules import TownRules
from bench.match.sent import CodeMaker, Lease, Sender, Sent
from bench.match.traffic import Call, Kind, Traffic
from router.matching import codes

FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""
FEWEST_CUSTOMERS = 50


@dataclass(frozen=True, slots=True)
class Change:
    """Something that becomes known of a message at a time: the column ``delivery`` or ``answered_at``."""

    at: float
    message: Sent
    delivery: str | None = None
    answered: float | None = None


@dataclass(frozen=True, slots=True)
class Town:
    """What happened in a town. ``past`` are calls that are history when the bench begins, ``calls`` those it counts."""

    name: str
    seed: int
    rules: TownRules
    people: People
    messages: list[Sent]
    leases: list[Lease]
    past: list[Call]
    calls: list[Call]
    changes: list[Change]

    @property
    def begins(self) -> float:
        """The day of the first call that counts."""
        return self.calls[0].at if self.calls else self.rules.past_days


def moment(day: float) -> datetime:
    """A day of the town as a time, to the second."""
    return FIRST_DAY + timedelta(seconds=round(day * 86_400))


def build(name: str, rules: TownRules, seed: int, calls: int, code_digits: int = 10) -> Town:
    """The town ``name`` with these rules, large enough for about ``calls`` calls that count."""
    numbers = Numbers(Random(f"{seed}:numbers"))
    people = settle(rules, _customers(rules, calls), Random(f"{seed}:people"), numbers)
    sender = Sender(rules, people, Random(f"{seed}:sent"), code_maker(code_digits))
    sender.send()
    traffic = Traffic(rules, people, sender.leases, Random(f"{seed}:calls"), numbers, f"{name}:{seed}")
    everything = traffic.calls(sender.messages)
    in_window = [call for call in everything if call.at >= rules.past_days]
    counted = in_window[max(len(in_window) - calls, 0) :]
    past = everything[: len(everything) - len(counted)]
    changes = sorted(_changes(rules, sender.messages, everything, seed), key=lambda change: change.at)
    return Town(name, seed, rules, people, sender.messages, sender.leases, past, counted, changes)


def code_maker(digits: int) -> CodeMaker:
    """Gives codes of this length, each once."""
    given: set[str] = set()

    def make(rng: Random) -> str:
        while True:
            code = codes.make(digits, lambda count: f"{rng.randrange(10**count):0{count}d}")
            if code not in given:
                given.add(code)
                return code

    return make


def _customers(rules: TownRules, calls: int) -> int:
    """Customers that make this many calls in the window, and a few more."""
    drawn = rules.sms * rules.sms_draws + rules.email * rules.email_draws
    drawn += rules.letter * rules.letter_draws + rules.call * rules.call_draws
    about = 0.8 * rules.messages_a_day * drawn / (1 - min(rules.again, 0.8))
    a_day = about + rules.other_matters + rules.strangers
    return max(round(1.1 * calls / (a_day * rules.window_days)), FEWEST_CUSTOMERS)


def _changes(rules: TownRules, messages: list[Sent], calls: list[Call], seed: int) -> Iterator[Change]:
    rng = Random(f"{seed}:changes")
    for message in messages:
        if message.delivery is not None:
            yield Change(message.delivery_at, message, delivery=message.delivery)
        if message.settled_told is not None:
            yield Change(message.settled_told, message, answered=message.settled_told)
    for call in calls:
        if call.kind is Kind.ABOUT and call.message and rng.random() < rules.answered_told:
            told = call.at + rng.random()
            yield Change(told, call.message, answered=told)
