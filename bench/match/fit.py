"""What maximum likelihood on towns says for the parameters of matching, beside the table's values:
``python -m bench.match.fit``.

Every parameter is a share or a rate, so its likeliest value is what was counted. Towns are made up: what they say
shows whether the table is of the right size, and is no reason to copy it. The towns here have other seeds and rules
than those that `make bench-match` reports on.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from math import fsum
from random import Random

from bench.match.answers import answer
from bench.match.mixes import Sorter
from bench.match.rules import DEFAULT, TOPICS, TownRules
from bench.match.sent import GENERAL_NUMBER, Sent
from bench.match.stock import as_row
from bench.match.town import Town, build, moment
from bench.match.traffic import Call, Kind
from router.core.match import Question, QuestionKind
from router.matching import prior
from router.matching.circumstances import Circumstances
from router.matching.parameters import Parameters
from router.matching.references import ending, normalise

SEEDS = (101, 102)
CALLS = 4_000
AGES = (0.0, 0.25, 1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 120.0)
"""Bounds of the ages of messages, in days, that are looked at by themselves."""
SAMPLED = 6_000
"""Messages of a town whose expected calls are added up."""
PARAMETERS = Parameters()

Counts = dict[str, list[float]]
"""By name: what came, and what it came of."""


def training_rules(seed: int) -> TownRules:
    """Rules between those of the towns reported on: each rate up to 1.5 times more or less than the default's."""
    rng = Random(f"{seed}:training")
    names = ("sms_draws", "email_draws", "letter_draws", "call_draws", "sms_delay", "email_delay", "letter_delay",
             "other_matters", "again", "again_delay", "after_end", "moved", "unknown_phone", "withheld_people",
             "messages_a_day", "long_tail", "topic_wrong", "confused", "other_contract")  # fmt: skip
    return replace(DEFAULT, **{name: getattr(DEFAULT, name) * 1.5 ** rng.uniform(-1, 1) for name in names})


def rates(town: Town, counts: Counts) -> None:
    """Calls about messages by channel and age, against those that the table expects."""
    begins, ends = town.begins, town.calls[-1].at
    rng = Random(f"{town.seed}:sample")
    sample = rng.sample(town.messages, min(SAMPLED, len(town.messages)))
    chosen = {message.place for message in sample}
    answered = {change.message.place: change.answered for change in town.changes if change.answered is not None}
    for message in sample:
        for low, high in pairwise(AGES):
            start, end = max(message.sent + low, begins), min(message.sent + high, ends)
            if start < end:
                at = rng.uniform(start, end)
                for name in _names(message, at, answered.get(message.place)):
                    counts[name][1] += (end - start) * _expected(message, at, answered.get(message.place))
    for call in town.calls:
        if call.kind is Kind.ABOUT and call.message is not None and call.message.place in chosen:
            for name in _names(call.message, call.at, answered.get(call.message.place)):
                counts[name][0] += 1


def _expected(message: Sent, at: float, answered: float | None) -> float:
    """Calls a day that the table expects about the message."""
    row = as_row(message, at, answered)
    around = Circumstances(moment(at), 1, False, PARAMETERS)
    facts = (prior.delivery, prior.offer_ended, prior.answered, prior.call_to_action)
    evidence = [prior.timing(row, around), *(found for fact in facts if (found := fact(row, around)))]
    return float(PARAMETERS.unrelated_calls * 2.718281828459045 ** fsum(each.log_odds for each in evidence))


def _names(message: Sent, at: float, answered: float | None) -> Iterator[str]:
    age = at - message.sent
    low, high = next((low, high) for low, high in pairwise(AGES) if low <= age <= high or high == 120)
    yield f"calls expected, {message.channel} of {low:g} to {high:g} days"
    yield f"calls expected, {'offer ended' if message.ends is not None and at > message.ends else 'offer holds'}"
    yield f"calls expected, {'answered' if answered is not None and at > answered else 'not answered'}"
    yield f"calls expected, delivery {message.delivery or 'not told'}"
    yield f"calls expected, asks to call: {message.asks_told}"


def shares(town: Town, counts: Counts) -> None:
    """What callers do, as shares."""
    sorter = Sorter(town)
    on_file = {number: person for person in town.people.customers for number in person.on_file}
    days = town.calls[-1].at - town.begins
    counts["unrelated_per_customer"][1] += days * len(town.people.customers)
    counts["strangers"][1] += days * len(on_file)
    for call in town.calls:
        about = call.kind is Kind.ABOUT and call.message is not None
        if about and not call.withheld:
            _lines(call, counts)
        if about:
            _answers_about(town.rules, call, counts)
        elif call.kind in (Kind.OTHER, Kind.STRANGER, Kind.MISDIALLED):
            _answers_other(town.rules, call, sorter, counts)
        if call.kind is Kind.OTHER:
            counts["unrelated_per_customer"][0] += 1
            if call.caller is not None and call.caller.on_file and not call.withheld:
                _count(counts, "unrelated_share, all numbers together", call.number in call.caller.on_file)
        if not about and call.number in on_file and (call.caller is None or call.caller is not on_file[call.number]):
            counts["strangers"][0] += 1


def _lines(call: Call, counts: Counts) -> None:
    message = call.message
    assert message is not None
    if message.to_phone is not None:
        _count(counts, "from_recipient_number", call.number == message.to_phone)
    others = message.customer.on_file - {message.to_phone}
    if others:
        counts["from_customer_number"][0] += call.number in others
        counts["from_customer_number"][1] += len(others)
    if message.number != GENERAL_NUMBER:
        _count(counts, "dials_printed_number", call.dialled == message.number)


def _answers_about(rules: TownRules, call: Call, counts: Counts) -> None:
    message = call.message
    assert message is not None
    _count(counts, "keys_code", answer(rules, call, _CODE, 0).digits == message.code)
    _count(counts, f"keys_code, {message.channel}", answer(rules, call, _CODE, 0).digits == message.code)
    end = ending(normalise(message.reference) or "", 4) if message.reference else None
    if end is not None:
        given = answer(rules, call, _END, 0).digits
        _count(counts, "has_last_digits", bool(given))
        if given:
            _count(counts, "miskeyed", given not in (end, message.code[-4:]))
    chosen = answer(rules, call, _TOPIC, 0).topic
    _count(counts, "topic_unanswered", not chosen)
    _count(counts, "topic_right", chosen == message.topic)


def _answers_other(rules: TownRules, call: Call, sorter: Sorter, counts: Counts) -> None:
    known = "number on file" in sorter.mix(call)
    _count(counts, "unrelated_keys_digits", bool(answer(rules, call, _END, 0).digits))
    _count(counts, "topic_unrelated_unanswered", not answer(rules, call, _TOPIC, 0).topic)
    if known and call.caller is not None and call.caller.contracts:
        own = {contract.number[-4:] for contract in call.caller.contracts}
        _count(counts, "own_last_digits", answer(rules, call, _END, 0).digits in own)
        mine = Random(call.key).choice(call.caller.contracts).topic
        _count(counts, "topic_unrelated", answer(rules, call, _TOPIC, 0).topic == mine)


_CODE = Question(QuestionKind.CODE, 14)
_END = Question(QuestionKind.LAST_DIGITS, 4)
_TOPIC = Question(QuestionKind.TOPIC, 1, TOPICS)


def _count(counts: Counts, name: str, true: bool) -> None:
    counts[name][0] += true
    counts[name][1] += 1


def fitted(towns: Iterable[Town]) -> Counts:
    """What was counted in all towns together."""
    counts: Counts = defaultdict(lambda: [0.0, 0.0])
    for town in towns:
        rates(town, counts)
        shares(town, counts)
    return counts


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.match.fit", description=__doc__)
    parser.add_argument("--seed", action="append", type=int, help=f"training towns (else {SEEDS})")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"calls of each (else {CALLS})")
    asked = parser.parse_args(arguments)
    seeds = asked.seed or SEEDS
    counts = fitted(build("training", training_rules(seed), seed, asked.calls) for seed in seeds)
    print(f"{'parameter':48} {'table':>9} {'towns say':>10} {'count':>9}")
    for name, (came, of) in sorted(counts.items()):
        table = getattr(PARAMETERS, name.partition(",")[0], None)
        shown = f"{table:9.4f}" if isinstance(table, float) else f"{'1':>9}"
        print(f"{name:48} {shown} {came / of if of else 0:10.4f} {came:9.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
