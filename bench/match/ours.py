"""Ours: each call goes through the real hotline, with the questions that it finds worth asking."""

from __future__ import annotations

from collections.abc import Iterable

from bench.match.answers import answer
from bench.match.house import House, match_of, opened, question_of
from bench.match.outcome import Belief, Outcome
from bench.match.stock import keep_verdict, learn, stock
from bench.match.town import Change, Town, moment
from bench.match.traffic import Call
from router.core.events import WITHHELD, Caller, CallStarted
from router.core.match import Match
from router.matching.disclosure import visible


async def run(town: Town) -> list[Outcome]:
    """The outcomes in the order of the calls."""
    async with opened(frozenset(lease.number for lease in town.leases)) as house:
        async with house.database.begin() as connection:
            await stock(connection, town, house.keys)
        outcomes = []
        later = _Later(change for change in town.changes if change.at > town.begins)
        for call in town.calls:
            if changes := later.until(call.at):
                async with house.database.begin() as connection:
                    await learn(connection, changes)
            outcomes.append(await _call(house, town, call))
        return outcomes


class _Later:
    """Changes in order of time, each given once."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = list(changes)
        self._place = 0

    def until(self, at: float) -> list[Change]:
        begin = self._place
        while self._place < len(self._changes) and self._changes[self._place].at <= at:
            self._place += 1
        return self._changes[begin : self._place]


async def _call(house: House, town: Town, call: Call) -> Outcome:
    caller = WITHHELD if call.withheld else Caller(call.number, attestation=call.attestation)
    house.now = moment(call.at)
    turn = await house.begin(call.call_id, CallStarted("bench", caller, call.dialled))
    before = belief(match_of(turn))
    asked: list[str] = []
    pressed = 0
    while (question := question_of(turn)) is not None:
        given = answer(town.rules, call, question, asked.count(question.kind.value))
        asked.append(question.kind.value)
        pressed += given.keys
        turn = await house.answer(turn, question, given)
    outcome = _outcome(match_of(turn), asked, pressed, before)
    await house.hang_up(turn)
    async with house.database.begin() as connection:
        await keep_verdict(connection, town, call, turn.call_id, outcome)
    return outcome


def belief(match: Match) -> Belief:
    """What a match believes."""
    return Belief({each.message_id: each.probability for each in match.candidates}, match.none_probability)


def _outcome(match: Match, asked: list[str], pressed: int, before: Belief) -> Outcome:
    best = match.best
    shown = visible(match.assurance, match.decision, "normal")
    return Outcome(
        best.message_id if best else None,
        match.decision,
        match.assurance,
        shown.opened,
        shown.say_offer_title,
        len(asked),
        pressed,
        tuple(asked),
        before,
        belief(match),
        tuple(each.kind.value for each in best.evidence) if best else (),
    )
