"""Asking another system: signed, bounded, and never an exception, whatever it answers."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import ssl
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.calls.webhooks import (
    MOST_BYTES,
    MOST_DEPTH,
    Unusable,
    Webhook,
    Webhooks,
    keys_of,
    parsed,
    signed,
    webhooks_of,
)
from router.core.commands import CallWebhook
from router.core.events import WebhookAnswered
from router.settings import SettingsRefused, load
from tests.calls.elsewhere import Elsewhere, elsewhere

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
DOCUMENT = Path(__file__).parents[2] / "docs" / "webhooks.md"
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
ASKED = CallWebhook("crm", {"customer": "K-1009", "days": 3}, 2.5)


async def ask(there: Elsewhere, seconds: float = 30.0, *, asked: CallWebhook = ASKED) -> WebhookAnswered:
    webhooks = Webhooks({"crm": Webhook(there.address, keys_of(SECRET))})
    try:
        return await webhooks.ask(asked, "call1", "call1-7", NOW, seconds)
    finally:
        await webhooks.aclose()


def documented() -> Any:
    """The check of the documentation, run as it stands there."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names


async def test_what_is_sent_and_answered() -> None:
    async with elsewhere() as there:
        there.answers({"tier": "gold"})
        assert await ask(there) == WebhookAnswered({"tier": "gold"})
        ((headers, body),) = there.requests
    assert json.loads(body) == {"type": "crm", "call": "call1", "data": {"customer": "K-1009", "days": 3}}
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("call1-7", str(int(NOW.timestamp())))


async def test_the_documented_check_takes_what_is_signed_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    check = documented()
    monkeypatch.setattr(check["time"], "time", lambda: NOW.timestamp() + 60)
    async with elsewhere() as there:
        await ask(there)
        ((headers, body),) = there.requests
    good = check["is_from_threadline"]
    assert good(headers, body, SECRET)
    assert not good(headers, body + b" ", SECRET)
    assert not good({**headers, "webhook-id": "call1-8"}, body, SECRET)
    assert not good({**headers, "webhook-timestamp": str(int(NOW.timestamp()) + 1)}, body, SECRET)
    assert not good(headers, body, "whsec_" + base64.b64encode(b"x" * 32).decode())
    monkeypatch.setattr(check["time"], "time", lambda: NOW.timestamp() + 301)
    assert not good(headers, body, SECRET)


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of Standard Webhooks' own libraries."""
    keys = keys_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = signed(keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_changed_both_sign() -> None:
    new, old = (base64.b64encode(secrets.token_bytes(24)).decode() for _ in range(2))
    both = signed(keys_of(f"whsec_{new} whsec_{old}"), "id", NOW, b"{}")["webhook-signature"].split()
    each = [signed(keys_of(f"whsec_{one}"), "id", NOW, b"{}")["webhook-signature"] for one in (new, old)]
    assert both == each


PACKED = {"content_encoding": "gzip"}
NESTED = b'{"a":' * 200_000


@pytest.mark.parametrize(
    ("body", "status", "headers", "reason"),
    [
        (b"<html>", "200 OK", {}, "the answer is not JSON"),
        (b"", "200 OK", {}, "the answer is not JSON"),
        (b"[1]", "200 OK", {}, "the answer is no JSON object"),
        (b"null", "200 OK", {}, "the answer is no JSON object"),
        (b'{"a": NaN}', "200 OK", {}, "the answer is not JSON"),
        (b'{"a": "\\ud800"}', "200 OK", {}, "the answer is not JSON"),
        (b'{"a": "\xff"}', "200 OK", {}, "the answer is not JSON"),
        (
            b'{"a":' * (MOST_DEPTH + 1) + b"1" + b"}" * (MOST_DEPTH + 1),
            "200 OK",
            {},
            "the answer is more than 8 levels deep",
        ),
        (b"[" * 60_000, "200 OK", {}, "the answer is not JSON"),
        (NESTED, "200 OK", {}, f"the answer has more than {MOST_BYTES} bytes"),
        (b'{"a": ' + b"9" * 50_000 + b"}", "200 OK", {}, "the answer is not JSON"),
        ({}, "500 Internal Server Error", {}, "answered with status 500"),
        ({}, "404 Not Found", {}, "answered with status 404"),
        ({}, "302 Found", {"location": "http://127.0.0.1:1/"}, "answered with a redirect, which is not followed"),
        ({}, "307 Temporary Redirect", {"location": "/again"}, "answered with a redirect, which is not followed"),
        ({}, "200 OK", PACKED, "the answer is packed"),
        (b"{}", "200 OK", {"content_length": "10"}, "cannot be reached (RemoteProtocolError)"),
    ],
)
async def test_what_cannot_be_used_is_said_without_an_address(
    body: Any, status: str, headers: dict[str, str], reason: str
) -> None:
    async with elsewhere() as there:
        there.answers(body, status, **headers)
        assert await ask(there) == WebhookAnswered(None, reason)
        assert len(there.requests) == 1


async def test_garbage_instead_of_http() -> None:
    async with elsewhere() as there:
        there.answer = b"\x00\xff" * 5000
        answered = await ask(there)
    assert answered.answer is None
    assert answered.reason == "cannot be reached (RemoteProtocolError)"


@pytest.mark.parametrize("how", ["hangs", "drips"])
async def test_who_takes_too_long_is_not_waited_for(how: str) -> None:
    async with elsewhere() as there:
        there.answers({"a": 1})
        setattr(there, how, True)
        assert await ask(there, 0.3) == WebhookAnswered(None, "no answer in time")


async def test_nobody_is_asked_without_time_or_a_name_in_the_settings() -> None:
    async with elsewhere() as there:
        assert (await ask(there, 0.1)).reason == "no time left to ask"
        assert (await ask(there, asked=CallWebhook("erp", {}, 1))).reason == "no such webhook in the settings"
        assert there.requests == []


async def test_nobody_listens_there() -> None:
    async with elsewhere() as there:
        pass
    assert (await ask(there)).reason == "cannot be reached (ConnectError)"


@pytest.mark.parametrize("address", ["http://xn--a/", "http://127.0.0.1:99999/"])
async def test_an_address_that_the_library_cannot_make_out_fails_no_call(address: str) -> None:
    answer = await ask(Elsewhere(address))
    assert answer.answer is None
    assert answer.reason.startswith("cannot be reached")


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *kind, *name, "-keyout", str(key), "-out", str(certificate)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with elsewhere(tls) as there:
        there.answers({"a": 1})
        assert (await ask(there)).reason == "cannot be reached (ConnectError)"
        assert there.requests == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=20,
    )
)
def test_whatever_is_answered_is_an_object_or_unusable(value: Any) -> None:
    try:
        assert parsed(json.dumps(value).encode()) == value
        assert isinstance(value, dict)
    except Unusable as error:
        assert not isinstance(value, dict) or "levels" in str(error) or "not JSON" in str(error)


@given(st.binary(max_size=200))
def test_no_bytes_do_any_harm(body: bytes) -> None:
    with suppress(Unusable):
        assert isinstance(parsed(body), dict)


def settings(tmp_path: Path, webhooks: str, webhook_secrets: str) -> Any:
    return load({"THREADLINE_WEBHOOKS": webhooks, "THREADLINE_WEBHOOK_SECRETS": webhook_secrets}, tmp_path)


@pytest.mark.parametrize(
    ("address", "secret", "reason"),
    [
        ("http://crm.example.net/", SECRET, "begins with https://, but for one on this machine"),
        ("https://crm.example.net/", None, "has none for 'crm'; every webhook needs one"),
        ("https://crm.example.net/", "hunter2", "crm: a secret is whsec_ and then base64 of 24 to 64 random bytes"),
        (
            "https://crm.example.net/",
            "whsec_aGFsbG8=",
            "crm: a secret is whsec_ and then base64 of 24 to 64 random bytes",
        ),
        ("https://crm.example.net/", "", "crm: there is no secret"),
    ],
)
def test_a_bad_setting_stops_the_start(tmp_path: Path, address: str, secret: str | None, reason: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        secrets_ = {} if secret is None else {"crm": secret}
        webhooks_of(settings(tmp_path, json.dumps({"crm": address}), json.dumps(secrets_)))
    assert reason in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_addresses_on_this_machine_and_private_ones_are_fine(tmp_path: Path) -> None:
    addresses = {"crm": "https://10.0.0.7:8443/ask", "local": "http://127.0.0.1:9000/ask"}
    found = webhooks_of(settings(tmp_path, json.dumps(addresses), json.dumps(dict.fromkeys(addresses, SECRET))))
    assert {name: webhook.address for name, webhook in found.items()} == addresses
    assert "kkkk" not in repr(found)
