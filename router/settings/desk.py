"""What agents can do on their desk."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router.settings.types import Group

CheckName = Annotated[str, Field(min_length=1, max_length=40)]


class DeskSettings(Group):
    """What agents can do on their desk."""

    identity_checks: Annotated[tuple[CheckName, ...], Field(max_length=12)] = Field(
        ("date_of_birth", "address", "contract_number", "customer_number"),
        description="What an agent can say to have checked to find out who is calling, in the order shown; the values "
        "are never typed in. Names of your own are shown as they are.",
    )
    history_days: Annotated[int, Field(ge=30, le=3650)] = Field(
        1095,
        description="Days that it is kept what agents did: notes, texts and e-mails that they sent, payments, results "
        "of talks, hand-overs, and who was found to be calling. Calls and messages stay.",
    )
    searches_a_minute: Annotated[int, Field(ge=1, le=600)] = Field(
        20, description="Searches for customers and messages that one person can make in a minute."
    )
