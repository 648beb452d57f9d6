"""Calls and text messages over Twilio."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from router.settings.types import TEXT_SENDER, Destination, EmptyIsUnset, Group, OptionalSecret, SafeAddress, WebAddress

Activity = Annotated[Annotated[str, Field(pattern=r"^WA[0-9a-fA-F]{32}$")] | None, EmptyIsUnset]


class TwilioSettings(Group):
    """Calls and text messages over Twilio."""

    twilio_auth_token: OptionalSecret = Field(
        None, description="Twilio's auth token; without it its webhooks are refused."
    )
    twilio_queues: dict[str, str] = Field(
        {},
        description="Where Twilio takes the callers of a queue: a number, a sip: address, `queue:NAME`, "
        "`workflow:WW…` or `agents` (docs/twilio-agents.md).",
    )
    twilio_wait_sound: Annotated[WebAddress | None, EmptyIsUnset] = Field(
        None,
        description="Address of a sound of a few seconds that callers hear while they wait for agents whom we ring "
        "ourselves; silence between the announcements where unset.",
    )
    twilio_accept_numbers: bool = Field(
        True,
        description="Whether agents at a telephone number press 1 before a caller is connected, so that no mailbox "
        "takes the call (docs/twilio-agents.md).",
    )
    twilio_accept_phones: dict[str, bool] = Field(
        {},
        description="For single phones of `phones` something else than twilio_accept_numbers says: "
        '`{"+491711234567": false, "sip:anna@pbx.example.net": true}`.',
    )
    twilio_account_sid: Annotated[Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")] | None, EmptyIsUnset] = Field(
        None, description="Twilio's account that sends text messages."
    )
    twilio_text_sender: Annotated[Annotated[str, Field(pattern=TEXT_SENDER)] | None, EmptyIsUnset] = Field(
        None,
        description="What text messages come from: a number of that account (E.164), a messaging service (`MG…`) or a "
        "name of up to 11 letters; without it none are sent. Needs the account and the auth token.",
    )
    twilio_api_url: SafeAddress = Field("https://api.twilio.com", description="Address of Twilio's API.")
    destinations: tuple[Destination, ...] = Field(
        (),
        description="Where text messages may go and who may be called back: countries and beginnings of numbers, "
        '["DE", "+43"]; the country of `region` where empty. Premium numbers never.',
    )
    texts_per_number: Annotated[int, Field(ge=1, le=1000)] = Field(
        6, description="Text messages to one number in 24 hours; after them none is sent to it."
    )
    texts_a_day: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        1000, description="Text messages in 24 hours in all; after them none is sent."
    )

    twilio_workspace: Annotated[Annotated[str, Field(pattern=r"^WS[0-9a-fA-F]{32}$")] | None, EmptyIsUnset] = Field(
        None, description="Workspace of TaskRouter that `threadline queues twilio` looks at, and where workers are."
    )
    twilio_taskrouter_url: SafeAddress = Field(
        "https://taskrouter.twilio.com", description="Address of TaskRouter's API."
    )
    twilio_instruction: Literal["dequeue", "conference"] = Field(
        "dequeue", description="How TaskRouter connects a worker with the caller."
    )
    twilio_post_work_activity: Activity = Field(
        None, description="Activity that a worker is put into after a call (`WA…`); unset: TaskRouter's own."
    )
    twilio_activity_ready: Activity = Field(
        None, description="Activity of workers whose person is ready; with twilio_activity_away it follows the desk."
    )
    twilio_activity_away: Activity = Field(None, description="Activity of workers whose person takes no calls.")
    inbound_texts_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        365, description="Days that text messages which customers write are kept."
    )

    @field_validator("twilio_text_sender")
    @classmethod
    def _can_send_texts(cls, sender: str | None, known: ValidationInfo) -> str | None:
        if sender and not (known.data.get("twilio_account_sid") and known.data.get("twilio_auth_token")):
            raise ValueError("needs twilio_account_sid and twilio_auth_token")
        if sender and sender[0] != "+" and not any(char.isalpha() for char in sender):
            raise ValueError("is no name without a letter; a number is written like +491573599000")
        return sender

    @property
    def sends_texts(self) -> bool:
        """Whether somebody sends text messages."""
        return self.twilio_text_sender is not None
