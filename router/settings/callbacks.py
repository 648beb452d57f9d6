"""Calling callers back who asked for it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from router.settings.types import Group, OptionalSecret


class CallbackSettings(Group):
    """Calling callers back who asked for it."""

    callback_ami_username: str = Field(
        "threadline-callbacks", description="User of the manager interface who may place calls, and nothing else."
    )
    callback_ami_secret: OptionalSecret = Field(
        None,
        description="Password of that user; without it people call back those who came over Asterisk, from the list.",
    )
    twilio_callbacks: bool = Field(
        False, description="Whether those who came over Twilio are called back through it. Needs the account."
    )

    twilio_detect_machines: bool = Field(
        False,
        description="Whether Twilio finds out if a mailbox answers whom we call back, who is then called again later. "
        "It costs money, and customers hear nothing for some seconds.",
    )

    @field_validator("twilio_callbacks")
    @classmethod
    def _can_be_called(cls, wanted: bool, known: ValidationInfo) -> bool:
        if wanted and not (known.data.get("twilio_account_sid") and known.data.get("twilio_auth_token")):
            raise ValueError("needs twilio_account_sid and twilio_auth_token")
        return wanted

    callbacks_at_once: Annotated[int, Field(ge=1, le=100)] = Field(
        5, description="Callbacks that are dialled, or wait for an agent, in one queue at one time."
    )
