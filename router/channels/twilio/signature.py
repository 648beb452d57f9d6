"""Whether a request comes from Twilio: its signature against the address under which Twilio reaches us.

The address is the configured one, with the request's own path and query: `Host` and `X-Forwarded-*` are written by
whoever sends the request (Twilio, "Webhooks Security"). What is signed of a form is made here, as each call waits for
it; tests hold it to twilio's `RequestValidator`, which checks all else.
"""

from __future__ import annotations

import base64
import hmac
from urllib.parse import parse_qs, urlparse, urlsplit

from pydantic import SecretStr
from twilio.request_validator import RequestValidator, add_port, remove_port  # type: ignore[import-untyped]

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
        self._begun = hmac.new(secret.encode(), digestmod="sha1")
        self._public_url = public_url
        address = urlparse(public_url)
        # Twilio signs the address with its port, or without it ("Webhooks Security"); most often as it is configured.
        ways = (add_port, remove_port) if address.port else (remove_port, add_port)
        self._bases = tuple(dict.fromkeys(str(way(address)) for way in ways))

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
        rest = f"{path}?{query}" if query else path
        if isinstance(signed, Form):
            fits = self._form_fits(rest, signed, signature)
        else:
            fits = self._body_fits(rest, query, signed, signature)
        if not fits:
            raise forbidden(
                "the signature does not fit: check that public_url is the address that Twilio calls, "
                "and that twilio_auth_token is the account's"
            )

    def _form_fits(self, rest: str, form: Form, signature: str) -> bool:
        if self._validator is None:
            return False
        given, fields = signature.encode(errors="replace"), form.signed
        return any(hmac.compare_digest(self._made(f"{base}{rest}{fields}"), given) for base in self._bases)

    def _made(self, text: str) -> bytes:
        signing = self._begun.copy()
        signing.update(text.encode())
        return base64.b64encode(signing.digest())

    def _body_fits(self, rest: str, query: str, body: str, signature: str) -> bool:
        if self._validator is None or "bodySHA256" not in parse_qs(query):
            return False  # nothing vouches for the body
        try:
            return bool(self._validator.validate(f"{self._public_url}{rest}", body, signature))
        except (ValueError, TypeError):
            return False
