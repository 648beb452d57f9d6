"""Which flows calls run, and whom they may ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from router.settings.types import Group, SafeAddress


class FlowSettings(Group):
    """Which flows calls run, and whom they may ask."""

    flows: Path = Field(
        Path("ivr_flows"), description="The flow file or folder; what changes in it is released (docs/publishing.md)."
    )
    flow: str = Field("hotline", description="The flow for a service number that `service_numbers` does not name.")
    service_numbers: dict[str, str] = Field(
        {}, description='The flow for each service number: {"+4930123456": "hotline"}.'
    )
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = Field(
        "DE", description="Country of numbers in national form."
    )
    disclosure: Literal["normal", "strict"] = Field("normal", description="`strict` shows at L1 the campaign only.")
    replay_days: Annotated[int, Field(ge=0, le=90)] = Field(
        7,
        description="Days that what happened in calls is kept, without numbers and codes, to run them again on changed "
        "flows; 0: nothing is kept.",
    )
    webhooks: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], SafeAddress] = Field(
        {}, description='Other systems that flows may ask, by name: {"crm": "https://crm.example.net/threadline"}.'
    )
    webhook_secrets: dict[str, SecretStr] = Field(
        {},
        validate_default=True,
        description="What requests to each of them are signed with: `whsec_…`, several with spaces between them.",
    )

    @field_validator("webhook_secrets")
    @classmethod
    def _one_for_each(cls, secrets: dict[str, SecretStr], known: ValidationInfo) -> dict[str, SecretStr]:
        for name in known.data.get("webhooks", {}):
            if name not in secrets:
                raise ValueError(f"has none for '{name}'; every webhook needs one")
        return secrets
