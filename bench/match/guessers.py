"""Guessers: callers who try random codes that are well-formed, for they know the check digit, withheld or each time
from another number. They get what the maths says and no more; callers with a code of their own are counted beside them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import exp
from random import Random

from sqlalchemy import insert

from bench.match.answers import NOTHING, Answer
from bench.match.house import House, match_of, opened, question_of
from bench.match.rules import TownRules
from bench.match.town import code_maker, moment
from router.core.events import WITHHELD, Caller, CallStarted
from router.core.match import QuestionKind
from router.matching import codes
from router.matching.budget import codes_of
from router.matching.disclosure import visible
from router.matching.lockout import Limits
from router.store.tables import messages

LIMITS = Limits()
HONEST_A_DAY = 24
"""Callers with the code of their message in the same time, one an hour."""
TRUNKS = ("one", "two")


@dataclass(frozen=True, slots=True)
class Guessing:
    """What to run: ``live`` codes of ``digits`` digits, guessers for ``days`` days."""

    rules: TownRules
    digits: int
    live: int
    days: int
    seed: int


@dataclass(slots=True)
class Guessed:
    """What came of it: guesses ``made``, of these ``looked_up`` and ``hits``, messages ``opened`` to guessers; and of
    the ``honest`` calls with a code those whose code was taken."""

    digits: int
    live: int
    days: int
    made: int = 0
    looked_up: int = 0
    hits: int = 0
    opened: int = 0
    honest: int = 0
    honest_right: int = 0

    @property
    def expected(self) -> float:
        """Hits by the maths, for the guesses that were looked up."""
        return self.looked_up * self.live / codes_of(self.digits)

    @property
    def allowed(self) -> float:
        """Hits by the maths, for as many wrong guesses as the budget allows in the time."""
        return LIMITS.overall * self.days * self.live / codes_of(self.digits)

    @property
    def no_more(self) -> bool:
        """Whether as many hits as these, or more, are to be expected from the budget (not rarer than 1 in 40)."""
        return at_least(self.hits, self.allowed) >= 0.025


def at_least(count: int, mean: float) -> float:
    """The chance of ``count`` or more where ``mean`` are to be expected (Poisson)."""
    term, below = exp(-mean), 0.0
    for number in range(count):
        below += term
        term *= mean / (number + 1)
    return max(1.0 - below, 0.0)


def run(guessing: Guessing) -> Guessed:
    """Let guessers and honest callers call."""
    return asyncio.run(_run(guessing))


async def _run(guessing: Guessing) -> Guessed:
    rng = Random(f"{guessing.seed}:guessers:{guessing.digits}")
    new_code = code_maker(guessing.digits)
    live = [new_code(rng) for _ in range(guessing.live)]
    result = Guessed(guessing.digits, guessing.live, guessing.days)
    calls_a_day = max(round(guessing.rules.guesses_a_day / LIMITS.per_call), 1)
    when = [(day + n / calls_a_day, True) for day in range(guessing.days) for n in range(calls_a_day)]
    when += [(day + (n + 0.5) / HONEST_A_DAY, False) for day in range(guessing.days) for n in range(HONEST_A_DAY)]
    async with opened(frozenset(), LIMITS) as house:
        await _issue(house, live)
        house.calls.guesses.on_wrong = lambda: _looked_up(result)
        for place, (at, guesser) in enumerate(sorted(when)):
            house.now = moment(1.0 + at)
            if guesser:
                await _guess(house, guessing, f"g{place}", rng, result)
            else:
                result.honest += 1
                result.honest_right += await _call_with(house, f"h{place}", WITHHELD, [rng.choice(live)]) is not None
    result.looked_up += result.hits
    return result


def _looked_up(result: Guessed) -> None:
    result.looked_up += 1


async def _issue(house: House, live: list[str]) -> None:
    rows = [
        {
            "id": f"m{place}",
            "digest": "",
            "channel": "letter",
            "offer": {"title": "Offer"},
            "body": "",
            "code_hash": house.keys.code_hash(code),
            "code_digits": len(code),
            "sent_at": moment(0),
            "created_at": moment(0),
        }
        for place, code in enumerate(live)
    ]
    async with house.database.begin() as connection:
        await connection.execute(insert(messages), rows)


async def _guess(house: House, guessing: Guessing, call_id: str, rng: Random, result: Guessed) -> None:
    withheld = rng.random() < guessing.rules.guesser_withheld
    caller = WITHHELD if withheld else Caller(f"+4915{rng.randrange(10**9):09d}")
    tries = [codes.make(guessing.digits, lambda n: f"{rng.randrange(10**n):0{n}d}") for _ in range(LIMITS.per_call)]
    left = list(tries)
    shown = await _call_with(house, call_id, caller, left, trunk=rng.choice(TRUNKS))
    result.made += len(tries) - len(left)
    if shown is not None:
        result.hits += 1
        result.opened += shown


async def _call_with(
    house: House, call_id: str, caller: Caller, tries: list[str], trunk: str | None = None
) -> bool | None:
    """A call that keys in the next of ``tries`` whenever a code is an answer, and says yes to being about a message;
    whether a message was opened, None where no code was taken."""
    turn = await house.begin(call_id, CallStarted("bench", caller, None, trunk=trunk))
    while (question := question_of(turn)) is not None:
        given = NOTHING
        if question.kind in (QuestionKind.CODE, QuestionKind.REFERENCE) and tries:
            code = tries.pop(0)
            given = Answer(code, keys=len(code))
        elif question.kind is QuestionKind.ABOUT_MESSAGE:
            given = Answer(about="yes", keys=1)
        turn = await house.answer(turn, question, given)
    match = match_of(turn)
    await house.hang_up(turn)
    return visible(match.assurance, match.decision, "normal").opened if match.code_accepted else None


def lines(results: list[Guessed]) -> list[str]:
    """The figures, for people."""
    told = ["guessers, three times as eager as the budget of 200 wrong codes a day allows:"]
    for each in results:
        verdict = "met    " if each.no_more else "NOT MET"
        told.append(
            f"{verdict}  codes of {each.digits} digits, {each.live} live, {each.days} days: {each.made} guesses, "
            f"{each.looked_up} looked up, {each.hits} hits ({each.opened} opened); the maths say {each.expected:.4g} "
            f"for those looked up, {each.allowed:.4g} for the budget; of {each.honest} honest codes in that time "
            f"{each.honest_right} were taken"
        )
    return told
