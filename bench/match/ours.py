"""Ours: each call goes through the real look-up on a real database, with the questions that it finds worth asking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.match.answers import Answer, answer
from bench.match.outcome import Belief, Outcome
from bench.match.rules import TOPICS
from bench.match.stock import keep_call, learn, stock
from bench.match.town import Change, Town, moment
from bench.match.traffic import Call
from router.calls.lookup import find_matches
from router.core.events import WITHHELD, Caller
from router.core.match import Decision, Match, Question, QuestionKind
from router.matching.codes import CodeKeys
from router.matching.disclosure import visible
from router.matching.observed import Observed
from router.store import migrate
from router.store.database import Connection, Database

SECRET = "the secret of a town that exists nowhere"  # noqa: S105
MOST_QUESTIONS = 3
QUESTIONS = (
    Question(QuestionKind.ABOUT_MESSAGE, 1),
    Question(QuestionKind.TOPIC, 1, TOPICS),
    *(Question(QuestionKind.LAST_DIGITS, digits) for digits in (2, 3, 4)),
    Question(QuestionKind.CODE, 14),
)


async def run(town: Town) -> list[Outcome]:
    """The outcomes in the order of the calls."""
    keys = CodeKeys(SECRET)
    with TemporaryDirectory(prefix="bench-match-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'town.db'}")
        try:
            await migrate.upgrade(database)
            async with database.begin() as connection:
                await stock(connection, town, keys)
            async with database.begin() as connection:
                return await _calls(connection, town, keys)
        finally:
            await database.close()


async def _calls(connection: Connection, town: Town, keys: CodeKeys) -> list[Outcome]:
    outcomes = []
    later = _Later(change for change in town.changes if change.at > town.begins)
    for call in town.calls:
        await learn(connection, later.until(call.at))
        outcome = await _call(connection, town, call, keys)
        await keep_call(connection, town, call, outcome.decision, outcome.assurance, outcome.named)
        outcomes.append(outcome)
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


async def _call(connection: Connection, town: Town, call: Call, keys: CodeKeys) -> Outcome:
    caller = WITHHELD if call.withheld else Caller(call.number, attestation=call.attestation)
    observed = Observed(caller, call.dialled, language="de")
    now = moment(call.at)
    asked: list[str] = []
    pressed = 0
    pool = frozenset(lease.number for lease in town.leases)
    match = await find_matches(connection, observed, now, keys, questions=_left(observed), pool_numbers=pool)
    before = belief(match)
    while match.question is not None and match.decision in _ASK_WHEN and len(asked) < MOST_QUESTIONS:
        question = match.question
        given = answer(town.rules, call, question, asked.count(question.kind.value))
        asked.append(question.kind.value)
        pressed += given.keys
        observed = _with(observed, question, given)
        match = await find_matches(connection, observed, now, keys, questions=_left(observed), pool_numbers=pool)
    return _outcome(match, asked, pressed, before)


_ASK_WHEN = (Decision.UNCLEAR, Decision.NONE)


def _left(observed: Observed) -> tuple[Question, ...]:
    """The questions not answered yet; the code may be asked for again where one was keyed in."""
    answered = {
        QuestionKind.ABOUT_MESSAGE: observed.about_message is not None,
        QuestionKind.TOPIC: observed.topic is not None,
        QuestionKind.LAST_DIGITS: observed.last_digits is not None,
        QuestionKind.CODE: observed.code == "",
    }
    return tuple(question for question in QUESTIONS if not answered[question.kind])


def _with(observed: Observed, question: Question, given: Answer) -> Observed:
    match question.kind:
        case QuestionKind.ABOUT_MESSAGE:
            return replace(observed, about_message=given.about)
        case QuestionKind.TOPIC:
            return replace(observed, topic=given.topic)
        case QuestionKind.LAST_DIGITS:
            return replace(observed, last_digits=given.digits)
        case QuestionKind.CODE:
            return replace(observed, code=given.digits)


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
