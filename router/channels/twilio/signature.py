"""Whether a request comes from Twilio: its signature against the address under which Twilio reaches us.

The address is the configured one, with the request's own path and query: `Host` and `X-Forwarded-*` are written by
whoever sends the request (Twilio, "Webhooks Security"). The check itself is twilio's `RequestValidator`.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from router.channels.twilio.form import Form
from router.errors import forbidden
from router.settings import SettingsRefused

HEADER = "X-Twilio-Signature"


class Signatures:
    """Checks requests against ``token``, the account's auth token. Without one nothing comes from Twilio.

    Raises `SettingsRefused` for a ``public_url`` with an impossible port.
    """

    def __init__(self, token: SecretStr | None, public_url: str) -> None:
        try:
            has_host = bool(urlsplit(public_url).hostname)
            _ = urlsplit(public_url).port
        except ValueError:
            has_host = False
        if not has_host:
            raise SettingsRefused("THREADLINE_PUBLIC_URL (public_url): has no host, or a port that cannot be")
        secret = token.get_secret_value() if token else ""
        self._validator = RequestValidator(secret) if secret else None
        self._public_url = public_url

    def check_given(self, signature: str | None) -> str:
        """The signature of a request, before anything else of it is read. Raises `Refused` (403) where there is none,
        or none can be checked."""
        if self._validator is None:
            raise forbidden("Twilio is not set up here: the setting twilio_auth_token is missing")
        if not signature:
            raise forbidden(f"the request is not signed: {HEADER} is missing")
        return signature

    def check(self, path: str, query: str, signed: Form | str, signature: str) -> None:
        """Let a request pass that Twilio signed, or raise `Refused` (403).

        ``query`` is as sent, still encoded. ``signed`` is the form, or the body of any other type as text; the latter
        counts only where the address has its digest (`bodySHA256`).
        """
        address = f"{self._public_url}{path}?{query}" if query else f"{self._public_url}{path}"
        if self._validator is None or not self._fits(address, query, signed, signature):
            raise forbidden(
                "the signature does not fit: check that public_url is the address that Twilio calls, "
                "and that twilio_auth_token is the account's"
            )

    def _fits(self, address: str, query: str, signed: Form | str, signature: str) -> bool:
        assert self._validator is not None  # noqa: S101 - for the type checker
        if isinstance(signed, str) and "bodySHA256" not in parse_qs(query):
            return False  # nothing vouches for the body
        try:
            return bool(self._validator.validate(address, signed, signature))
        except (ValueError, TypeError):
            return False
