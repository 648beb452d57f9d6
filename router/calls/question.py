"""Asking without a call whom we would recognise: `POST /v1/match` and `threadline match`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema

from router.core import match as core
from router.core.events import WITHHELD, Attestation, Caller
from router.core.hearing import Expected, Heard, Listening, Reading, Understood
from router.core.match import Match
from router.core.phone import e164, is_withheld
from router.core.times import rfc3339
from router.errors import unprocessable
from router.flow.model import Flow
from router.flow.nodes.match import Match as MatchStep
from router.matching.codes import well_formed
from router.matching.live import LONGEST_SAID, SHORTEST_SAID
from router.matching.observed import Observed
from router.spoken.numbers import numbers

_Text = Annotated[str, Field(max_length=200)]


def _time(value: object) -> object:
    return rfc3339(value) if isinstance(value, str) else value


_TIME_SCHEMA = {"type": "string", "format": "date-time", "examples": ["2026-03-31T18:00:00+02:00"]}
_Moment = Annotated[datetime, Strict(), BeforeValidator(_time), WithJsonSchema(_TIME_SCHEMA)]


class Question(BaseModel):
    """What is known of an imagined call. Numbers in any spelling; ``at`` is RFC 3339 with an offset, else now."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: Annotated[_Text | None, Field(alias="from", description="The caller's number.")] = None
    withheld: Annotated[
        bool, Strict(), Field(description="The caller suppressed it; then `from` is not looked at.")
    ] = False
    to: Annotated[_Text | None, Field(description="The number dialled.")] = None
    code: Annotated[_Text | None, Field(description="The callback code keyed in.")] = None
    reference: Annotated[_Text | None, Field(description="The reference in the message, as the caller gave it.")] = None
    spoken: Annotated[
        _Text | None, Field(description="What the caller said; digits in it count as a code or a reference.")
    ] = None
    last_digits: Annotated[
        str | None,
        Field(pattern=r"^[0-9]{0,4}$", description="The last digits of the reference; empty: asked, none given."),
    ] = None
    topic: Annotated[_Text | None, Field(description="The topic chosen; empty: asked, none chosen.")] = None
    about_message: Annotated[
        Literal["yes", "no", ""] | None,
        Field(description="Whether it is about a message from us; empty: asked, not given."),
    ] = None
    attestation: Annotated[
        Literal["A", "B", "C", "failed"] | None,
        Field(description="What the network says of the caller's number (STIR/SHAKEN)."),
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
    attestation = _ATTESTED[question.attestation] if question.attestation and number else None
    caller = WITHHELD if withheld else Caller(number, attestation=attestation)
    code, heard = _given(question)
    return Observed(
        caller,
        dialled,
        code,
        question.language,
        question.reference,
        last_digits=question.last_digits,
        topic=question.topic,
        about_message=question.about_message,
        heard=heard,
    )


_ATTESTED = {
    "A": Attestation.FULL,
    "B": Attestation.PARTIAL,
    "C": Attestation.GATEWAY,
    "failed": Attestation.FAILED,
}


def _given(question: Question) -> tuple[str | None, tuple[Heard, ...]]:
    """The code, and what was heard. What was said is a reference, and a code where it can be one, too."""
    if not question.spoken:
        return question.code, ()
    language = question.language or _LANGUAGE
    readings = numbers((Reading(question.spoken, 1.0),), language, _LISTENING)
    said = next((each.text for each in readings if well_formed(each.text)), None)
    heard = (Heard(readings, "typed", language),) if readings and not question.reference else ()
    return question.code or said, heard


_LANGUAGE = "de"
"""That of what was said, where nobody has told."""
_LISTENING = Listening(Expected.CHARACTERS, SHORTEST_SAID, LONGEST_SAID)


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
        "question": match.question and {"kind": match.question.kind.value, "digits": match.question.digits},
        "code_accepted": match.code_accepted,
        "understood": match.understood and _understood(match.understood),
    }


def _understood(understood: Understood) -> dict[str, Any]:
    """Without the number: it may be a code."""
    part = understood.part
    return {
        "verdict": understood.verdict.value,
        "part": part and {"end": part.end, "characters": part.characters},
    }


def askable(flow: Flow) -> tuple[core.Question, ...]:
    """What the ``match`` steps of a flow can ask, each once."""
    asked = [step.ask for step in flow.steps.values() if isinstance(step, MatchStep) and step.ask]
    return tuple(dict.fromkeys(question for ask in asked for question in ask.questions({})))


def moment(question: Question, now: datetime) -> datetime:
    """When the imagined call comes in."""
    return question.at or now
