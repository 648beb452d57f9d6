"""`POST /v1/match`: explain, without a call, whom we would recognise."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from router.api.bodies import Answer, json_body
from router.api.description import says, takes
from router.api.keys import Allowed, Asker
from router.api.turns import WRONG_CODES, Turns, WrongCodes
from router.calls.lookup import find_matches
from router.calls.question import Question, as_json, askable, moment, observed
from router.calls.weights import Weights
from router.matching.codes import CodeKeys
from router.matching.lockout import guess_in
from router.releases.flows import Flows
from router.store.database import Database
from router.web.reads import Reads


class EvidenceAnswer(BaseModel):
    """One observed fact. `log_odds` is the natural logarithm of how much likelier it makes the candidate."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(examples=["recipient_number"])
    log_odds: float
    detail: str = Field(examples=["The call comes from the number the message was sent to."])


class CandidateAnswer(BaseModel):
    """A message the call may be about."""

    model_config = ConfigDict(extra="forbid")

    message_id: str
    probability: Annotated[float, Field(ge=0, le=1)]
    evidence: list[EvidenceAnswer]


class QuestionAnswer(BaseModel):
    """What the flow would ask next, and how many keys the answer takes."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["about_message", "topic", "last_digits", "code", "reference"]
    digits: int


class PartAnswer(BaseModel):
    """The first or last so many characters of a number."""

    model_config = ConfigDict(extra="forbid")

    end: Literal["first", "last"]
    characters: int


class UnderstoodAnswer(BaseModel):
    """What a flow would do with a number that was said: take it, read it back, ask for `part` of it once more, or for
    all of it."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["accept", "confirm", "part", "again"]
    part: PartAnswer | None


class MatchAnswer(BaseModel):
    """Candidates, likeliest first, and the probability that the call is about none of them. `question` is null where
    none is worth asking, `code_accepted` where no code was given, `understood` where nothing was said."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["sure", "likely", "unclear", "none"]
    assurance: Literal["L0", "L1", "L2", "L3"]
    none_probability: Annotated[float, Field(ge=0, le=1)]
    candidates: list[CandidateAnswer]
    question: QuestionAnswer | None
    code_accepted: bool | None
    understood: UnderstoodAnswer | None


_EXAMPLE = {"from": "+49 171 3920011", "to": "+493023125000", "code": "482 139 0657", "language": "de"}


def routes(
    database: Database,
    keys: CodeKeys,
    weights: Weights,
    flows: Flows,
    region: str,
    clock: Callable[[], datetime],
    turns: Turns,
    allowed: Allowed,
    reads: Reads,
    most_wrong_codes: int = WRONG_CODES,
    pool_numbers: Collection[str] = frozenset(),
) -> APIRouter:
    """The question, for those whom ``allowed`` lets in; each key may ask for so many wrong codes in 24 hours.
    ``pool_numbers`` are the service numbers that are leased."""
    router = APIRouter(tags=["match"])
    wrong_codes = WrongCodes(database, clock, most_wrong_codes)

    @router.post(
        "/v1/match",
        operation_id="match",
        responses={200: {"model": MatchAnswer}, **says(400, 401, 403, 413, 415, 422, 429)},
        openapi_extra=takes(Question, _EXAMPLE),
    )
    async def match(request: Request, asker: Asker = Depends(allowed)) -> Answer:
        """Whom we would recognise in a call like this. No call is placed, and nothing of it is stored.

        Who asks with very many wrong codes has to wait (429).
        """
        question = await json_body(request, Question)
        seen = observed(question, region)
        await weights.refresh()
        async with turns.one(), database.read() as connection:
            # Not before the turn: of many who wait, each would still be let in.
            if guess_in(seen.code) is not None:
                await wrong_codes.check(connection, asker.noted)
            now, questions = moment(question, clock()), askable(flows.for_number(seen.service_number))
            found = await find_matches(
                connection,
                seen,
                now,
                keys,
                weights.now,
                questions=questions,
                pool_numbers=pool_numbers,
                live=weights.live,
            )
        if guess_in(seen.code) is not None and not found.code_accepted:
            await wrong_codes.add(asker.noted)
        await reads.note("match.explained", "match", **asker.noted)
        return Answer(as_json(found))

    return router
