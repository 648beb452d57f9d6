"""Which other system is told of calls, and where a card leads there."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from router.settings.types import EmptyIsUnset, Group, OptionalSecret, SafeAddress

CARD_VARIABLES: Final = (
    "customer.external_id",
    "message.external_id",
    "message.reference",
    "call.id",
    "queue",
    "agent.login",
)
"""What an address of the other system may have in it."""

_VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
_LONGEST: Final = 500

CrmField = Literal["from", "user", "queue", "message", "customer", "reference"]


class CrmSettings(Group):
    """Which other system is told of calls, and where a card leads there."""

    crm_url: Annotated[SafeAddress | None, EmptyIsUnset] = Field(
        None, description="Where new calls, answers and hangups are posted, for a CRM (docs/crm.md); unset: nowhere."
    )
    crm_secret: OptionalSecret = Field(
        None,
        validate_default=True,
        description="What those posts are signed with: `whsec_…`, several with spaces between them.",
    )
    crm_format: Literal["json", "form"] = Field("json", description="How they are written.")
    crm_fields: tuple[CrmField, ...] = Field(
        ("from", "user", "queue", "message", "customer", "reference"),
        description="What they tell beside the event, the number dialled and the call's id.",
    )
    crm_card_url: Annotated[str | None, EmptyIsUnset] = Field(
        None,
        description="Where a card leads in the CRM: `https://crm.example.net/{{customer.external_id}}` "
        f"({', '.join(CARD_VARIABLES)}).",
    )
    crm_card_opens: bool = Field(
        False, description="Whether that page opens by itself, in one tab that is used again, when the talk begins."
    )

    @field_validator("crm_secret")
    @classmethod
    def _signs(cls, secret: SecretStr | None, known: ValidationInfo) -> SecretStr | None:
        if known.data.get("crm_url") and secret is None:
            raise ValueError("is needed, as crm_url is set")
        return secret

    @field_validator("crm_card_url")
    @classmethod
    def _leads_somewhere(cls, template: str | None) -> str | None:
        if template is not None:
            _check_template(template)
        return template


def _check_template(template: str) -> None:
    if unknown := [name for name in map(str.strip, _VARIABLE.findall(template)) if name not in CARD_VARIABLES]:
        raise ValueError(f"there is no variable '{unknown[0][:40]}'; there are {', '.join(CARD_VARIABLES)}")
    plain = _VARIABLE.sub("x", template)
    if "{" in plain or "}" in plain:
        raise ValueError("a variable is written {{customer.external_id}}")
    if len(template) > _LONGEST or not plain.isprintable() or any(char.isspace() for char in plain):
        raise ValueError(f"an address has at most {_LONGEST} characters and no spaces")
    # What a value stands in must not decide where the address leads: only what comes after the host may be filled in.
    if not template.startswith(("https://", "http://")) or not urlsplit(plain).hostname:
        raise ValueError("an address begins with https:// or http:// and a host")
    if "{" in re.split(r"[/?#]", template.partition("://")[2], maxsplit=1)[0]:
        raise ValueError("variables come after the host")
