"""What a caller does when asked: the right keys, wrong keys, the hash key, or nothing.

An answer depends on the call, the question and how often it was asked, and on nothing else, so that every way of
asking meets the same callers.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from bench.match.rules import TOPICS, TownRules
from bench.match.traffic import Call, Kind
from router.core.match import Question, QuestionKind
from router.matching.references import ending, normalise


@dataclass(frozen=True, slots=True)
class Answer:
    """What was keyed in, without the hash key; ``topic`` and ``about`` (``yes`` or ``no``) where these were asked.
    ``keys`` counts the digits keyed in, one for a choice; the hash key is none; ``hash``: it was all."""

    digits: str = ""
    topic: str = ""
    about: str = ""
    keys: int = 0
    hash: bool = False


NOTHING = Answer()
HASH = Answer(hash=True)


def answer(rules: TownRules, call: Call, question: Question, time: int) -> Answer:
    """The caller's answer to ``question``, asked for the ``time``-th time (0 first)."""
    if call.silent:
        return NOTHING
    rng = Random(f"{call.key}:{question.kind}:{question.digits}:{time}")
    if question.kind is QuestionKind.ABOUT_MESSAGE:
        return _about(rules, call, rng)
    if question.kind is QuestionKind.TOPIC:
        return _topic(rules, call, question.topics, rng)
    lies = rng.random() < rules.lies
    known = _digits(rng, question.digits) if lies else _known(rules, call, question, rng)
    if not known:
        return HASH if rng.random() < rules.hash_key else NOTHING
    keyed = miskeyed(rules, known, rng)
    return Answer(keyed, keys=len(keyed))


def miskeyed(rules: TownRules, digits: str, rng: Random) -> str:
    """``digits`` as they arrive: keys hit wrongly, swapped or lost."""
    keys = list(digits)
    for place in range(len(keys) - 1):
        if rng.random() < rules.swapped_keys:
            keys[place], keys[place + 1] = keys[place + 1], keys[place]
    keys = [_other_digit(key, rng) if rng.random() < rules.wrong_key else key for key in keys]
    return "".join(key for key in keys if rng.random() >= rules.lost_key)


def _about(rules: TownRules, call: Call, rng: Random) -> Answer:
    yes, no = rules.says_about, rules.denies_about
    if call.message is None:
        yes, no = rules.other_says_about, rules.other_denies_about
    said = rng.random()
    if said < yes + no and call.kind is not Kind.MISDIALLED:
        return Answer(about="yes" if said < yes else "no", keys=1)
    return HASH if rng.random() < rules.hash_key else NOTHING


def _topic(rules: TownRules, call: Call, topics: tuple[str, ...], rng: Random) -> Answer:
    none = rules.topic_none if call.message is not None else rules.other_topic_none
    if call.kind is Kind.MISDIALLED or rng.random() < none:
        return HASH if rng.random() < rules.hash_key else NOTHING
    own = call.topic if call.topic is not None else rng.choice(TOPICS)
    if rng.random() < rules.topic_wrong + rules.lies:
        own = rng.choice([topic for topic in topics if topic != own])
    return Answer(topic=own, keys=1) if own in topics else HASH


def _known(rules: TownRules, call: Call, question: Question, rng: Random) -> str | None:
    """The digits that the caller takes for what is asked for; None: there are none."""
    if question.kind is QuestionKind.REFERENCE:
        return _in_full(rules, call, rng)
    if question.kind is QuestionKind.CODE:
        code = _code(rules, call, rng)
        return code[: rng.randint(1, len(code) - 1)] if code and rng.random() < rules.gives_up else code
    return _end_of_reference(rules, call, question.digits, rng)


def _code(rules: TownRules, call: Call, rng: Random) -> str | None:
    if call.paper is not None:
        return call.paper.code
    return _something(rules, call, 10, rng)


def _in_full(rules: TownRules, call: Call, rng: Random) -> str | None:
    """The reference, where it can be keyed in and the caller takes it, else the code."""
    key = normalise(call.paper.reference) if call.paper and call.paper.reference else None
    digits = key if key and key.isdigit() and rng.random() < rules.takes_reference else _code(rules, call, rng)
    return digits[: rng.randint(1, len(digits) - 1)] if digits and rng.random() < rules.gives_up else digits


def _end_of_reference(rules: TownRules, call: Call, digits: int, rng: Random) -> str | None:
    if call.paper is None:
        return _something(rules, call, digits, rng)
    key = normalise(call.paper.reference) if call.paper.reference else None
    end = ending(key, digits) if key else None
    if rng.random() < rules.confused:
        return _digits(rng, digits)  # out of some other number in the message
    return end if end and rng.random() < rules.takes_reference else call.paper.code[-digits:]


def _something(rules: TownRules, call: Call, digits: int, rng: Random) -> str | None:
    """What somebody without the message keys in all the same."""
    if call.kind not in (Kind.OTHER, Kind.STRANGER):
        return None
    customer = call.caller if call.caller is not None and call.caller.contracts else None
    if customer is not None and rng.random() < rules.other_contract:
        return rng.choice(customer.contracts).number[-digits:]
    return _digits(rng, digits) if rng.random() < rules.other_digits else None


def _digits(rng: Random, count: int) -> str:
    return f"{rng.randrange(10**count):0{count}d}"


def _other_digit(digit: str, rng: Random) -> str:
    return rng.choice([other for other in "0123456789" if other != digit])
