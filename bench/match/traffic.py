"""Who calls, when, from which telephone, and what about. Times are days since the town's first day, a Monday."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from math import log, sqrt
from random import Random

from bench.match.people import LANDLINE, MOBILE, OFFICE, Numbers, People, Person
from bench.match.rules import TownRules
from bench.match.sent import GENERAL_NUMBER, Lease, Sent
from router.core.events import Attestation

OPENS, CLOSES = 8.0 / 24, 20.0 / 24
SUNDAY = 6
MOST_CALLS = 8
"""Calls about one message."""


class Kind(StrEnum):
    """Why somebody calls."""

    ABOUT = "about"
    """About a message to them or to somebody in their household."""
    ASTRAY = "astray"
    """About a message that reached them because they have the customer's old number now."""
    OTHER = "other"
    """A customer, or somebody in the household, with another matter."""
    STRANGER = "stranger"
    MISDIALLED = "misdialled"
    SPOOFED = "spoofed"
    """A fraud who shows a customer's number."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call with the truth about it. ``number`` is None where it is withheld. ``message`` is what it is about,
    None: no message; ``paper`` is the message whose handles the caller can read, ``line`` the telephone used.
    ``key`` makes the caller's answers: the same question gets the same answer from the same caller."""

    place: int
    at: float
    kind: Kind
    caller: Person | None
    number: str | None
    withheld: bool
    line: str
    dialled: str
    message: Sent | None
    paper: Sent | None
    topic: str | None
    silent: bool
    attestation: Attestation | None
    key: str

    @property
    def call_id(self) -> str:
        return f"call{self.place:07d}"


class Traffic:
    """Makes the calls of a town."""

    def __init__(
        self, rules: TownRules, people: People, leases: list[Lease], rng: Random, numbers: Numbers, seed: str
    ) -> None:
        self._rules = rules
        self._people = people
        self._leases = leases
        self._rng = rng
        self._numbers = numbers
        self._seed = seed
        self._days = rules.past_days + rules.window_days
        self._at_hand = {
            "sms": rules.sms_at_hand, "email": rules.email_at_hand, "letter": rules.letter_at_hand,
            "call": rules.call_at_hand,
        }  # fmt: skip

    def calls(self, messages: list[Sent]) -> list[Call]:
        """All calls in order."""
        found = [call for message in messages for call in self._about(message, messages)]
        found += self._others()
        found += self._from_outside()
        found = [call for call in found if call.at < self._days]
        found.sort(key=lambda call: call.at)
        return [replace(call, place=place, key=f"{self._seed}:{place}") for place, call in enumerate(found)]

    def _about(self, message: Sent, messages: list[Sent]) -> Iterator[Call]:
        owner = self._people.owners.get(message.to_phone) if message.to_phone else message.customer
        if owner is not None and owner is not message.customer:
            if self._rng.random() < self._rules.wrong_recipient_draws:
                at = self._in_hours(message.sent + self._delay(message))
                yield self._call(Kind.ASTRAY, at, owner, MOBILE, message, message.topic)
            return
        if not message.reached or self._rng.random() >= self._draws(message):
            return
        first = self._when(message)
        if first is None:
            return
        at = first
        members = self._people.households[message.customer.household]
        others = [each for each in members if each is not message.customer]
        for _ in range(MOST_CALLS):
            at = self._in_hours(at)
            relative = bool(others) and self._rng.random() < self._rules.relative_calls
            caller = self._rng.choice(others) if relative else message.customer
            line = MOBILE if self._answers_from_mobile(message, caller) else None
            call = self._call(Kind.ABOUT, at, caller, line, message, message.topic)
            yield replace(call, paper=self._wrong_paper(call, messages))
            if self._rng.random() >= self._rules.again:
                return
            at += self._rng.lognormvariate(log(self._rules.again_delay), 1.0)

    def _draws(self, message: Sent) -> float:
        """The chance that the message draws a call."""
        rules = self._rules
        by_channel = {
            "sms": rules.sms_draws, "email": rules.email_draws, "letter": rules.letter_draws, "call": rules.call_draws,
        }  # fmt: skip
        chance = by_channel[message.channel] * (rules.asked_factor if message.asks else 2 - rules.asked_factor)
        chance *= (rules.read_factor if message.read else 1.0) / (1 + 0.75 * (rules.read_factor - 1))
        chance *= message.campaign.appeal if message.campaign else 1.0
        return min(chance * sqrt(message.customer.weight), 0.9)

    def _when(self, message: Sent) -> float | None:
        """When the first call comes; None: it does not after all."""
        rules, rng = self._rules, self._rng
        at = message.sent + self._delay(message)
        if message.ends is not None:
            if rng.random() < rules.deadline_rush:
                at = rng.uniform(max(message.sent, message.ends - 3), message.ends)
            if at > message.ends and rng.random() >= rules.after_end:
                return None
        if message.settled is not None and at > message.settled and rng.random() >= rules.after_settled:
            return None
        return at

    def _delay(self, message: Sent) -> float:
        rules, rng = self._rules, self._rng
        medians = {
            "sms": rules.sms_delay, "email": rules.email_delay, "letter": rules.letter_delay, "call": rules.call_delay,
        }  # fmt: skip
        post = rng.choices((1, 2, 3, 4), (35, 40, 18, 7))[0] if message.channel == "letter" else 0
        if rng.random() < rules.long_tail:
            return float(post + 4 * rng.paretovariate(1.2))
        return post + rng.lognormvariate(log(medians[message.channel]), rules.delay_spread)

    def _answers_from_mobile(self, message: Sent, caller: Person) -> bool:
        text = message.channel in ("sms", "call") and caller is message.customer
        return text and MOBILE in caller.lines and self._rng.random() < self._rules.text_from_mobile

    def _wrong_paper(self, call: Call, messages: list[Sent]) -> Sent | None:
        if call.paper is None or self._rng.random() >= self._rules.wrong_paper:
            return call.paper
        customer = call.paper.customer
        return self._rng.choice([each for each in messages if each.customer is customer and each.sent < call.at])

    def _others(self) -> Iterator[Call]:
        """Calls of customers about something else, and of frauds with their numbers."""
        rules, rng = self._rules, self._rng
        for customer in self._people.customers:
            rate = rules.other_matters * customer.weight
            at = rng.expovariate(rate) if rate > 0 else self._days
            while at < self._days:
                members = self._people.households[customer.household]
                caller = rng.choice(members) if rng.random() < rules.relative_calls else customer
                topic = rng.choice(customer.contracts).topic if rng.random() < rules.own_topic else None
                yield self._call(Kind.OTHER, self._in_hours(at), caller, None, None, topic)
                if customer.on_file and rng.random() < rules.spoofed:
                    number = rng.choice(sorted(customer.on_file))
                    spoofed = self._call(Kind.SPOOFED, self._in_hours(at + rng.random()), None, None, None, None)
                    yield replace(
                        spoofed, number=number, withheld=False, attestation=self._attested(Attestation.FAILED)
                    )
                at += rng.expovariate(rate)

    def _from_outside(self) -> Iterator[Call]:
        """Calls of people who are no customers."""
        rules, rng = self._rules, self._rng
        rate = rules.strangers * len(self._people.customers)
        living_here = [each for each in self._people.persons if not each.customer]
        at = rng.expovariate(rate) if rate > 0 else self._days
        while at < self._days:
            wrong = rng.random() < rules.misdialled
            here = bool(living_here) and rng.random() < rules.townspeople
            caller = rng.choice(living_here) if here and not wrong else None
            kind = Kind.MISDIALLED if wrong else Kind.STRANGER
            yield self._call(kind, self._in_hours(at), caller, None, None, None)
            at += rng.expovariate(rate)

    def _call(
        self, kind: Kind, at: float, caller: Person | None, line: str | None, message: Sent | None, topic: str | None
    ) -> Call:
        rules, rng = self._rules, self._rng
        line, number = self._phone(caller, line)
        withheld = rng.random() < rules.withheld_calls or number in self._people.withheld_lines
        withheld = withheld or (caller is not None and caller.withholds)
        paper = message if message and rng.random() < self._has_it(message, line) else None
        silent = rng.random() < rules.silent
        attestation = None if withheld else self._attested(Attestation.FULL)
        dialled = self._dialled(at, message)
        return Call(
            0, at, kind, caller, None if withheld else number, withheld, line, dialled, message, paper, topic, silent,
            attestation, "",
        )  # fmt: skip

    def _phone(self, caller: Person | None, line: str | None) -> tuple[str, str]:
        """Which telephone somebody calls from, and its number."""
        rules, rng = self._rules, self._rng
        if caller is None or not caller.lines or rng.random() < rules.unknown_phone:
            return "unknown", self._numbers.mobile() if rng.random() < 0.5 else self._numbers.landline()
        if line is None or line not in caller.lines:
            shares = {MOBILE: rules.line_mobile, LANDLINE: rules.line_landline, OFFICE: rules.line_office}
            kinds = list(caller.lines)
            any_line = rng.choices(kinds, [shares[kind] for kind in kinds])[0]
            faithful = caller.favourite in caller.lines and rng.random() < rules.line_faithful
            line = caller.favourite if faithful else any_line
        return line, caller.lines[line]

    def _has_it(self, message: Sent, line: str) -> float:
        return self._at_hand[message.channel] * (self._rules.office_at_hand if line == OFFICE else 1.0)

    def _dialled(self, at: float, message: Sent | None) -> str:
        rng = self._rng
        if message is not None:
            ignored = message.number != GENERAL_NUMBER and rng.random() < self._rules.leased_ignored
            return GENERAL_NUMBER if ignored else message.number
        if rng.random() < self._rules.other_on_leased:
            leased = [each.number for each in self._leases if each.leased <= at < each.until]
            return rng.choice(leased) if leased else GENERAL_NUMBER
        return GENERAL_NUMBER

    def _attested(self, attestation: Attestation) -> Attestation | None:
        return attestation if self._rng.random() < self._rules.attested else None

    def _in_hours(self, at: float) -> float:
        """Most people wait for the opening hours."""
        day, hour = int(at), at % 1
        if (OPENS <= hour < CLOSES and day % 7 != SUNDAY) or self._rng.random() >= self._rules.working_hours:
            return at
        if hour >= OPENS:
            day += 1
        while day % 7 == SUNDAY:
            day += 1
        return min(day + OPENS + self._rng.expovariate(12.0), day + CLOSES)
