"""E-mails and payment links that agents send out of calls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from router.settings.types import EmptyIsUnset, Group, OptionalSecret, Port

MAIL_ADDRESS = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$"


class MailSettings(Group):
    """E-mails and payment links that agents send out of calls."""

    smtp_host: Annotated[Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")] | None, EmptyIsUnset] = Field(
        None, description="The mail server that takes e-mails; without it none are sent."
    )
    smtp_port: Port = Field(587, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="How the connection to it is kept private: `starttls` (port 587) or `tls` (port 465); `none` only "
        "for one on this machine.",
    )
    smtp_username: Annotated[str | None, EmptyIsUnset] = Field(None, description="Who signs in there, if anybody.")
    smtp_password: OptionalSecret = Field(None, description="With this password.")
    mail_sender: Annotated[Annotated[str, Field(pattern=MAIL_ADDRESS)] | None, EmptyIsUnset] = Field(
        None, description="The address that e-mails come from; needed to send any."
    )
    mail_sender_name: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = Field(
        "", description="The name that stands with it."
    )
    desk_free_destinations: bool = Field(
        False,
        description="Agents may type in where a text message or e-mail goes. Otherwise it goes only to a number or "
        "address on file of the customer. `destinations` and the limits count all the same.",
    )
    payment_webhook: Annotated[str | None, EmptyIsUnset] = Field(
        None, description="Who makes payment links: one of the `webhooks`; without it there are none (docs/desk.md)."
    )
    payment_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        "EUR", description="The currency of payment links (ISO 4217)."
    )

    @field_validator("smtp_security")
    @classmethod
    def _private(cls, security: str, known: ValidationInfo) -> str:
        if security == "none" and known.data.get("smtp_host") not in (None, "127.0.0.1", "::1", "localhost"):
            raise ValueError("none is only for a mail server on this machine")
        return security

    @field_validator("smtp_password")
    @classmethod
    def _with_username(cls, password: OptionalSecret, known: ValidationInfo) -> OptionalSecret:
        if password is not None and not known.data.get("smtp_username"):
            raise ValueError("needs smtp_username")
        return password

    @field_validator("payment_webhook")
    @classmethod
    def _is_one(cls, name: str | None, known: ValidationInfo) -> str | None:
        if name is not None and name not in known.data.get("webhooks", {}):
            raise ValueError("names none of the webhooks")
        return name

    @property
    def sends_mail(self) -> bool:
        """Whether somebody sends e-mails."""
        return self.smtp_host is not None and self.mail_sender is not None
