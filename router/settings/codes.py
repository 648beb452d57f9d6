"""Callback codes, service numbers, and from when a match counts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from router.settings.types import Group


class CodeSettings(Group):
    """Callback codes, service numbers, and from when a match counts."""

    code_digits: Annotated[int, Field(ge=6, le=14)] = Field(
        10,
        description="The shortest length of a callback code, check digit included; more live codes make longer ones.",
    )
    code_guesses_a_day: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        200, description="Wrong codes in 24 hours in all; after them no code counts until it is fewer again."
    )
    code_guesses_per_caller: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10, description="Wrong codes in 24 hours from one caller number."
    )
    code_guesses_per_trunk: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        100, description="Wrong codes in 24 hours on one trunk of Asterisk or one account at Twilio."
    )
    code_expected_hits: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1,
        description="Codes that a guesser who uses up `code_guesses_a_day` may find in 30 days, on average; "
        "the length of codes follows from it.",
    )
    code_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        90, description="Days a callback code holds where the offer names no end."
    )
    code_grace_days: Annotated[int, Field(ge=0, le=365)] = Field(
        30, description="Days a callback code holds after its offer has ended: people call about that, too."
    )
    match_sure: Annotated[float, Field(ge=0.5, lt=1)] = Field(
        0.995, description="From this probability a call is `sure` to be about a message."
    )
    match_likely: Annotated[float, Field(ge=0.1, lt=1)] = Field(
        0.6, description="From this probability a message is named as `likely`; not above `match_sure`."
    )
    match_lead: Annotated[float, Field(ge=1.1, le=1000)] = Field(
        2.5, description="How many times likelier than the second the first must be to be named."
    )
    tel_pauses: Annotated[int, Field(ge=1, le=8)] = Field(
        3, description="Pauses (commas, about 2 s each) in a tel link between number and code."
    )
    service_number: str | None = Field(None, description="The service number printed in messages that name none.")
    number_pools: dict[str, tuple[str, ...]] = Field(
        {},
        description="Service numbers that each stand for one message or campaign at a time, by the name of their pool: "
        '{"spring": ["+493012345601", "+493012345602"]}.',
    )
    number_quarantine_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        30, description="Days a number of a pool is nobody's after its lease: callers of the old message still come."
    )

    @field_validator("match_likely")
    @classmethod
    def _likely_before_sure(cls, likely: float, known: ValidationInfo) -> float:
        if likely > known.data.get("match_sure", 1.0):
            raise ValueError("is above match_sure")
        return likely
