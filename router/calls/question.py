"""Asking without a call whom we would recognise: `POST /v1/match` and `threadline match`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict

from router.core.events import WITHHELD, Caller
from router.core.match import Match
from router.core.phone import e164, is_withheld
from router.core.spoken import digits_said
from router.core.times import rfc3339
from router.errors import unprocessable
from router.matching.codes import well_formed
from router.matching.observed import Observed

_Text = Annotated[str, Field(max_length=200)]


def _time(value: object) -> object:
    return rfc3339(value) if isinstance(value, str) else value


_Moment = Annotated[datetime, Strict(), BeforeValidator(_time, json_schema_input_type=str)]


class Question(BaseModel):
    """What is known of an imagined call. Numbers in any spelling; ``at`` is RFC 3339 with an offset, else now."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: Annotated[_Text | None, Field(alias="from", description="The caller's number.")] = None
    withheld: Annotated[bool, Field(description="The caller suppressed it; then `from` is not looked at.")] = False
    to: Annotated[_Text | None, Field(description="The number dialled.")] = None
    code: Annotated[_Text | None, Field(description="The callback code keyed in.")] = None
    reference: Annotated[_Text | None, Field(description="The reference in the message, as the caller gave it.")] = None
    spoken: Annotated[
        _Text | None, Field(description="What the caller said; digits in it count as a code or a reference.")
    ] = None
    language: Annotated[str | None, Field(pattern=r"^[a-z]{2,3}$", description="What the caller speaks.")] = None
    at: Annotated[_Moment | None, Field(description="When the call comes in.")] = None


def observed(question: Question, region: str) -> Observed:
    """The question as matching takes it. ``region`` is where national spellings belong.

    Raises `Refused` (422) naming each number that is none.
    """
    wrong: list[dict[str, str]] = []
    number = None
    withheld = question.withheld or (question.from_ is not None and is_withheld(question.from_))
    if question.from_ is not None and not withheld:
        number = e164(question.from_, region)
        if number is None:
            wrong.append({"field": "from", "message": _NO_NUMBER})
    dialled = None
    if question.to is not None:
        dialled = e164(question.to, region)
        if dialled is None:
            wrong.append({"field": "to", "message": _NO_NUMBER})
    if wrong:
        raise unprocessable("Some numbers are not telephone numbers.", wrong)
    caller = WITHHELD if withheld else Caller(number)
    code, reference, spoken = _given(question)
    return Observed(caller, dialled, code, question.language, reference, spoken)


def _given(question: Question) -> tuple[str | None, str | None, bool]:
    """The code, the reference, and whether the reference was heard. Digits said are a code where they can be one."""
    said = digits_said(question.spoken) if question.spoken else ""
    if not said:
        return question.code, question.reference, False
    if well_formed(said):
        return question.code or said, question.reference, False
    return question.code, question.reference or said, not question.reference


_NO_NUMBER = "is not a telephone number; write it in full, like +4930123456 or 030 123456"


def as_json(match: Match) -> dict[str, Any]:
    """The answer as the API and `threadline match --json` give it."""
    return {
        "decision": match.decision.value,
        "assurance": match.assurance.name,
        "none_probability": match.none_probability,
        "candidates": [
            {
                "message_id": candidate.message_id,
                "probability": candidate.probability,
                "evidence": [
                    {"kind": each.kind.value, "log_odds": each.log_odds, "detail": each.detail}
                    for each in candidate.evidence
                ],
            }
            for candidate in match.candidates
        ],
    }


def moment(question: Question, now: datetime) -> datetime:
    """When the imagined call comes in."""
    return question.at or now
