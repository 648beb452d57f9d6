"""Towns: made anew from rules and seed, with what the rules say in them, and a truth that holds together."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from hashlib import sha256
from random import Random

import pytest

from bench.match import baselines
from bench.match.answers import answer, miskeyed
from bench.match.mixes import ABOUT, MIXES, Sorter
from bench.match.people import LANDLINE
from bench.match.rules import DEFAULT, TOPICS, TOWNS, TownRules, changed
from bench.match.town import Town, build
from bench.match.traffic import Kind
from router.core.match import Question, QuestionKind
from router.matching.codes import well_formed

CALLS = 250
QUESTIONS = (
    Question(QuestionKind.ABOUT_MESSAGE, 1),
    Question(QuestionKind.TOPIC, 1, TOPICS),
    *(Question(QuestionKind.LAST_DIGITS, digits) for digits in (2, 3, 4)),
    Question(QuestionKind.CODE, 10),
)
SHORT = replace(DEFAULT, past_days=60.0, window_days=40.0)


def fingerprint(town: Town) -> str:
    """Stands for all that methods and callers can see or do in a town."""
    messages = [
        (m.customer.place, m.sent, m.channel, m.to_phone, m.number, m.reference, m.code, m.topic_told, m.asks_told,
         m.ends, m.delivery, m.delivery_at, m.settled_told) for m in town.messages
    ]  # fmt: skip
    calls = [
        (c.at, c.kind, c.number, c.dialled, c.attestation, c.message and c.message.place)
        for c in town.past + town.calls
    ]
    answers = [answer(town.rules, c, question, time) for c in town.calls for question in QUESTIONS for time in (0, 1)]
    changes = [(c.at, c.message.place, c.delivery, c.answered) for c in town.changes]
    on_file = [sorted(person.on_file) for person in town.people.customers]
    return sha256(repr((messages, calls, answers, changes, on_file)).encode()).hexdigest()


@pytest.fixture(scope="module")
def default() -> Town:
    return build("default", DEFAULT, 3, CALLS)


@pytest.fixture(scope="module")
def short() -> str:
    return fingerprint(build("default", SHORT, 3, CALLS))


def test_the_same_rules_and_seed_make_the_same_town(default: Town) -> None:
    assert fingerprint(build("default", DEFAULT, 3, CALLS)) == fingerprint(default)
    assert fingerprint(build("default", DEFAULT, 4, CALLS)) != fingerprint(default)


OF_THE_RUN = {"verdicts", "past_tied", "past_tied_wrong", "guesses_a_day", "guesser_withheld"}
"""Rules about what is done with a town; see test_run.py."""
RARE = {"attested": 0.5, "spoofed": 0.5, "big_campaign": 0.5, "wrong_paper": 0.5, "lies": 0.5, "wrong_on_file": 0.3,
        "landline_moved": 0.5, "misdialled": 0.9, "recycled": 1.0, "moved": 0.5, "wrong_recipient_draws": 1.0,
        "failed_wrongly": 1.0, "email_failed": 0.5, "after_end": 1.0, "swapped_keys": 0.5, "lost_key": 0.5,
        "call_at_hand": 0.9, "after_settled": 1.0, "leased_ignored": 0.9}  # fmt: skip
"""Of rules about what is rare, a value at which it shows in a small town."""


@pytest.mark.parametrize("rule", [each.name for each in fields(TownRules) if each.name not in OF_THE_RUN])
def test_every_rule_does_something(rule: str, short: str) -> None:
    other = RARE.get(rule, 1 if rule == "pool_numbers" else getattr(SHORT, rule) * 0.5)
    assert fingerprint(build("default", changed(SHORT, {rule: str(other)}), 3, CALLS)) != short


@pytest.mark.parametrize("name", TOWNS)
def test_the_truth_of_a_town_holds_together(name: str) -> None:
    town = build(name, TOWNS[name], 5, CALLS)
    sorter = Sorter(town)
    assert len(town.calls) == CALLS
    assert [call.at for call in town.past + town.calls] == sorted(call.at for call in town.past + town.calls)
    assert len({message.code for message in town.messages}) == len(town.messages)
    for message in town.messages:
        assert well_formed(message.code, 10)
    for call in town.calls:
        assert not (call.withheld and call.number)
        assert (call.message is not None) == (call.kind in (Kind.ABOUT, Kind.ASTRAY))
        assert sorter.mix(call) in MIXES
        if call.kind is Kind.ABOUT:
            assert call.message is not None and call.caller is not None
            assert call.at > call.message.sent
            assert call.caller.household == call.message.customer.household
            assert sorter.mix(call) in ABOUT


def test_a_default_town_has_everything_that_makes_it_hard() -> None:
    town = build("default", DEFAULT, 1, 2_000)
    mixes = Counter(map(Sorter(town).mix, town.calls))
    assert {mix for mix in MIXES if mix != "spoofed"} - mixes.keys() == set()
    people = town.people
    shared = Counter(p.lines[LANDLINE] for p in people.customers if p.lines.get(LANDLINE) in p.on_file)
    assert max(shared.values()) > 1
    not_theirs = [p for p in people.customers if p.texts_to and p.texts_to not in p.lines.values()]
    assert any(people.owners.get(p.texts_to or "") for p in not_theirs)
    references = Counter(message.reference for message in town.messages if message.reference)
    assert max(references.values()) > 5, "some references are the offer's, the same for everybody"


def test_callers_answer_the_same_question_the_same_way_whoever_asks(default: Town) -> None:
    for call in default.calls:
        for question in QUESTIONS:
            assert answer(DEFAULT, call, question, 0) == answer(DEFAULT, call, question, 0)


def test_keys_go_wrong_as_often_as_the_rules_say() -> None:
    rng = Random(1)
    rules = replace(DEFAULT, wrong_key=0.1, swapped_keys=0.0, lost_key=0.0)
    slips = sum(miskeyed(rules, "1234567890", rng) != "1234567890" for _ in range(2_000))
    assert 0.55 < slips / 2_000 < 0.75  # 1 - 0.9 ** 10
    assert miskeyed(replace(rules, wrong_key=0.0), "1234567890", rng) == "1234567890"
    lost = miskeyed(replace(rules, wrong_key=0.0, lost_key=1.0), "1234567890", rng)
    assert lost == ""


def test_rules_are_changed_by_name_or_refused() -> None:
    assert changed(DEFAULT, {"pool_numbers": "3", "moved": "0.5"}) == replace(DEFAULT, pool_numbers=3, moved=0.5)
    with pytest.raises(ValueError, match="no rule 'mooved'"):
        changed(DEFAULT, {"mooved": "0.5"})
    with pytest.raises(ValueError, match="could not convert"):
        changed(DEFAULT, {"moved": "much"})


def test_baselines_do_what_their_names_say(default: Town) -> None:
    results = dict(baselines.run(default))
    directory = baselines.Directory(default)
    for call, latest, first, code in zip(
        default.calls, results["latest message"], results["first hit"], results["ask all for code"], strict=True
    ):
        of_number = directory.of_number(call)
        assert latest.named == (of_number[-1].message_id if of_number else None)
        assert first.named == (of_number[0].message_id if of_number else None)
        assert code.questions >= 1
        if call.withheld:
            assert latest.named is None
    assert sum(each.keys for each in results["number or code"]) < sum(each.keys for each in results["ask all for code"])
