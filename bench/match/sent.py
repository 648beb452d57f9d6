"""What the company sent: campaigns and single messages, with their handles, leases and delivery. Times are days since
the town's first day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.match.people import People, Person
from bench.match.rules import CHANNELS, TOPICS, TownRules

GENERAL_NUMBER = "+493023125000"
CodeMaker = Callable[[Random], str]
CODE_DAYS = 90.0
GRACE_DAYS = 30.0
"""How long the code of a message holds whose offer has no end, as in the settings."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A number of the pool and the campaign that it stands for from ``leased`` until ``until``."""

    number: str
    campaign: str
    leased: float
    until: float
    free: float


@dataclass(frozen=True, slots=True)
class Campaign:
    """A message to many. ``appeal`` is a factor on how many of them call."""

    name: str
    sent: float
    channel: str
    topic: str
    number: str
    offer_days: float | None
    reference: str | None
    """The same for everybody; None: each has one of its own, or none."""
    appeal: float


@dataclass(slots=True)
class Sent:
    """A message. ``topic`` is what it is about, ``topic_told`` what it was registered with; the same for the call to
    action (``asks``). ``ends`` is the end of the offer. ``delivery`` is what is reported at ``delivery_at``,
    ``reached`` whether it got there. ``settled`` is when it was answered on the web, ``settled_told`` when we hear of
    it."""

    place: int
    customer: Person
    sent: float
    channel: str
    topic: str
    topic_told: str | None
    number: str
    campaign: Campaign | None
    to_phone: str | None
    reference: str | None
    code: str
    ends: float | None
    asks: bool
    asks_told: bool | None
    delivery: str | None
    delivery_at: float
    reached: bool
    read: bool
    settled: float | None
    settled_told: float | None

    @property
    def message_id(self) -> str:
        return f"m{self.place:07d}"

    @property
    def code_expires(self) -> float:
        return self.ends + GRACE_DAYS if self.ends is not None else self.sent + CODE_DAYS


class Sender:
    """Sends messages. ``new_code`` gives a callback code that no other message has."""

    def __init__(self, rules: TownRules, people: People, rng: Random, new_code: CodeMaker) -> None:
        self._rules = rules
        self._people = people
        self._rng = rng
        self._new_code = new_code
        self._days = rules.past_days + rules.window_days
        self.leases: list[Lease] = []
        self.messages: list[Sent] = []

    def send(self) -> None:
        """Everything that is sent in the town's time, in order."""
        for campaign in self._campaigns():
            self._to_many(campaign)
        for customer in self._people.customers:
            rate = self._rules.messages_a_day * (1 - self._rules.campaign) * customer.weight
            day = self._rng.expovariate(rate) if rate > 0 else self._days
            while day < self._days:
                self._single(customer, _office_hours(day, self._rng))
                day += self._rng.expovariate(rate)
        self.messages.sort(key=lambda each: each.sent)
        for place, message in enumerate(self.messages):
            message.place = place

    def _campaigns(self) -> list[Campaign]:
        rules, rng = self._rules, self._rng
        campaigns: list[Campaign] = []
        day = rng.uniform(0, rules.campaign_every)
        while day < self._days:
            campaigns.append(self._campaign(f"campaign-{len(campaigns)}", day, self._channel()))
            day += rng.expovariate(1 / rules.campaign_every)
        if rules.big_campaign > 0:
            campaigns.append(self._campaign("mailshot", rules.past_days + 2.0, "letter"))
        return campaigns

    def _campaign(self, name: str, day: float, channel: str) -> Campaign:
        rules, rng = self._rules, self._rng
        return Campaign(
            name,
            _office_hours(day, rng),
            channel,
            rng.choice(TOPICS),
            self._lease(name, day) if rng.random() < rules.campaign_leased else GENERAL_NUMBER,
            rng.uniform(0.4, 1.6) * rules.offer_days if rng.random() < rules.offer_ends else None,
            f"{rng.randint(10_000, 99_999)}" if rng.random() < rules.offer_reference else None,
            rng.lognormvariate(-(rules.campaign_spread**2) / 2, rules.campaign_spread),
        )

    def _lease(self, campaign: str, day: float) -> str:
        """A free number of the pool, else the general one."""
        for place in range(self._rules.pool_numbers):
            number = f"+49302312{6000 + place}"
            if all(each.free <= day for each in self.leases if each.number == number):
                until = day + self._rules.lease_days
                self.leases.append(Lease(number, campaign, day, until, until + self._rules.quarantine_days))
                return number
        return GENERAL_NUMBER

    def _to_many(self, campaign: Campaign) -> None:
        share = self._rules.messages_a_day * self._rules.campaign * self._rules.campaign_every
        if campaign.name == "mailshot":
            share = self._rules.big_campaign
        for customer in self._people.customers:
            # Campaigns go to whoever fits, heavy customers a little more.
            if self._rng.random() < share * (0.5 + 0.5 * customer.weight):
                spread = self._rng.random() * (1.0 if campaign.channel == "letter" else 0.2)
                self._message(customer, campaign.sent + spread, campaign.channel, campaign.topic, campaign)

    def _single(self, customer: Person, day: float) -> None:
        self._message(customer, day, self._channel(), self._rng.choice(customer.contracts).topic, None)

    def _channel(self) -> str:
        rules = self._rules
        return self._rng.choices(CHANNELS, (rules.sms, rules.email, rules.letter, rules.call))[0]

    def _message(self, customer: Person, day: float, channel: str, topic: str, campaign: Campaign | None) -> None:
        rules, rng = self._rules, self._rng
        if channel in ("sms", "call") and customer.texts_to is None:
            channel = "letter"
        reached, read, delivery, delivery_at = self._delivery(customer, channel, day)
        days = campaign.offer_days if campaign else rng.uniform(0.4, 1.6) * rules.offer_days
        ends = day + days if days and (campaign or rng.random() < rules.offer_ends) else None
        asks = rng.random() < rules.call_to_action
        settled = day + rng.expovariate(1 / 4) if rng.random() < rules.settled_online else None
        told = settled + rng.random() if settled and rng.random() < rules.settled_told else None
        self.messages.append(
            Sent(
                0, customer, day, channel, topic, topic if rng.random() < rules.topic_told else None,
                campaign.number if campaign else GENERAL_NUMBER, campaign,
                customer.texts_to if channel in ("sms", "call") else None,
                self._reference(customer, topic, campaign), self._new_code(rng), ends, asks,
                asks if rng.random() < rules.call_to_action_told else None,
                delivery, delivery_at, reached, read, settled, told,
            )
        )  # fmt: skip

    def _reference(self, customer: Person, topic: str, campaign: Campaign | None) -> str | None:
        rules, rng = self._rules, self._rng
        if campaign and campaign.reference:
            return campaign.reference
        style = rng.random()
        if style < rules.no_reference:
            return None
        if style < rules.no_reference + rules.contract_reference:
            numbers = [each.number for each in customer.contracts if each.topic == topic]
            return numbers[0] if numbers else customer.contracts[0].number
        if style < rules.no_reference + rules.contract_reference + rules.letters_reference:
            letters = "".join(rng.choice("ABCDEFGHKLMNPRSTUVWXYZ") for _ in range(2))
            return f"{letters}-{rng.randrange(1000):03d}-{rng.randrange(1000):03d}"
        return f"{rng.randrange(10**8):08d}"

    def _delivery(self, customer: Person, channel: str, day: float) -> tuple[bool, bool, str | None, float]:
        """Whether it got there, whether it was read, and what of it is reported when."""
        rules, rng = self._rules, self._rng
        if channel == "letter":
            return True, rng.random() < 0.8, None, day
        rings = channel == "email" or customer.texts_to in self._people.owners
        failed = not rings or rng.random() < (rules.email_failed if channel == "email" else rules.sms_failed)
        if failed:
            return rng.random() < rules.failed_wrongly, False, "failed", day + 0.01
        read = rng.random() < 0.7
        if read and channel != "call" and rng.random() < rules.read_told:
            return True, True, "read", day + rng.expovariate(1 / 0.2)
        return True, read, "delivered" if rng.random() < rules.delivery_told else None, day + 0.01


def _office_hours(day: float, rng: Random) -> float:
    """Messages go out between 8 and 18 o'clock."""
    return int(day) + rng.uniform(8, 18) / 24
