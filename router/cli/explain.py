"""A match in words that a manager understands: each weight, what it makes of the chance, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, floor, log10
from typing import Any, assert_never

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from router.core.hearing import Understood, Verdict
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match, Question, QuestionKind
from router.matching.disclosure import Policy, Shown, visible
from router.matching.parameters import Parameters
from router.matching.rank import settled

CHANNELS = {"sms": "text message", "email": "e-mail", "letter": "letter", "call": "recorded call"}


@dataclass(frozen=True, slots=True)
class Explained:
    """A match with what is needed to explain it. ``messages`` are rows with ``offer``, ``channel`` and ``sent_at`` by
    message id; ``asks`` says whether the flow can ask anything at all."""

    found: Match
    messages: Mapping[str, Any]
    when: datetime
    parameters: Parameters
    policy: Policy
    asks: bool


def show(explained: Explained, console: Console) -> None:
    """Print all of it. No number and no code is in there."""
    found = explained.found
    rest = 1.0 - found.none_probability - sum(each.probability for each in found.candidates)
    others = rest >= 0.0005
    for place, candidate in enumerate(found.candidates, 1):
        console.print(f"{place}. {_heading(candidate, explained)}", style="bold")
        console.print(Padding(_sum(candidate, len(found.candidates) == 1 and not others), (0, 0, 1, 3)))
    none = f"None of the messages: {percent(found.none_probability)}"
    console.print(f"{none}; others, too unlikely to be shown: {percent(rest)}" if others else none)
    if found.code_accepted is False:
        console.print("The code counts for nothing: it is none of ours, or it holds no longer.")
    console.print()
    for name, words in _conclusions(explained):
        console.print(f"{name}: {words}")
    if explained.parameters.adjustments:
        console.print("The weights are calibrated; see 'threadline match weights'.")


def _heading(candidate: Candidate, explained: Explained) -> str:
    message = explained.messages.get(candidate.message_id)
    title = candidate.offer_title or "offer without a title"
    if message is None:
        return f"{title}: {percent(candidate.probability)}"
    sent = message.sent_at.astimezone()
    channel = CHANNELS.get(message.channel, message.channel)
    when = f"{sent:%Y-%m-%d %H:%M}, {_apart(explained.when - sent)}"
    return f"{title} · {channel} of {when} · {percent(candidate.probability)}"


def _apart(age: timedelta) -> str:
    minutes = abs(age) // timedelta(minutes=1)
    days, hours = minutes // 1440, minutes // 60
    span = _count(days, "day") if days >= 2 else _count(hours, "hour") if hours >= 2 else _count(minutes, "minute")
    return f"{span} {'before' if age >= timedelta(0) else 'after'} the call"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _sum(candidate: Candidate, alone: bool) -> Table:
    """The evidence: what each piece weighs, and what the chance is from there on."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    log_odds = 0.0
    for evidence in _timing_first(candidate):
        log_odds += evidence.log_odds
        if evidence.kind is EvidenceKind.TIMING:
            table.add_row("", chance(log_odds), f"of all calls are about this message now. {evidence.detail}")
        else:
            table.add_row(factor(evidence.log_odds), f"→ {chance(log_odds)}", evidence.detail)
    others = "against none of the messages." if alone else "with the other messages beside it."
    table.add_row("", f"= {percent(candidate.probability)}", others)
    return table


def _timing_first(candidate: Candidate) -> list[Evidence]:
    return sorted(candidate.evidence, key=lambda each: each.kind is not EvidenceKind.TIMING)


def _conclusions(explained: Explained) -> Iterator[tuple[str, str]]:
    found = explained.found
    show = visible(found.assurance, found.decision, explained.policy)
    yield "Decision", _decision(found, explained.parameters)
    if found.understood is not None:
        yield "What was said", _understood(found.understood)
    yield "Next question", _question(found, explained.asks)
    yield f"The agent sees (assurance {found.assurance.name})", _seen(show.shown)
    yield "The IVR may say", "the offer's title" if show.say_offer_title else "nothing personal"


def _decision(found: Match, parameters: Parameters) -> str:
    """The decision with its reason."""
    best = found.candidates[0] if found.candidates else None
    match found.decision:
        case Decision.SURE:
            return f"sure. It takes {percent(parameters.sure)}, and more than a caller number."
        case Decision.LIKELY if best is not None and not settled(best.evidence):
            return "likely, not sure: a caller number alone says who is calling, not about what."
        case Decision.LIKELY:
            return f"likely, not sure: that takes {percent(parameters.sure)}."
        case Decision.UNCLEAR if best is not None and best.probability < parameters.likely:
            return f"unclear: no message reaches the {percent(parameters.likely)} from which one is named."
        case Decision.UNCLEAR:
            return (
                f"unclear: the first is not {parameters.lead:g} times likelier than the second, and of two that are "
                "close none is named."
            )
        case Decision.NONE if best is None:
            return "none: nobody would be recognised, nothing ties the call to a message."
        case Decision.NONE:
            return "none: nothing but a number that the network found forged ties the call to a message."
        case _:
            assert_never(found.decision)


def _understood(understood: Understood) -> str:
    """What a flow would do with it. Without the number: it may be a code."""
    part = understood.part
    match understood.verdict:
        case Verdict.ACCEPT:
            return "clear, nobody would be asked."
        case Verdict.CONFIRM:
            return "would be read back, for the caller to say yes or no."
        case Verdict.PART if part is not None:
            return f"in doubt: the {part.end} {part.characters} characters would be asked for once more."
        case _:
            return "not clear enough to be read back: the number would be asked for once more."


def _question(found: Match, asks: bool) -> str:
    if found.question is not None:
        keys = f"{found.question.digits} key{'' if found.question.digits == 1 else 's'}"
        return (
            f"{_asked(found.question)} ({keys}). Of all that can be asked it tells most for what it costs the caller."
        )
    if found.decision is Decision.SURE:
        return "none, the call is settled."
    return "none would tell enough to be worth the caller's while." if asks else "none, the flow asks no questions."


def _asked(question: Question) -> str:
    match question.kind:
        case QuestionKind.ABOUT_MESSAGE:
            return "whether the call is about a message from us"
        case QuestionKind.TOPIC:
            return f"what the call is about: {', '.join(question.topics)}"
        case QuestionKind.LAST_DIGITS:
            return f"the last {question.digits} digits of the reference"
        case QuestionKind.CODE:
            return "the callback code"
        case QuestionKind.REFERENCE:
            return "the reference or the code in full"
        case _:
            assert_never(question.kind)


def _seen(shown: Shown) -> str:
    match shown:
        case Shown.CAMPAIGN:
            return "the number dialled and its campaign, nothing of any message."
        case Shown.SIDE_BY_SIDE:
            return "the messages side by side, none of them opened."
        case Shown.PROBABLY:
            return 'message and offer, with "probably" and the advice to check who is calling; sensitive fields closed.'
        case Shown.OPENED:
            return "message and offer; sensitive fields closed."
        case Shown.EVERYTHING:
            return "everything, sensitive fields too."
        case _:
            assert_never(shown)


def factor(log_odds: float) -> str:
    """What a weight does: ``×340 likelier``, ``÷3.1 less likely``."""
    times = exp(abs(log_odds))
    if times < 1.005:
        return "×1"
    return f"×{_number(times)} likelier" if log_odds > 0 else f"÷{_number(times)} less likely"


def chance(log_odds: float) -> str:
    """Odds as a chance: ``one in 12,000`` while it is small, then a percentage."""
    return percent(1 / (1 + exp(-log_odds))) if log_odds > -2.2 else f"one in {_number(1 + exp(-log_odds))}"


def percent(share: float) -> str:
    """``92.1 %``; never 0 or 100 for what is only nearly so."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    return "over 99.9 %" if 0.9995 <= share < 1 else f"{share * 100:.1f} %"


def _number(value: float) -> str:
    """Two figures that count: 3.4, 34, 340, 12,000, 5.6 million."""
    for size, name in ((1e12, "million million"), (1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{_two(value / size):,g} {name}"
    return f"{_two(value):,g}"


def _two(value: float) -> float:
    return round(value, 1 - floor(log10(abs(value))))
