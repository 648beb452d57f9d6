"""What the house answers when the engine asks it, within the transaction of the event that led there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from router.calls import hearings
from router.calls.about import about_message
from router.calls.callbacks import Callbacks
from router.calls.guesses import Guesses
from router.calls.lookup import find_matches
from router.calls.queues import see_queue
from router.calls.texting import Texting
from router.calls.weights import Weights
from router.core.commands import CheckCode, Command, FindMatches, KeepCallback, SeeQueue, SendCode, SendText
from router.core.events import HouseEvent, MatchesFound
from router.core.match import Match, Question, QuestionKind
from router.engine.session import Session
from router.matching.codes import LONGEST, CodeKeys
from router.matching.hearing import Hearings
from router.matching.live import LiveSet
from router.matching.observed import Observed
from router.matching.rank import heard_in
from router.store.database import Connection
from router.store.messages import longest_code
from router.traces import span


class Answering(Protocol):
    """Whoever answers what flows ask of the house; as a rule `Answers`."""

    async def to(self, connection: Connection, session: Session, asked: Command, now: datetime) -> HouseEvent:
        """The answer, in the transaction of the event that led to the question."""


class Answers:
    """``queues`` are those there are (None: any); an offer that names another one goes to the flow's own."""

    def __init__(
        self,
        keys: CodeKeys,
        weights: Weights,
        guesses: Guesses,
        *,
        queues: Collection[str] | None,
        pool_numbers: Collection[str],
        texting: Texting,
        callbacks: Callbacks,
    ) -> None:
        self._keys = keys
        self._weights = weights
        self._guesses = guesses
        self._queues = queues
        self._pool_numbers = pool_numbers
        self._texting = texting
        self._callbacks = callbacks

    async def to(self, connection: Connection, session: Session, asked: Command, now: datetime) -> HouseEvent:
        """The answer to ``asked``. ``now`` is the call's time, which in test calls is not the clock's."""
        clock_time = now - timedelta(seconds=session.ahead)
        match asked:
            case FindMatches():
                with span("matching"):
                    return await self._find(connection, session, asked, now)
            case SeeQueue(queue=queue):
                return await see_queue(connection, queue, clock_time)
            case SendCode():
                return await self._texting.send_code(connection, session, asked, clock_time)
            case CheckCode():
                return await self._texting.check_code(connection, session, asked, clock_time)
            case SendText():
                return await self._texting.send_text(connection, session, asked, clock_time)
            case KeepCallback():
                return await self._callbacks.keep(connection, session, asked, clock_time)
            case _:
                raise ValueError(f"the house has no answer to {asked.kind}")

    async def _find(self, connection: Connection, session: Session, asked: FindMatches, now: datetime) -> MatchesFound:
        observed = _observed(session, asked)
        # Once for all that is looked up: weighing them takes long.
        said = heard_in(observed, self._weights.live, self._weights.now) if self._weights.live else None
        found = await self._found(connection, session, asked, observed, now, said)
        if asked.heard:
            found = await self._by_spoken_code(connection, session, asked, observed, found, now, said)
            clock_time = now - timedelta(seconds=session.ahead)
            await hearings.keep(connection, session, asked, found, self._weights.live, clock_time)
        if found.question and found.question.kind is QuestionKind.CODE:
            # A caller who has keyed in the longest there is need not wait for the pause that ends a shorter one.
            digits = await longest_code(connection) or LONGEST
            found = replace(found, question=replace(found.question, digits=digits))
        if found.question and found.question.kind is QuestionKind.REFERENCE:
            code = await longest_code(connection) or 0  # it may be newer than what is known of all references
            found = replace(found, question=_as_live(found.question, self._weights.live, code))
        if self._queues is not None:
            known = [each if each.queue in self._queues else replace(each, queue=None) for each in found.candidates]
            found = replace(found, candidates=tuple(known))
        about = await about_message(connection, found) if asked.details else None
        return MatchesFound(found, about)

    async def _found(
        self,
        connection: Connection,
        session: Session,
        asked: FindMatches,
        observed: Observed,
        now: datetime,
        said: Hearings | None,
    ) -> Match:
        """The match, its code looked up where that is allowed and counted where it is wrong."""
        clock_time = now - timedelta(seconds=session.ahead)
        admitted = await self._guesses.admitted(connection, session, observed, clock_time)
        found = await find_matches(
            connection,
            admitted,
            now,
            self._keys,
            self._weights.now,
            questions=asked.questions,
            pool_numbers=self._pool_numbers,
            live=self._weights.live,
            hearings=said,
        )
        await self._guesses.note(connection, session, admitted, found, clock_time)
        return found

    async def _by_spoken_code(
        self,
        connection: Connection,
        session: Session,
        asked: FindMatches,
        observed: Observed,
        found: Match,
        now: datetime,
        said: Hearings | None,
    ) -> Match:
        """The match by the code that was said, where it is a live one; else ``found``. One code is tried, as one guess:
        readings are not to be several."""
        code = hearings.spoken_code(said, found, self._weights.live) if said and not observed.code else None
        if code is None:
            return found
        by_code = await self._found(connection, session, asked, replace(observed, code=code), now, said)
        return by_code if by_code.code_accepted else found


def _as_live(question: Question, live: LiveSet | None, code: int) -> Question:
    """The question for a reference or a code, with the characters of the longest there is; ``code``: of the codes."""
    if live is None:
        return question
    longest = max(live.shape.longest, code)
    return replace(question, digits=longest or question.digits, letters=live.shape.letters)


def _observed(session: Session, asked: FindMatches) -> Observed:
    """A number that was said is no code before it is found to look like one, see `hearings.spoken_code`."""
    said = {asked.confirmed, *(reading.text for each in asked.heard for reading in each.readings)}
    return Observed(
        session.caller,
        session.service_number,
        None if asked.heard and asked.code in said else asked.code,
        session.language,
        reference=asked.reference,
        spoken=asked.spoken,
        last_digits=asked.last_digits,
        topic=asked.topic,
        about_message=asked.about_message,
        topics=asked.topics,
        heard=asked.heard,
        confirmed=asked.confirmed,
        refused=asked.refused,
    )
