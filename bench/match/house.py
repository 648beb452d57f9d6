"""A house of its own for each town: a real database, the real handling of calls, and the hotline's flow."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from sqlalchemy import event

from bench.match.answers import Answer
from bench.match.town import moment
from router.calls.handle import Calls
from router.calls.turns import Turn
from router.calls.weights import Weights
from router.core.commands import AskDigits
from router.core.events import CallerHungUp, CallStarted, DigitsEntered, Event, InputTimedOut
from router.core.match import Match, Question, QuestionKind
from router.flow.load import load
from router.flow.nodes.match import Match as MatchStep
from router.matching.codes import CodeKeys
from router.matching.lockout import Limits
from router.releases.flows import Flows
from router.store import migrate
from router.store.bus import Bus
from router.store.database import Database

HOTLINE = Path(__file__).resolve().parents[2] / "ivr_flows" / "hotline.yaml"
SECRET = "the secret of a town that exists nowhere"  # noqa: S105
CHANNEL = "bench"
YES, NO = "1", "2"


class House:
    """Takes calls at times of its own. ``now`` is what the clock shows."""

    def __init__(self, database: Database, pool_numbers: frozenset[str], limits: Limits) -> None:
        self.database = database
        self.keys = CodeKeys(SECRET)
        self.now = moment(0)
        flows = load([HOTLINE])
        self._weights = Weights(database)
        self.calls = Calls(
            database, Bus(), Flows(flows, {}, "hotline"), self.keys, lambda: self.now, limits=limits,
            weights=self._weights, pool_numbers=pool_numbers,
        )  # fmt: skip
        step = next(each for each in flows["hotline"].steps.values() if isinstance(each, MatchStep) and each.ask)
        assert step.ask is not None
        assert step.ask.topic is not None
        self._keys_of_topics = {topic: key for key, topic in step.ask.topic.keys.items()}

    @property
    def topics(self) -> tuple[str, ...]:
        """What callers can choose from."""
        return tuple(self._keys_of_topics)

    async def begin(self, call_id: str, event: CallStarted) -> Turn:
        """A call comes in."""
        return await self.calls.begin(CHANNEL, call_id, event)

    async def answer(self, turn: Turn, question: Question, answer: Answer) -> Turn:
        """The caller answers the question that stands."""
        return await self.calls.handle(turn.call_id, self._event(question, answer))

    async def hang_up(self, turn: Turn) -> None:
        """The call is over."""
        await self.calls.handle(turn.call_id, CallerHungUp())

    async def close(self) -> None:
        """Let go of the database."""
        await self._weights.aclose()
        await self.database.close()

    def _event(self, question: Question, answer: Answer) -> Event:
        keys = answer.digits
        if question.kind is QuestionKind.TOPIC:
            keys = self._keys_of_topics.get(answer.topic, "")
        elif question.kind is QuestionKind.ABOUT_MESSAGE:
            keys = {"yes": YES, "no": NO}.get(answer.about, "")
        return DigitsEntered(keys) if keys or answer.hash else InputTimedOut()


def question_of(turn: Turn) -> Question | None:
    """What the caller is asked now; None: nothing (any more)."""
    if not turn.commands or not isinstance(turn.commands[-1], AskDigits):
        return None
    asked = turn.session.asked.get(turn.session.step or "")
    return asked.standing if asked else None


def match_of(turn: Turn) -> Match:
    """What matching said last."""
    assert turn.session.match is not None
    return turn.session.match


def quiet() -> None:
    """Logs of calls by the thousand help nobody."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


@asynccontextmanager
async def opened(pool_numbers: frozenset[str], limits: Limits = Limits()) -> AsyncIterator[House]:  # noqa: B008
    """A house with an empty database, gone at the end."""
    with TemporaryDirectory(prefix="bench-match-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'town.db'}")

        def hurry(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF")  # nothing here has to outlive the machine

        for engine in database.engines:
            event.listen(engine, "connect", hurry)

        house = House(database, pool_numbers, limits)
        try:
            await migrate.upgrade(database)
            yield house
        finally:
            await house.close()
